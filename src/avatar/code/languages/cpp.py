"""C++."""

from tree_sitter import Node

from avatar.code.flow_rules import (
    Assigns,
    Branches,
    DataFlow,
    Declares,
    Defines,
    Iterates,
    Repeats,
    Updates,
    fields,
)
from avatar.code.languages import c
from avatar.code.languages.base import DeadCode, Language, register, words
from avatar.code.macros import hide_macros

FUNCTIONS = (
    c.FUNCTIONS
    + """
(function_definition body: (try_statement)) @function
(template_declaration (function_definition body: (_))) @function
(namespace_definition name: (_)) @scope
(class_specifier name: (_) body: (_)) @scope
(struct_specifier name: (_) body: (_)) @scope
(union_specifier name: (_) body: (_)) @scope
"""
)

VARIABLES = (
    c.SHARED_VARIABLES
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


def _name_of(node: Node) -> str:
    """Name of a function, class or namespace; for a template, the name of its declaration."""
    while node.type == "template_declaration":
        node = node.named_children[-1]
    return c.name_of(node)


CPP = register(
    Language(
        name="cpp",
        title="C++",
        suffixes=(".cpp", ".cc", ".cxx", ".c++", ".hh", ".hpp", ".hxx"),
        editor_ids=("cpp",),
        package="tree_sitter_cpp",
        functions=FUNCTIONS,
        variables=VARIABLES,
        words=c.WORDS,
        takes_fields=c.TAKES_FIELDS,
        snake_case=0.7,
        family="c",
        separator="::",
        name_of=_name_of,
        hide_macros=hide_macros,
        data_flow=DataFlow(
            {
                "declaration": Declares(),
                "init_declarator": Defines(fields("declarator")),
                "pointer_declarator": c.Declarator(),
                "array_declarator": c.Declarator(),
                "parameter_declaration": c.Parameter(),
                "optional_parameter_declaration": Defines(fields("declarator"), fields("default_value")),
                "assignment_expression": Assigns(),
                "update_expression": Updates(),
                "if_statement": Branches(words("else_clause"), words("else_clause"), first=fields("condition")),
                "for_statement": Repeats(first=fields("initializer")),
                "for_range_loop": Iterates(Assigns(fields("declarator"), fields("right"))),
                "while_statement": Repeats(),
                "do_statement": Repeats(),
            }
        ),
        dead_code=DeadCode(
            body=c.BODY,
            declarations=("int {a} = {n};", "double {a} = {n};", "bool {a} = false;", 'const char *{a} = "{w}";'),
            branch=("if (false) {{", "int {a} = {n};", "{a}++;", "}}"),
            no_late_declarations=True,  # a goto may not jump over one
        ),
    )
)
