"""Java."""

from collections.abc import Sequence

from tree_sitter import Node

from avatar.code.flow_rules import Assigns, Branches, DataFlow, Defines, Iterates, Repeats, Updates, fields
from avatar.code.languages.base import DeadCode, Language, register, words

FUNCTIONS = """
(method_declaration body: (block)) @function
(constructor_declaration) @function
(compact_constructor_declaration) @function
(class_declaration) @scope
(interface_declaration) @scope
(enum_declaration) @scope
(record_declaration) @scope
"""

VARIABLES = """
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


def _calls_constructor(statement: Node) -> bool:
    return statement.type == "explicit_constructor_invocation"


def _initialized(loop: Node) -> Sequence[Node]:
    """The part of a `for` up to its declaration; the whole loop if it has none, as in the authors' extraction."""
    kinds = [child.type for child in loop.children]
    kind = "local_variable_declaration"
    return loop.children[: kinds.index(kind) + 1] if kind in kinds else loop.children


JAVA = register(
    Language(
        name="java",
        title="Java",
        suffixes=(".java",),
        editor_ids=("java",),
        package="tree_sitter_java",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("equals hashCode toString compareTo"),
        comments=words("line_comment block_comment"),
        words=words("assert const enum goto native null strictfp true false transient void volatile"),
        snake_case=0.05,
        wrapper=("class Holder {\n", "\n}"),
        slow_brackets=True,
        data_flow=DataFlow(
            {
                "variable_declarator": Defines(),
                "assignment_expression": Assigns(),
                "update_expression": Updates(),
                "if_statement": Branches(words("if_statement else")),
                "for_statement": Repeats(first=_initialized),
                "enhanced_for_statement": Iterates(Assigns(fields("name"), fields("value"))),
                "while_statement": Repeats(),
            }
        ),
        dead_code=DeadCode(
            body="""
(method_declaration body: (block) @body)
(constructor_declaration body: (constructor_body) @body)
""",
            declarations=(
                "int {a} = {n};",
                "long {a} = {n}L;",
                "boolean {a} = false;",
                'String {a} = "{w}";',
                "Object {a} = null;",
            ),
            branch=("if (false) {{", "int {a} = {n};", "{a}++;", "}}"),
            stays_first=_calls_constructor,
        ),
    )
)
