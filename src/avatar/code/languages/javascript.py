"""JavaScript with JSX, and the parts that TypeScript shares with it."""

from dataclasses import replace

from tree_sitter import Node

from avatar.code.flow_rules import Assigns, Branches, DataFlow, Defines, Iterates, Repeats, Updates, fields
from avatar.code.languages.base import DeadCode, Language, register, words
from avatar.code.shape import BRACES
from avatar.code.tree_layout import TreeLayout

VALUE = "[(arrow_function) (function_expression) (generator_function)]"
"""A function that is a value."""

SHARED_FUNCTIONS = f"""
(function_declaration) @function
(generator_function_declaration) @function
(function_expression name: (_)) @function
(generator_function name: (_)) @function
(method_definition) @function
(lexical_declaration . (variable_declarator value: {VALUE}) .) @function
(variable_declaration . (variable_declarator value: {VALUE}) .) @function
(variable_declarator value: {VALUE}) @function
(assignment_expression right: {VALUE}) @function
(pair value: {VALUE}) @function
(export_statement value: {VALUE} @function)

(class_declaration name: (_)) @scope
(class name: (_)) @scope
(variable_declarator value: (class !name)) @scope
(assignment_expression right: (class !name)) @scope
(variable_declarator value: (object)) @scope
(assignment_expression right: (object)) @scope
(pair value: (object)) @scope
"""


SHARED_VARIABLES = f"""
(identifier) @use
((identifier) @frozen (#match? @frozen "[$]"))

(lexical_declaration (variable_declarator name: (identifier) @bind))
(variable_declaration (variable_declarator name: (identifier) @wide))
(variable_declaration (variable_declarator name: (array_pattern (identifier) @wide)))
(variable_declaration (variable_declarator name: (object_pattern (pair_pattern value: (identifier) @wide))))
(for_in_statement kind: "let" left: (identifier) @bind)
(for_in_statement kind: "const" left: (identifier) @bind)
(for_in_statement kind: "var" left: (identifier) @wide)
(catch_clause parameter: (identifier) @bind)
(arrow_function parameter: (identifier) @bind)
(array_pattern (identifier) @bind)
(array_pattern (assignment_pattern left: (identifier) @bind))
(pair_pattern value: (identifier) @bind)
(pair_pattern value: (assignment_pattern left: (identifier) @bind))
(rest_pattern (identifier) @bind)

(assignment_expression left: (array_pattern (identifier) @frozen))
(assignment_expression left:
  (array_pattern [(array_pattern) (object_pattern) (assignment_pattern) (rest_pattern)] @words))
(assignment_expression left: (object_pattern) @words)
(for_in_statement !kind left: [(array_pattern) (object_pattern)] @words)

[(statement_block) (for_statement) (for_in_statement) (catch_clause) (switch_body)] @scope
[(function_declaration) (generator_function_declaration) (function_expression) (generator_function) (arrow_function)
 (method_definition) (class_static_block)] @function
(program (function_declaration name: (identifier) @name))
(program (generator_function_declaration name: (identifier) @name))
(program (_ (variable_declarator name: (identifier) @name value: {VALUE})))
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
"""Queries for JavaScript and TypeScript, without plain parameters. A pattern that is no declaration assigns."""

MARKUP = """
(jsx_opening_element name: (_) @words)
(jsx_closing_element name: (_) @words)
(jsx_self_closing_element name: (_) @words)
"""
"""A tag in small letters is a string, another tag is a variable."""

VARIABLES = f"""
{SHARED_VARIABLES}
{MARKUP}
(formal_parameters (identifier) @bind)
(formal_parameters (assignment_pattern left: (identifier) @bind))
(class_declaration name: (identifier) @frozen)
(class name: (identifier) @frozen)
"""

FUNCTIONS = f"""
{SHARED_FUNCTIONS}
(field_definition value: {VALUE}) @function
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


LAYOUT = TreeLayout(
    whole=words("string template_string regex"),
    markup=words("""
jsx_element jsx_opening_element jsx_closing_element jsx_self_closing_element jsx_attribute jsx_namespace_name
"""),
    text="jsx_text",
)

DATA_FLOW = DataFlow(
    {
        "variable_declarator": Defines(),
        "assignment_pattern": Defines(fields("left"), fields("right")),
        "assignment_expression": Assigns(),
        "augmented_assignment_expression": Assigns(),
        "update_expression": Updates(),
        "if_statement": Branches(words("else_clause"), words("else_clause"), first=fields("condition")),
        "for_statement": Repeats(first=fields("initializer")),
        "for_in_statement": Iterates(Assigns()),
        "while_statement": Repeats(),
        "do_statement": Repeats(),
    },
    names=words("identifier shorthand_property_identifier_pattern"),
)


JAVASCRIPT = register(
    Language(
        name="javascript",
        title="JavaScript",
        suffixes=(".js", ".jsx", ".mjs", ".cjs"),
        editor_ids=("javascript", "javascriptreact"),
        package="tree_sitter_javascript",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("toString toJSON"),
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
        tree_layout=LAYOUT,
        data_flow=DATA_FLOW,
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
