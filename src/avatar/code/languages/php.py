"""PHP, also inside of HTML."""

import re
from collections.abc import Iterator

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
    after,
    fields,
)
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
(function_definition) @function
(method_declaration body: (_)) @function
(property_hook body: (_)) @function
(namespace_definition body: (_)) @scope
[(class_declaration) (trait_declaration) (interface_declaration) (enum_declaration)] @scope
"""

VARIABLES = """
(variable_name (name) @use @bind)

[(function_definition) (method_declaration) (property_hook)] @function
(program (function_definition name: (name) @name))
(program (class_declaration body: (declaration_list (method_declaration name: (name) @name))))

(scoped_property_access_expression name: (variable_name (name) @fixed))
(argument name: (name) @keyword)
[(anonymous_function parameters: (formal_parameters) @lambda) (arrow_function parameters: (formal_parameters) @lambda)]
(function_definition parameters: (formal_parameters) @parameters)
(method_declaration parameters: (formal_parameters) @parameters)

(global_declaration) @words
(property_element name: (variable_name (name) @frozen))
(property_promotion_parameter name: (variable_name (name) @frozen))
[(dynamic_variable_name) (include_expression) (include_once_expression) (require_expression)
 (require_once_expression)] @dynamic
(anonymous_class) @class
[(class_declaration) (trait_declaration) (interface_declaration) (enum_declaration)] @class
"""

_TAG = re.compile(rb"<\?(?:php\b|=)", re.IGNORECASE)
_CODE = re.compile(
    rb"""
    (?P<end> \?>\n? )
  | (?: // | \#(?!\[) ) (?: (?!\?>)[^\n] )*+
  | /\*.*?(?: \*/ | \Z )
  | <<<[ \t]*(?P<quote>["']?)(?P<word>\w+)(?P=quote)\n.*?(?: ^[ \t]*(?P=word)\b | \Z )
  | "(?: [^"\\] | \\. )*+(?: " | \Z )
  | '(?: [^'\\] | \\. )*+(?: ' | \Z )
""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_BLANK = bytes(code if code in b"\r\n" else 32 for code in range(256))


def _html(content: bytes) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each piece of HTML with its tags, and whether code may go on before it."""
    start = 0
    while (tag := _TAG.search(content, start)) is not None:
        yield start, tag.end(), start > 0
        start = tag.end()
        ends = (match for match in _CODE.finditer(content, start) if match["end"])
        end = next(ends, None)
        if end is None:
            return
        start = end.start()
    yield start, len(content), start > 0


def hide_html(content: bytes) -> bytes:
    """`content` with blanks for its HTML and tags, and with `;` where a tag ends a statement.

    Without any tag, a text that begins like HTML has no code, and any other text is code alone.
    """
    if _TAG.search(content) is None:
        return content.translate(_BLANK) if content.lstrip().startswith(b"<") else content
    hidden = bytearray(content)
    for start, end, ends in _html(content):
        hidden[start:end] = content[start:end].translate(_BLANK)
        if ends and not hidden[:start][-200:].rstrip().endswith((b";", b"{", b"}", b":")):
            hidden[start] = ord(";")
    return bytes(hidden)


def _name_of(node: Node) -> str:
    """Name of a function, class or namespace; for a hook, with its property."""
    if node.type != "property_hook":
        return field_name(node)
    kind = next((part.text for part in node.named_children if part.type == "name"), None) or b""
    element = node.parent and node.parent.parent
    element = element and next((part for part in element.named_children if part.type.startswith("property_el")), None)
    owner = "" if element is None else field_name(element).removeprefix("$")
    return f"{owner}::{kind.decode()}" if owner else kind.decode()


PHP = register(
    Language(
        name="php",
        title="PHP",
        suffixes=(".php", ".php5", ".phtml"),
        editor_ids=("php",),
        package="tree_sitter_php",
        grammar="language_php_only",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("__toString jsonSerialize"),
        kept=words("""
this GLOBALS _COOKIE _ENV _FILES _GET _POST _REQUEST _SERVER _SESSION HTTP_RAW_POST_DATA argc argv http_response_header
php_errormsg
"""),
        reflection=words("compact extract get_defined_vars eval parse_str mb_parse_str GLOBALS assert create_function"),
        snake_case=0.4,
        hoisted=True,
        wrapper=("class Holder {\n", "\n}"),
        other_wrappers=(("class Holder {\npublic $holder {\n", "\n}\n}"),),
        separator="::",
        name_of=_name_of,
        hide_macros=hide_html,
        tree_layout=TreeLayout(
            whole=words("string encapsed_string heredoc nowdoc shell_command_expression php_tag text")
        ),
        data_flow=DataFlow(
            {
                "variable_name": Declares(words("name"), anew=False),
                "simple_parameter": Defines(value=fields("default_value")),
                "assignment_expression": Assigns(),
                "augmented_assignment_expression": Assigns(),
                "update_expression": Updates(),
                "if_statement": Branches(
                    words("else_if_clause else_clause"), words("else_clause"), first=fields("condition")
                ),
                "for_statement": Repeats(first=fields("initialize")),
                "foreach_statement": Iterates(Assigns(after("as"), after("("))),
                "while_statement": Repeats(),
                "do_statement": Repeats(),
            },
            names=frozenset(),
        ),
        dead_code=DeadCode(
            body="""
[(function_definition body: (compound_statement) @body) (method_declaration body: (compound_statement) @body)
 (property_hook body: (compound_statement) @body)]
""",
            declarations=(
                "${a} = {n};",
                "${a} = null;",
                "${a} = '{w}';",
                "${a} = [];",
                "${a} = false;",
            ),
            branch=("if (false) {{", "${a} = {n};", "${a}++;", "}}"),
        ),
    )
)
