"""C#."""

from tree_sitter import Node

from avatar.code.flow_rules import (
    Assigns,
    Branches,
    DataFlow,
    Defines,
    Iterates,
    Repeats,
    Updates,
    after,
    fields,
)
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
[(method_declaration body: (_)) (constructor_declaration body: (_)) (destructor_declaration body: (_))
 (operator_declaration body: (_)) (conversion_operator_declaration body: (_)) (accessor_declaration body: (_))
 (local_function_statement body: (_)) (property_declaration value: (arrow_expression_clause))
 (indexer_declaration value: (arrow_expression_clause))] @function
[(namespace_declaration) (class_declaration) (struct_declaration) (record_declaration) (interface_declaration)] @scope
"""

VARIABLES = """
(identifier) @use
(implicit_parameter) @use @bind

[(local_declaration_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
 (using_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
 (fixed_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
 (for_statement (variable_declaration (variable_declarator name: (identifier) @bind)))]
[(parameter name: (identifier) @bind) (parameter_list name: (identifier) @bind) (tuple_pattern name: (identifier) @bind)
 (declaration_expression name: (identifier) @bind) (declaration_pattern name: (identifier) @bind)
 (recursive_pattern name: (identifier) @bind) (var_pattern name: (identifier) @bind) (list_pattern (identifier) @bind)
 (parenthesized_variable_designation (identifier) @bind) (catch_declaration name: (identifier) @bind)
 (foreach_statement left: (identifier) @bind) (from_clause name: (identifier) @bind) (let_clause . (identifier) @bind)
 (join_clause . (identifier) @bind) (join_clause type: (_) . (identifier) @bind) (join_into_clause (identifier) @bind)
 (query_expression (identifier) @bind)]

[(block) (switch_body) (switch_section) (for_statement) (foreach_statement) (using_statement) (fixed_statement)
 (catch_clause) (lambda_expression) (anonymous_method_expression) (query_expression) (switch_expression_arm)] @scope
[(method_declaration) (constructor_declaration) (destructor_declaration) (operator_declaration)
 (conversion_operator_declaration) (accessor_declaration) (local_function_statement)
 (indexer_declaration value: (_))] @function
(compilation_unit (global_statement (local_function_statement name: (identifier) @name)))
(method_declaration name: (identifier) @name)

(member_access_expression name: (identifier) @fixed)
(member_binding_expression name: (identifier) @fixed)
(initializer_expression (assignment_expression left: (identifier) @fixed))
(with_initializer . (identifier) @fixed)
(argument name: (identifier) @fixed @keyword)
[(lambda_expression parameters: (_) @lambda) (anonymous_method_expression parameters: (_) @lambda)]
(local_function_statement parameters: (parameter_list) @parameters)

(_ type: (identifier) @frozen)
(_ returns: (identifier) @frozen)
(_ returns: (nullable_type (identifier) @frozen))
[(generic_name (identifier) @frozen) (type_argument_list (identifier) @frozen) (qualified_name (identifier) @frozen)
 (alias_qualified_name (identifier) @frozen) (type_parameter (identifier) @frozen) (attribute name: (_) @frozen)
 (as_expression right: (identifier) @frozen) (is_expression right: (identifier) @frozen)
 (constant_pattern (identifier) @frozen) (type_pattern (identifier) @frozen) (subpattern . (identifier) @frozen)]
(anonymous_object_creation_expression ["{" ","] . (identifier) @frozen . ["," "}"])
(anonymous_object_creation_expression (identifier) @frozen . "=")
(tuple_expression (argument !name (identifier) @frozen))
(tuple_element name: (identifier) @frozen)
[(labeled_statement . (identifier) @frozen) (goto_statement (identifier) @frozen)]
[(method_declaration name: (identifier) @frozen) (local_function_statement name: (identifier) @frozen)
 (constructor_declaration name: (identifier) @frozen) (destructor_declaration name: (identifier) @frozen)]
[(field_declaration) (type_parameter_constraints_clause) (preproc_define) (preproc_undef)] @words
(preproc_if condition: (_) @words)
(preproc_elif condition: (_) @words)
(invocation_expression function: (identifier) @function_ arguments: (_) @words (#eq? @function_ "nameof"))
((identifier) @words @frozen (#match? @words "^@"))
"""

MISREAD = """
(compilation_unit . (global_statement (expression_statement)) .) @misread
"""

WORDS = words("""
__arglist abstract add alias allows and args as ascending async await base bool break by byte case catch char checked
class const continue decimal default delegate descending do double dynamic else enum equals event explicit extern false
field file finally fixed float for foreach from get global goto group if implicit in init int interface internal into is
join let lock long managed nameof namespace new nint not notnull nuint null object on operator or orderby out override
params partial private protected public readonly record ref remove required return sbyte scoped sealed select set short
sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unmanaged unsafe ushort
using value var virtual void volatile when where while with yield
""")


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def _name_of(node: Node) -> str:
    """Name of a function or scope; for an accessor, with its property."""
    match node.type:
        case "accessor_declaration":
            kind = next((part.type for part in node.children if part.type in _ACCESSORS), "")
            owner = "" if node.parent is None or node.parent.parent is None else _name_of(node.parent.parent)
            return f"{owner}.{kind}" if owner else kind
        case "indexer_declaration":
            name = "this[]"
        case "operator_declaration":
            name = "operator " + _text(node.child_by_field_name("operator"))
        case "conversion_operator_declaration":
            name = "operator " + _text(node.child_by_field_name("type"))
        case "destructor_declaration":
            name = "~" + field_name(node)
        case _:
            name = field_name(node)
    explicit = next((part for part in node.named_children if part.type == "explicit_interface_specifier"), None)
    return _text(explicit) + name


_ACCESSORS = words("get set init add remove")

CSHARP = register(
    Language(
        name="csharp",
        title="C#",
        suffixes=(".cs", ".csx"),
        editor_ids=("csharp",),
        package="tree_sitter_c_sharp",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("Equals GetHashCode ToString CompareTo Dispose"),
        words=WORDS,
        snake_case=0.02,
        wrapper=("class Holder {\n", "\n}"),
        other_wrappers=(
            ("class Holder {\nint P {\n", "\n}\n}"),
            ("class Holder {\nevent E P {\n", "\n}\n}"),
        ),
        misread=MISREAD,
        name_of=_name_of,
        tree_layout=TreeLayout(
            whole=words("""
string_literal verbatim_string_literal raw_string_literal interpolated_string_expression character_literal
preproc_region preproc_endregion preproc_line preproc_pragma preproc_nullable preproc_error preproc_warning
preproc_define preproc_undef
""")
        ),
        data_flow=DataFlow(
            {
                "variable_declarator": Defines(value=after("=")),
                "parameter": Defines(value=after("=")),
                "assignment_expression": Assigns(),
                "prefix_unary_expression": Updates(words("++ --")),
                "postfix_unary_expression": Updates(words("++ --")),
                "if_statement": Branches(words("else"), words("else"), first=fields("condition")),
                "switch_body": Branches(words("switch_section")),
                "for_statement": Repeats(first=fields("initializer")),
                "foreach_statement": Iterates(Assigns()),
                "while_statement": Repeats(),
                "do_statement": Repeats(),
            }
        ),
        dead_code=DeadCode(
            body="""
[(method_declaration body: (block) @body) (constructor_declaration body: (block) @body)
 (destructor_declaration body: (block) @body) (operator_declaration body: (block) @body)
 (conversion_operator_declaration body: (block) @body) (accessor_declaration body: (block) @body)
 (local_function_statement body: (block) @body)]
""",
            declarations=(
                "int {a} = {n};",
                "var {a} = {n};",
                "bool {a} = false;",
                'string {a} = "{w}";',
                "object {a} = null;",
            ),
            branch=("if (false) {{", "int {a} = {n};", "{a}++;", "}}"),
        ),
    )
)
