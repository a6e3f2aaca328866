"""C, and the parts that C++ shares with it."""

from dataclasses import dataclass

from tree_sitter import Node

from avatar.code.flow_rules import Branches, DataFlow, Declares, Ignores, Reader, Repeats, Updates, all_children
from avatar.code.flow_steps import COMES, Step, Write
from avatar.code.languages.base import DeadCode, Language, register, words

FUNCTIONS = """
(function_definition body: (compound_statement)) @function
"""

SHARED_VARIABLES = """
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
"""Queries for both C and C++."""

VARIABLES = (
    SHARED_VARIABLES
    + """
(parameter_list (identifier) @bind)
(macro_type_specifier) @words
"""
)

WORDS = words("""
NULL TRUE FALSE EOF alignas alignof asm atomic bool char char16_t char32_t char8_t complex constexpr double errno float
imaginary inline int int16_t int32_t int64_t int8_t intptr_t long main max_align_t noreturn nullptr nullptr_t offsetof
ptrdiff_t restrict short signed size_t ssize_t stderr stdin stdout thread_local typeof uint uint16_t uint32_t uint64_t
uint8_t uintptr_t unsigned void volatile wchar_t
and and_eq auto bitand bitor class compl concept const_cast delete dynamic_cast explicit export friend mutable namespace
new not not_eq operator or or_eq private protected public reinterpret_cast std template this throw try typeid typename
using virtual xor xor_eq
""")
"""For both C and C++: a new name must not be a keyword if the code is read as the other language."""

TAKES_FIELDS = words("offsetof container_of list_entry")
BODY = "(function_definition body: (compound_statement) @body)"
_NAMES = words("identifier field_identifier qualified_identifier destructor_name operator_name operator_cast")


def name_of(node: Node) -> str:
    """Name of a function, inside its declarators, or of a class or namespace."""
    name = node.child_by_field_name("name") or _declared(node)
    if name is None or name.text is None:
        return ""
    text = name.text.decode("utf-8", "replace")
    return text.partition("(")[0] if name.type == "operator_cast" else text


def _declared(definition: Node) -> Node | None:
    kind = definition.child_by_field_name("type")
    if kind is not None and kind.text == b"namespace":
        return None  # `namespace std VISIBLE(default) {` in a header that is read as C
    part = definition.child_by_field_name("declarator")
    is_function = False
    while part is not None and part.type not in _NAMES:
        is_function |= part.type == "function_declarator"
        inner = part.child_by_field_name("declarator")
        if inner is None and part.type in ("reference_declarator", "parenthesized_declarator"):
            inner = part.named_children[-1] if part.named_children else None
        if inner is None:
            break
        part = inner
    return part if is_function or (part is not None and part.type == "operator_cast") else None


_WRAPPED = words("parenthesized_declarator reference_declarator variadic_declarator")


@dataclass(frozen=True)
class Parameter:
    """A parameter: the name inside its declarators is declared."""

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The declaration; nothing for a parameter without a name."""
        part = node.child_by_field_name("declarator")
        while part is not None and part.type != "identifier":
            inner = part.child_by_field_name("declarator")
            part = part.named_children[-1] if inner is None and part.type in _WRAPPED else inner
        return [] if part is None else [Write(reader.names([part]), (), COMES, joined=True)]


@dataclass(frozen=True)
class Declarator:
    """The names in a pointer or array declarator are declared, but not those of a function that returns a pointer."""

    def steps(self, node: Node, reader: Reader) -> list[Step]:
        """The declaration."""
        owner = node.parent
        while owner is not None and owner.type == node.type:
            owner = owner.parent
        if owner is not None and owner.type == "function_definition":
            return reader.steps(node.children)
        return [Write(reader.names(node.children_by_field_name("declarator")), (), COMES, joined=True)]


C = register(
    Language(
        name="c",
        title="C",
        suffixes=(".c", ".h"),
        editor_ids=("c",),
        package="tree_sitter_c",
        functions=FUNCTIONS,
        variables=VARIABLES,
        words=WORDS,
        takes_fields=TAKES_FIELDS,
        snake_case=0.9,
        fallback="cpp",
        name_of=name_of,
        data_flow=DataFlow(
            {
                "declaration": Declares(anew=False),
                "pointer_declarator": Declarator(),
                "array_declarator": Declarator(),
                "parameter_declaration": Parameter(),
                "assignment_expression": Ignores(),
                "update_expression": Updates(),
                "if_statement": Branches(words("if_statement else")),
                "for_statement": Repeats(first=all_children),
                "while_statement": Repeats(),
            },
            declared_only=True,
        ),
        dead_code=DeadCode(
            body=BODY,
            declarations=(
                "int {a} = {n};",
                "unsigned int {a} = {n};",
                "char {a} = 0;",
                'const char *{a} = "{w}";',
                "double {a} = 0;",
            ),
            branch=("if (0) {{", "int {a} = {n};", "{a}++;", "}}"),
        ),
    )
)
