"""JavaScript with JSX, and the parts that TypeScript shares with it."""

from dataclasses import replace

from tree_sitter import Node

from avatar.code.languages.base import DeadCode, Language, register, words
from avatar.code.shape import BRACES
from avatar.code.tree_layout import TreeLayout

_VALUE = "[(arrow_function) (function_expression) (generator_function)]"

SHARED_FUNCTIONS = f"""
(function_declaration) @function
(generator_function_declaration) @function
(function_expression name: (_)) @function
(generator_function name: (_)) @function
(method_definition) @function
(lexical_declaration . (variable_declarator value: {_VALUE}) .) @function
(variable_declaration . (variable_declarator value: {_VALUE}) .) @function
(variable_declarator value: {_VALUE}) @function
(assignment_expression right: {_VALUE}) @function
(pair value: {_VALUE}) @function
(export_statement value: {_VALUE} @function)

(class_declaration name: (_)) @scope
(class name: (_)) @scope
(variable_declarator value: (class !name)) @scope
(assignment_expression right: (class !name)) @scope
(variable_declarator value: (object)) @scope
(assignment_expression right: (object)) @scope
(pair value: (object)) @scope
"""


def pattern(depth: int = 2) -> str:
    """A query for the variables of a pattern, as deep as `depth`; deeper ones are not known, so they keep their names."""
    if not depth:
        return "(identifier) @bind"
    inner = pattern(depth - 1)
    part = f"[{inner} (assignment_pattern left: {inner})]"
    return f"""[(identifier) @bind
 (array_pattern [{inner} (assignment_pattern left: {inner}) (rest_pattern {inner})])
 (object_pattern [(pair_pattern value: {part}) (rest_pattern {inner})])]"""


def _shared_variables() -> str:
    one = pattern()
    wide = one.replace("@bind", "@wide")
    return f"""
(identifier) @use
((identifier) @frozen (#match? @frozen "[$]"))

(lexical_declaration (variable_declarator name: {one}))
(variable_declaration (variable_declarator name: {wide}))
(for_in_statement kind: ["let" "const"] left: {one})
(for_in_statement kind: "var" left: {wide})
(catch_clause parameter: {one})
(arrow_function parameter: (identifier) @bind)

[(statement_block) (for_statement) (for_in_statement) (catch_clause) (switch_body)] @scope
[(function_declaration) (generator_function_declaration) (function_expression) (generator_function) (arrow_function)
 (method_definition) (class_static_block)] @function
(program [(function_declaration name: (identifier) @name) (generator_function_declaration name: (identifier) @name)])
(program (_ (variable_declarator name: (identifier) @name value: {_VALUE})))
(program (class_declaration body: (class_body (method_definition name: (property_identifier) @name))))
(program (expression_statement (parenthesized_expression (object
  (method_definition name: (property_identifier) @name)))))

[(shorthand_property_identifier) (shorthand_property_identifier_pattern)] @frozen
(function_declaration name: (identifier) @frozen)
(generator_function_declaration name: (identifier) @frozen)
(function_expression name: (identifier) @frozen)
(generator_function name: (identifier) @frozen)
(with_statement body: (_) @words)
(import_statement) @words
(export_specifier) @words
"""


SHARED_VARIABLES = _shared_variables()
"""Queries for JavaScript and TypeScript, without the parameters of functions."""

MARKUP = """
(jsx_opening_element name: (_) @words)
(jsx_closing_element name: (_) @words)
(jsx_self_closing_element name: (_) @words)
"""
"""A tag in small letters is a string, another tag is a variable."""

_PARAMETER = f"{pattern()} (assignment_pattern left: {pattern()}) (rest_pattern {pattern()})"
VARIABLES = f"""
{SHARED_VARIABLES}
{MARKUP}
(formal_parameters [{_PARAMETER}])
(class_declaration name: (identifier) @frozen)
(class name: (identifier) @frozen)
"""

FUNCTIONS = f"""
{SHARED_FUNCTIONS}
(field_definition value: {_VALUE}) @function
"""

WORDS = words("""
Infinity NaN abstract any arguments as asserts async await bigint boolean break case catch class const constructor
continue debugger declare default delete do else enum eval export extends false finally for from function get global if
implements import in infer instanceof interface is keyof let module namespace never new null number object of out
override package private protected public readonly require return satisfies set static string super switch symbol this
throw true try type typeof undefined unique unknown var void while with yield
""")

_GLOBAL = words("module exports this window self global globalThis")


def name_of(node: Node) -> str:
    """Name of a function, class or object: of its declaration, its key, or what it is assigned to."""
    if node.type in ("lexical_declaration", "variable_declaration"):
        node = next(part for part in node.named_children if part.type == "variable_declarator")
    if node.type in ("function_expression", "generator_function") and _is_called(node):
        return ""  # it runs at once: its functions are the module's functions
    fields = (node.child_by_field_name(field) for field in ("name", "property", "key", "left"))
    target = next((field for field in fields if field is not None), None)
    if target is None:
        return "default"  # export default
    text = (target.text or b"").decode("utf-8", "replace")
    match target.type:
        case "object_pattern" | "array_pattern" | "subscript_expression":
            return ""
        case "string":
            return text[1:-1]
        case "member_expression":
            return _member(target) or _of_module(node)
    return text


def _is_called(node: Node) -> bool:
    """`(function main() {})()`, also with `.call(this)`."""
    parent = node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "member_expression"):
        node, parent = parent, parent.parent
    return parent is not None and parent.type == "call_expression" and parent.child_by_field_name("function") == node


def _member(target: Node) -> str:
    """`a.b` for `exports.a.b`, `a.prototype.b` and `this.a.b`; empty for `module.exports`."""
    parts: list[str] = []
    part: Node | None = target
    while part is not None and part.type == "member_expression":
        name = part.child_by_field_name("property")
        parts.append("" if name is None else (name.text or b"").decode("utf-8", "replace"))
        part = part.child_by_field_name("object")
    if part is not None and part.type in ("identifier", "this"):
        parts.append((part.text or b"").decode("utf-8", "replace"))
    parts.reverse()
    while parts and parts[0] in _GLOBAL:
        parts = parts[1:]
    return ".".join(name for name in parts if name != "prototype")


def _of_module(assignment: Node) -> str:
    """Name of a function that is the whole module; empty for an object or a class."""
    value = assignment.child_by_field_name("right")
    if value is None or value.type in ("object", "class"):
        return ""
    name = value.child_by_field_name("name")
    return "exports" if name is None else (name.text or b"").decode("utf-8", "replace")


def _stays_first(statement: Node) -> bool:
    """A directive such as "use strict", and a call of the constructor of the class above."""
    if statement.type != "expression_statement" or not statement.named_children:
        return False
    one = statement.named_children[0]
    if one.type == "call_expression":
        called = one.child_by_field_name("function")
        return called is not None and called.type == "super"
    return one.type == "string"


JAVASCRIPT = register(
    Language(
        name="javascript",
        title="JavaScript",
        suffixes=(".js", ".jsx", ".mjs", ".cjs"),
        editor_ids=("javascript", "javascriptreact"),
        package="tree_sitter_javascript",
        functions=FUNCTIONS,
        variables=VARIABLES,
        comments=words("comment html_comment"),
        words=WORDS,
        kept=words("arguments undefined require exports module define React h"),
        reflection=words("eval"),
        snake_case=0.05,
        hoisted=True,
        wrapper=("(\n", "\n)"),
        other_wrappers=(("class Holder {\n", "\n}"), ("({\n", "\n})")),
        misread="(program . (expression_statement (call_expression) .) . (statement_block)) @misread",
        fallback="tsx",
        name_of=name_of,
        shape=replace(BRACES, long_quote="`"),
        tree_layout=TreeLayout(
            whole=words("string template_string regex"),
            markup=words("""
jsx_element jsx_opening_element jsx_closing_element jsx_self_closing_element jsx_attribute jsx_namespace_name
"""),
            text="jsx_text",
        ),
        dead_code=DeadCode(
            body="""
[(function_declaration body: (statement_block) @body) (generator_function_declaration body: (statement_block) @body)
 (function_expression body: (statement_block) @body) (generator_function body: (statement_block) @body)
 (arrow_function body: (statement_block) @body) (method_definition body: (statement_block) @body)]
""",
            declarations=(
                "let {a} = {n};",
                "const {a} = {n};",
                "var {a} = null;",
                "const {a} = '{w}';",
                "let {a} = [];",
                "let {a} = false;",
            ),
            branch=("if (false) {{", "let {a} = {n};", "{a}++;", "}}"),
            stays_first=_stays_first,
        ),
    )
)
