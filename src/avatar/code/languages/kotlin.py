"""Kotlin."""

from tree_sitter import Node

from avatar.code.flow_rules import Assigns, Branches, DataFlow, Defines, Iterates, Repeats, Updates, after, fields
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
[(function_declaration (function_body)) (secondary_constructor (block)) (getter (function_body))
 (setter (function_body))] @function
[(class_declaration) (object_declaration) (companion_object) (enum_entry)] @scope
"""

VARIABLES = """
(identifier) @use

(variable_declaration . (identifier) @bind)
(parameter . (identifier) @bind)
(setter (identifier) @bind)
(catch_block . (identifier) @bind)

(property_declaration [(variable_declaration) (multi_variable_declaration)] "=" (_) @value)
(property_declaration (variable_declaration) (property_delegate) @value)
(for_statement [(variable_declaration) (multi_variable_declaration)] . (_) @value)
(when_subject (variable_declaration) (_) @value)

[(block) (for_statement) (when_expression) (catch_block) (lambda_literal) (class_body)] @scope
[(function_declaration) (secondary_constructor) (getter) (setter) (anonymous_function)] @function
(source_file (function_declaration name: (identifier) @name))
(source_file (class_declaration (class_body (function_declaration name: (identifier) @name))))

(function_declaration name: (identifier) @frozen)
(navigation_expression (_) . (identifier) @fixed)
(infix_expression . (_) . (identifier) @fixed)
(value_argument (identifier) @fixed @keyword "=")
[(lambda_literal (lambda_parameters) @lambda) (anonymous_function (function_value_parameters) @lambda)]
(function_declaration (function_value_parameters) @parameters)
(call_expression . (identifier) @called)
[(callable_reference) (import) (annotation)] @words
(user_type (identifier) @frozen)
(labeled_expression (identifier) @frozen)
(return_expression label: (identifier) @frozen)
(this_expression (identifier) @frozen)
(super_expression (identifier) @frozen)
(class_parameter . (identifier) @frozen)
(class_body (property_declaration (variable_declaration . (identifier) @frozen)))
(enum_entry (identifier) @frozen)
[(class_declaration) (object_declaration) (companion_object)] @class
(_ (string_content) @dollar . (string_content) @words (#eq? @dollar "$"))
((identifier) @frozen (#match? @frozen "^`"))
"""

MISREAD = """
(source_file (call_expression (call_expression . (identifier) @misread) (annotated_lambda))
 (#match? @misread "^(get|set)$"))
(source_file (call_expression . (identifier) @misread (value_arguments) .) . (_) (#match? @misread "^(get|set)$"))
(source_file (assignment left: (_) @misread) (#match? @misread "^(get|set)[ (]"))
"""

WORDS = words("""
Any Boolean Byte Char Double Float Int Long Nothing Short String Unit abstract actual annotation as break by catch class
companion const constructor continue crossinline data delegate do dynamic else enum expect external false field file
final finally for fun get if import in infix init inline inner interface internal is it lateinit noinline null object
open operator out override package param print println private property protected public receiver reified return
sealed set setparam super suspend tailrec this throw true try typealias typeof val value var vararg when where while
""")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _name_of(node: Node) -> str:
    """Name of a function or scope; for an accessor, with its property."""
    match node.type:
        case "getter" | "setter":
            return ".".join([*_property(node), node.type[:3]])
        case "secondary_constructor":
            return "constructor"
        case "companion_object":
            return field_name(node) or "Companion"
        case "enum_entry":
            return next((_text(part) for part in node.named_children if part.type == "identifier"), "")
    return field_name(node)


def _property(accessor: Node) -> list[str]:
    """The name of an accessor's property; the grammar reads the second accessor beside the property, not inside."""
    node: Node | None = accessor.parent
    if node is None or node.type != "property_declaration":
        node = accessor.prev_named_sibling
        while node is not None and node.type in ("getter", "setter"):
            node = node.prev_named_sibling
    if node is None or node.type != "property_declaration":
        return []
    declared = next((part for part in node.named_children if part.type == "variable_declaration"), None)
    return [] if declared is None or not declared.named_children else [_text(declared.named_children[0])]


def _goes_on(node: Node) -> bool:
    """A lambda, and the body of a loop on its own line, which the grammar reads as the next statement."""
    if node.type in ("lambda_literal", "annotated_lambda"):
        return True
    before = node.prev_named_sibling
    while before is not None and before.type.endswith("comment"):
        before = before.prev_named_sibling
    if before is None or before.type not in ("for_statement", "while_statement"):
        return False
    return not _text(before).endswith("}")


def _declared(node: Node) -> list[Node]:
    """The names that a declaration, a parameter or a loop declares, without their types."""
    declared: list[Node] = []
    nodes = [part for part in node.named_children if part.type in _DECLARING] or [node]
    while nodes:
        part = nodes.pop()
        if part.type == "multi_variable_declaration":
            nodes += part.named_children[::-1]
        else:
            declared += [name for name in part.named_children if name.type == "identifier"][:1]
    return declared


_DECLARING = words("variable_declaration multi_variable_declaration")


KOTLIN = register(
    Language(
        name="kotlin",
        title="Kotlin",
        suffixes=(".kt", ".kts"),
        editor_ids=("kotlin",),
        package="tree_sitter_kotlin",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("equals hashCode toString compareTo"),
        comments=words("line_comment block_comment"),
        words=WORDS,
        kept=words("it field"),
        snake_case=0.02,
        wrapper=("class Holder {\n", "\n}"),
        other_wrappers=(("class Holder {\nvar holder: Int = 1\n", "\n}"),),
        misread=MISREAD,
        name_of=_name_of,
        tree_layout=TreeLayout(
            whole=words("string_literal multiline_string_literal character_literal"), brace_moves=False
        ),
        data_flow=DataFlow(
            {
                "property_declaration": Defines(_declared, after("=")),
                "parameter": Defines(_declared, after("=")),
                "assignment": Assigns(),
                "unary_expression": Updates(words("++ --")),
                "if_expression": Branches(words("else"), words("else"), first=fields("condition")),
                "when_expression": Branches(words("when_entry")),
                "for_statement": Iterates(Assigns(_declared, after("in")), after(")")),
                "while_statement": Repeats(),
                "do_while_statement": Repeats(),
            }
        ),
        dead_code=DeadCode(
            body="""
[(function_declaration (function_body (block) @body)) (secondary_constructor (block) @body)
 (getter (function_body (block) @body)) (setter (function_body (block) @body))]
""",
            declarations=(
                "val {a} = {n}",
                "var {a} = {n}",
                'val {a} = "{w}"',
                "val {a}: Any? = null",
                "var {a} = false",
            ),
            branch=("if (false) {{", "var {a} = {n}", "{a}++", "}}"),
            own_line=True,
            goes_on=_goes_on,
        ),
    )
)
