"""Go."""

from dataclasses import dataclass, replace

from tree_sitter import Node

from avatar.code.flow_rules import (
    Assigns,
    Branches,
    DataFlow,
    Defines,
    Reader,
    Updates,
    fields,
    items_of,
)
from avatar.code.flow_steps import Loop, Step
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.shape import BRACES
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
(function_declaration body: (block)) @function
(method_declaration body: (block)) @function
(var_declaration (var_spec name: (identifier) value: (expression_list . (func_literal) .))) @function
(var_spec name: (identifier) value: (expression_list . (func_literal) .)) @function
(keyed_element key: (literal_element (identifier)) value: (literal_element (func_literal))) @function
(var_spec name: (identifier) value: (expression_list . [(composite_literal) (unary_expression (composite_literal))] .))
  @scope
"""

VARIABLES = """
(identifier) @use

[(function_declaration parameters: (parameter_list (_ name: (identifier) @bind)))
 (function_declaration result: (parameter_list (_ name: (identifier) @bind)))
 (method_declaration receiver: (parameter_list (_ name: (identifier) @bind)))
 (method_declaration parameters: (parameter_list (_ name: (identifier) @bind)))
 (method_declaration result: (parameter_list (_ name: (identifier) @bind)))
 (func_literal parameters: (parameter_list (_ name: (identifier) @bind)))
 (func_literal result: (parameter_list (_ name: (identifier) @bind)))]
(short_var_declaration left: (expression_list (identifier) @bind) right: (_) @value)
(var_spec name: (identifier) @bind)
(var_spec value: (_) @value)
(const_spec name: (identifier) @bind)
(const_spec value: (_) @value)
(range_clause left: (expression_list (identifier) @bind) ":=" right: (_) @value)
(receive_statement left: (expression_list (identifier) @bind) ":=" right: (_) @value)
(type_switch_statement alias: (expression_list (identifier) @bind) value: (_) @value)

[(block) (if_statement) (for_statement) (expression_switch_statement) (type_switch_statement) (expression_case)
 (default_case) (type_case) (communication_case)] @scope
[(function_declaration) (method_declaration) (func_literal)] @function
(function_declaration name: (identifier) @name)
(method_declaration name: (field_identifier) @name)

(function_declaration name: (identifier) @frozen)
[(type_identifier) (package_identifier)] @frozen
(keyed_element key: (literal_element (identifier) @frozen))
(import_spec name: (_) @frozen)
"""

WORDS = words("""
any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false float32 float64
imag init int int16 int32 int64 int8 iota len make max min new nil panic print println real recover rune string true
uint uint16 uint32 uint64 uint8 uintptr
""")


def _name_of(node: Node) -> str:
    """Name of a function or variable, with the type of its receiver."""
    if node.type == "var_declaration":
        node = next(part for part in node.named_children if part.type == "var_spec")
    key = node.child_by_field_name("key")
    if key is not None:
        return (key.text or b"").decode("utf-8", "replace")
    receiver = node.child_by_field_name("receiver")
    kind = None if receiver is None else _type_of(receiver)
    return field_name(node) if kind is None else f"{kind}.{field_name(node)}"


def _type_of(receiver: Node) -> str | None:
    """`Stack` for `(s *Stack[T])`."""
    nodes = [receiver]
    while nodes:
        node = nodes.pop()
        if node.type == "type_identifier":
            return (node.text or b"").decode("utf-8", "replace")
        kind = node.child_by_field_name("type")
        nodes += [kind] if kind is not None else reversed(node.named_children)
    return None


@dataclass(frozen=True)
class For:
    """Any loop: the initializer of its clause runs once, the rest of the clause and the body again and again."""

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """One loop."""
        clauses = [child for child in node.children if child.type == "for_clause"]
        first = [part for clause in clauses for part in clause.children_by_field_name("initializer")]
        rest = [part for clause in clauses for part in clause.children if part not in first]
        rest += [child for child in node.children if child not in clauses]
        return [Loop(reader.steps(first), reader.steps(rest))]


GO = register(
    Language(
        name="go",
        title="Go",
        suffixes=(".go",),
        editor_ids=("go",),
        package="tree_sitter_go",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("String Error MarshalJSON UnmarshalJSON"),
        words=WORDS,
        kept=words("nil true false iota"),
        snake_case=0.03,
        name_of=_name_of,
        shape=replace(BRACES, long_quote="`"),
        tree_layout=TreeLayout(
            whole=words("interpreted_string_literal raw_string_literal rune_literal"), brace_moves=False
        ),
        data_flow=DataFlow(
            {
                "parameter_declaration": Defines(),
                "short_var_declaration": Assigns(items=items_of("expression_list")),
                "var_spec": Defines(),
                "const_spec": Defines(),
                "assignment_statement": Assigns(items=items_of("expression_list")),
                "inc_statement": Updates(),
                "dec_statement": Updates(),
                "if_statement": Branches(
                    words("else"), complete=words("else"), first=fields("initializer", "condition")
                ),
                "expression_switch_statement": Branches(
                    words("expression_case default_case"), words("default_case"), fields("initializer", "value")
                ),
                "type_switch_statement": Branches(
                    words("type_case default_case"), words("default_case"), fields("initializer", "alias", "value")
                ),
                "select_statement": Branches(words("communication_case default_case"), words("default_case")),
                "for_statement": For(),
                "range_clause": Assigns(),
            }
        ),
        dead_code=DeadCode(
            body="""
[(function_declaration body: (block (statement_list) @body)) (method_declaration body: (block (statement_list) @body))
 (func_literal body: (block (statement_list) @body))]
""",
            declarations=(
                "const {a} = {n}",
                'const {a} = "{w}"',
                "{a} := {n}\n_ = {a}",
                '{a} := "{w}"\n_ = {a}',
                "var {a} []int\n_ = {a}",
                "var {a} bool\n_ = {a}",
            ),
            branch=("if false {{", "{a} := {n}", "_ = {a}", "}}"),
            own_line=True,
            no_late_declarations=True,
            jump="goto",  # it may not jump over a declaration
        ),
    )
)
