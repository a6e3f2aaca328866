"""What each grammar calls a variable, its scope, and what only looks like one.

Captures of the queries, all by byte range:

    use       every identifier
    bind      an identifier that declares a local variable or a parameter
    scope     where declarations inside are visible; function: a scope that makes them local
    fixed     an identifier that is no variable (a method, a field, a label), whatever it is called
    frozen    an identifier whose name must stay everywhere
    words     a region whose words must all stay everywhere (macros, imports, what is evaluated elsewhere)
    called    a called identifier; a variable of that name stays (it may be a macro's name as well)
    keyword   the name of an argument
    lambda    the parameters of an anonymous function
    parameters   those of a named function
    hole      what a comprehension iterates over, evaluated outside of it
    name      the name of a declared function
    field     the name of a field: as an argument of a macro it may be meant again
    class     a class; inside a function, its body has rules of its own, and all its words stay
"""

JAVA_LOCALS = """
(identifier) @use
(type_identifier) @frozen

(local_variable_declaration declarator: (variable_declarator name: (identifier) @bind))
(formal_parameter name: (identifier) @bind)
(spread_parameter (variable_declarator name: (identifier) @bind))
(catch_formal_parameter name: (identifier) @bind)
(enhanced_for_statement name: (identifier) @bind)
(resource name: (identifier) @bind)
(lambda_expression parameters: (identifier) @bind)
(inferred_parameters (identifier) @bind)
(instanceof_expression name: (identifier) @bind)
(type_pattern (identifier) @bind)
(record_pattern_component (identifier) @bind)

[(block) (constructor_body) (switch_block) (class_body) (for_statement) (enhanced_for_statement) (catch_clause)
 (try_with_resources_statement) (lambda_expression)] @scope
[(method_declaration) (constructor_declaration)] @function
(method_declaration name: (identifier) @name)

(method_declaration name: (identifier) @fixed)
(constructor_declaration name: (identifier) @fixed)
(method_invocation name: (identifier) @fixed)
(field_access field: (identifier) @fixed)
(method_reference . (_) (identifier) @fixed)
(labeled_statement . (identifier) @fixed)
(break_statement (identifier) @fixed)
(continue_statement (identifier) @fixed)
(annotation name: (identifier) @fixed)
(marker_annotation name: (identifier) @fixed)
(element_value_pair key: (identifier) @fixed)
(scoped_identifier (identifier) @fixed)

(class_declaration name: (identifier) @frozen)
(interface_declaration name: (identifier) @frozen)
(enum_declaration name: (identifier) @frozen)
(enum_constant name: (identifier) @frozen)
(record_declaration name: (identifier) @frozen)
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @frozen)))
(field_declaration declarator: (variable_declarator name: (identifier) @frozen))
(switch_label (identifier) @frozen)
"""

_C_FAMILY = """
(identifier) @use
(type_identifier) @frozen

(declaration declarator: (identifier) @bind)
(parameter_declaration declarator: (identifier) @bind)
(init_declarator declarator: (identifier) @bind)
(pointer_declarator declarator: (identifier) @bind)
(array_declarator declarator: (identifier) @bind)
(attributed_declarator (identifier) @bind)

[(compound_statement) (for_statement)] @scope
(function_declarator declarator: (parenthesized_declarator) parameters: (parameter_list) @scope)
(function_definition) @function
(function_definition declarator: (function_declarator declarator: (identifier) @name))
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)))

(gnu_asm_output_operand symbol: (identifier) @fixed)
(gnu_asm_input_operand symbol: (identifier) @fixed)

(call_expression function: (identifier) @called)
(field_identifier) @field
(function_declarator declarator: (identifier) @frozen)
(parenthesized_declarator (identifier) @frozen)
(enumerator name: (identifier) @frozen)
(declaration (storage_class_specifier "extern") declarator: (_) @words)
(preproc_def) @words
(preproc_function_def) @words
(preproc_call) @words
(preproc_ifdef name: (identifier) @frozen)
(preproc_if condition: (_) @words)
(preproc_elif condition: (_) @words)
"""

C_LOCALS = (
    _C_FAMILY
    + """
(parameter_list (identifier) @bind)
(macro_type_specifier) @words
"""
)

CPP_LOCALS = (
    _C_FAMILY
    + """
[(namespace_identifier) (template_type)] @frozen
(optional_parameter_declaration declarator: (identifier) @bind)
(reference_declarator (identifier) @bind)
(variadic_declarator (identifier) @bind)
(structured_binding_declarator (identifier) @bind)
(for_range_loop declarator: (identifier) @bind)
(lambda_capture_initializer left: (identifier) @bind)

[(for_range_loop) (lambda_expression) (catch_clause) (if_statement) (while_statement) (switch_statement)
 (field_declaration_list)] @scope

(qualified_identifier name: (identifier) @fixed)
(template_function name: (identifier) @frozen)
(template_declaration parameters: (_) @words)
(using_declaration) @words
"""
)

PYTHON_LOCALS = """
(identifier) @use

(parameters (identifier) @bind)
(lambda_parameters (identifier) @bind)
(default_parameter name: (identifier) @bind)
(typed_parameter . (identifier) @bind)
(typed_default_parameter name: (identifier) @bind)
(list_splat_pattern (identifier) @bind)
(dictionary_splat_pattern (identifier) @bind)
(assignment left: (identifier) @bind)
(augmented_assignment left: (identifier) @bind)
(for_statement left: (identifier) @bind)
(for_in_clause left: (identifier) @bind)
(pattern_list (identifier) @bind)
(tuple_pattern (identifier) @bind)
(list_pattern (identifier) @bind)
(as_pattern_target (identifier) @bind)

[(lambda) (list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @scope
(function_definition) @function
(function_definition name: (identifier) @name)
(for_in_clause right: (_) @hole)
(parameters) @parameters
(lambda_parameters) @lambda

(function_definition name: (identifier) @fixed)
(attribute attribute: (identifier) @fixed)
(keyword_argument name: (identifier) @fixed @keyword)

(block (function_definition name: (identifier) @frozen))
(block (decorated_definition (function_definition name: (identifier) @frozen)))
(named_expression name: (identifier) @frozen)
(global_statement (identifier) @frozen)
(nonlocal_statement (identifier) @frozen)
(import_statement) @words
(import_from_statement) @words
(class_definition) @class
(case_pattern) @words
(type_parameter) @words
(default_parameter value: (_) @words)
(typed_default_parameter type: (_) @words)
(typed_default_parameter value: (_) @words)
(typed_parameter type: (_) @words)
(function_definition return_type: (_) @words)
(decorator) @words
(interpolation "=") @words
"""

JAVA_FUNCTIONS = """
(method_declaration body: (block)) @function
(constructor_declaration) @function
(compact_constructor_declaration) @function
(class_declaration) @scope
(interface_declaration) @scope
(enum_declaration) @scope
(record_declaration) @scope
"""
"""Functions with a body, and what their names are qualified by."""

C_FUNCTIONS = "(function_definition body: (compound_statement)) @function"

CPP_FUNCTIONS = (
    C_FUNCTIONS
    + """
(function_definition body: (try_statement)) @function
(namespace_definition name: (_)) @scope
(class_specifier name: (_) body: (_)) @scope
(struct_specifier name: (_) body: (_)) @scope
(union_specifier name: (_) body: (_)) @scope
"""
)

PYTHON_FUNCTIONS = """
(function_definition) @function
(decorated_definition definition: (function_definition)) @function
(class_definition) @scope
"""
