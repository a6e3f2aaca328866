"""Rust."""

from tree_sitter import Node

from avatar.code.flow_rules import Assigns, Branches, DataFlow, Defines, Iterates, Repeats, fields
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
(function_item body: (block)) @function
(impl_item body: (_)) @scope
(trait_item body: (_)) @scope
(mod_item body: (_)) @scope
"""

_MACROS = (
    "assert|assert_eq|assert_ne|debug_assert|debug_assert_eq|debug_assert_ne|eprint|eprintln|format|panic|print|println"
    "|todo|unimplemented|unreachable|vec|write|writeln"
)
"""Macros whose arguments are expressions, and texts that may name variables in braces."""

_VARIABLE = '(#match? @bind "^[a-z_]")'
"""A name in capitals in a pattern is a constant or a variant."""

VARIABLES = f"""
(identifier) @use

((let_declaration pattern: (identifier) @bind) {_VARIABLE})
((let_condition pattern: (identifier) @bind) {_VARIABLE})
((for_expression pattern: (identifier) @bind) {_VARIABLE})
((function_item parameters: (parameters (parameter pattern: (identifier) @bind))) {_VARIABLE})
((closure_parameters (identifier) @bind) {_VARIABLE})
((closure_parameters (parameter pattern: (identifier) @bind)) {_VARIABLE})
((match_pattern . (identifier) @bind) {_VARIABLE})
((tuple_pattern (identifier) @bind) {_VARIABLE})
((slice_pattern (identifier) @bind) {_VARIABLE})
((ref_pattern (identifier) @bind) {_VARIABLE})
((mut_pattern (identifier) @bind) {_VARIABLE})
((reference_pattern (identifier) @bind) {_VARIABLE})
((captured_pattern . (identifier) @bind) {_VARIABLE})
((or_pattern (identifier) @bind) {_VARIABLE})
((tuple_struct_pattern type: (_) (identifier) @bind) {_VARIABLE})
((field_pattern pattern: (identifier) @bind) {_VARIABLE})
(let_declaration [value: (_) @value alternative: (_) @value])
(let_condition value: (_) @value)
(for_expression value: (_) @value)

[(block) (if_expression) (while_expression) (for_expression) (match_arm) (closure_expression)] @scope
(if_expression alternative: (_) @hole)
(function_item) @function
(function_item name: (identifier) @name)

(function_item name: (identifier) @frozen)
(function_signature_item name: (identifier) @frozen)
(const_item name: (identifier) @frozen)
(static_item name: (identifier) @frozen)
(shorthand_field_initializer (identifier) @frozen)
(shorthand_field_identifier) @frozen
(use_declaration) @words
(attribute_item) @words
(inner_attribute_item) @words
(macro_definition) @words
(const_parameter name: (identifier) @frozen)

(scoped_identifier (identifier) @fixed)
(scoped_type_identifier (identifier) @fixed)
[(label (identifier) @fixed) (lifetime (identifier) @fixed)]
(macro_invocation macro: (identifier) @fixed)
(token_tree "." . (identifier) @fixed)
(token_tree "::" . (identifier) @fixed)
(token_tree (identifier) @fixed . "::")
(token_tree (identifier) @fixed . "!")
(token_tree "'" . (identifier) @fixed)

((macro_invocation macro: (_) @_macro (token_tree) @words) (#not-match? @_macro "^({_MACROS})$"))
(token_tree (string_literal) @words)
(token_tree (raw_string_literal) @words)
(token_tree . "{{") @words
(token_tree (identifier) @frozen . ":")
(token_tree (identifier) @frozen . "=")
(token_tree (identifier) . "!" . (token_tree) @words)
"""


WORDS = words("""
Self abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if
impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type
typeof union unsafe unsized use virtual where while yield
bool char f32 f64 i128 i16 i32 i64 i8 isize str u128 u16 u32 u64 u8 usize
""")


def _name_of(node: Node) -> str:
    """Name of a function, module or trait; of an impl block, the name of its type."""
    kind = node.child_by_field_name("type") if node.type == "impl_item" else None
    while kind is not None:
        inner = kind.child_by_field_name("type") or kind.child_by_field_name("name")
        if inner is None:
            return (kind.text or b"").decode("utf-8", "replace")
        kind = inner
    return field_name(node)


def _stays_first(statement: Node) -> bool:
    return statement.type == "inner_attribute_item"


RUST = register(
    Language(
        name="rust",
        title="Rust",
        suffixes=(".rs",),
        editor_ids=("rust",),
        package="tree_sitter_rust",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("eq ne hash fmt cmp partial_cmp"),
        comments=words("line_comment block_comment"),
        words=WORDS,
        snake_case=0.97,
        separator="::",
        name_of=_name_of,
        tree_layout=TreeLayout(whole=words("string_literal raw_string_literal char_literal macro_definition")),
        data_flow=DataFlow(
            {
                "parameter": Defines(fields("pattern"), fields()),
                "let_declaration": Defines(fields("pattern")),
                "let_condition": Defines(fields("pattern")),
                "assignment_expression": Assigns(),
                "compound_assignment_expr": Assigns(),
                "if_expression": Branches(words("else_clause"), words("else_clause"), first=fields("condition")),
                "match_block": Branches(words("match_arm"), complete=words("match_arm")),
                "for_expression": Iterates(Assigns(fields("pattern"), fields("value"))),
                "while_expression": Repeats(),
                "loop_expression": Repeats(),
            },
            names=words("identifier self"),
        ),
        dead_code=DeadCode(
            body="(function_item body: (block) @body)",
            declarations=(
                "let {a} = {n};",
                "let {a}: usize = {n};",
                "let {a}: Option<i32> = None;",
                'let {a} = "{w}";',
                "let {a} = false;",
            ),
            branch=("if false {{", "let mut {a} = {n};", "{a} += 1;", "}}"),
            stays_first=_stays_first,
            conditions=words("attribute_item"),
        ),
    )
)
