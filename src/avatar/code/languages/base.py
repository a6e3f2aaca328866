"""The declaration of a language: all facts that the rest of the project needs.

Captures of the two queries, all by byte range. `functions`:

    function  a function with a body
    scope     a class or namespace; qualifies the names of the functions inside

`variables` captures variables, their scopes, and identifiers that only look like variables:

    use       every identifier
    bind      an identifier that declares a local variable or a parameter
    wide      an identifier that declares a variable of the whole innermost function
    value     an expression that cannot see the variables that its statement declares before it
    scope     where declarations inside are visible; function: a scope that makes them local
    fixed     an identifier that is not a variable (a method, a field, a label)
    frozen    an identifier whose name must never be renamed
    words     a region whose words must never be renamed (macros, imports, code that is evaluated elsewhere)
    called    a called identifier; a variable of that name is not renamed (it may also be a macro)
    keyword   the name of an argument
    lambda    the parameters of an anonymous function
    parameters   the parameters of a named function
    hole      a part of a scope that cannot see its variables: the iterable of a comprehension, an else
    name      the name of a declared function
    field     the name of a field; an argument of a macro may mean it
    class     a class; inside a function, none of its words is renamed
    dynamic   code that computes the name of a variable; nothing is renamed
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tree_sitter import Node

from avatar.code.flow_rules import DataFlow
from avatar.code.layout import reformat_braces
from avatar.code.shape import BRACES, Shape
from avatar.code.tree_layout import TreeLayout
from avatar.common.registry import Registry


@dataclass(frozen=True)
class DeadCode:
    """Statements without an effect, with {a} for a new name, {n} for a number and {w} for a word.

    `body` is a query that captures a function's body. A declaration has one or more lines. `branch` holds the lines of
    a branch that never runs; the inner lines are indented. Nothing is inserted before a first statement for which
    `stays_first` is true. `own_line`: a statement needs its own line. `no_late_declarations`: after the first
    statement, only branches are inserted; with `jump`, only in code that has this word (a goto). Nothing is inserted
    after a node of a kind in `conditions`: it may leave out the next statement, and another one is then the last.
    Nothing is inserted before a part of a body for which `goes_on` is true: it is no statement, or it belongs to the
    line before it.
    """

    body: str
    declarations: tuple[str, ...]
    branch: tuple[str, ...]
    stays_first: Callable[[Node], bool] = lambda node: False
    own_line: bool = False
    no_late_declarations: bool = False
    jump: str = ""
    conditions: frozenset[str] = frozenset()
    goes_on: Callable[[Node], bool] = lambda node: False


def field_name(node: Node) -> str:
    """The text of a node's field `name`; empty if it has none."""
    name = node.child_by_field_name("name")
    return "" if name is None or name.text is None else name.text.decode("utf-8", "replace")


@dataclass(frozen=True)
class Language:
    """One language.

    `name` is used in commands and configs, `title` in sentences. `suffixes` are its file suffixes, the usual one
    first; `editor_ids` are its names in editors. `package` is the Python package of its tree-sitter grammar.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    editor_ids: tuple[str, ...]
    package: str
    functions: str
    variables: str
    dead_code: DeadCode
    data_flow: DataFlow
    grammar: str = "language"
    """The function of `package` that returns the grammar."""
    comments: frozenset[str] = frozenset({"comment"})
    """Kinds of nodes that are comments."""
    words: frozenset[str] = frozenset()
    """Words that no new variable may have as a name, in addition to the grammar's keywords."""
    kept: frozenset[str] = frozenset()
    """Variables that are never renamed."""
    reflection: frozenset[str] = frozenset()
    """Names with which code can look up its own variables; code that mentions one is not renamed."""
    standard_methods: frozenset[str] = frozenset()
    """Methods that many classes must have, such as those that compare, hash or print: they look alike everywhere."""
    takes_fields: frozenset[str] = frozenset()
    """Callables, in addition to macros in capitals, that may take the name of a field as an argument."""
    snake_case: float = 0.5
    """Share of functions whose new two-word names are in snake_case; the others are in camelCase."""
    hoisted: bool = False
    """Whether a variable is visible in its whole scope, not only after its declaration."""
    wrapper: tuple[str, str] | None = None
    """A text that the grammar cannot parse is tried again between these two (a constructor needs its class)."""
    other_wrappers: tuple[tuple[str, str], ...] = ()
    """More wrappers, tried in this order after `wrapper`."""
    misread: str = ""
    """A query that matches a text which the grammar reads without errors but wrongly; the wrappers are tried too."""
    fallback: str | None = None
    """The language whose grammar is tried if this language's grammar cannot parse a text."""
    family: str = ""
    """The language whose functions are compared with those of this language; empty means itself."""
    separator: str = "."
    """Separator between the parts of a qualified name."""
    slow_brackets: bool = False
    """Whether the grammar's time grows with the square of the angle brackets in one statement."""
    name_of: Callable[[Node], str] = field_name
    """Name of a captured function or scope; empty if it only looks like one."""
    shape: Shape = BRACES
    """The form of a function's text: comments, its last line, its docstring."""
    hide_macros: Callable[[bytes], bytes] | None = None
    """Replaces what the grammar cannot parse (macros, HTML) by blanks; all other bytes keep their offsets."""
    reformat: Callable[[str, Random], str] = reformat_braces
    """Changes the layout of a text without syntax errors; the tokens do not change."""
    tree_layout: TreeLayout | None = None
    """If set, the layout is changed by these rules on the syntax tree, not by `reformat`."""


LANGUAGES: Registry[Language] = Registry("language")


def register(language: Language) -> Language:
    """Register a language under its name."""
    return LANGUAGES.register(language.name)(language)


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
