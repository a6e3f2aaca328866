"""What a language declares: everything that the rest of the project needs to know of it.

Captures of the two queries, all by byte range. `functions`:

    function  a function with a body
    scope     what its name is qualified by: a class, a namespace

`variables` says what the grammar calls a variable, its scope, and what only looks like one:

    use       every identifier
    bind      an identifier that declares a local variable or a parameter
    scope     where declarations inside are visible; function: a scope that makes them local
    fixed     an identifier that is no variable (a method, a field, a label), whatever it is called
    frozen    an identifier whose name must stay everywhere
    words     a region whose words must all stay everywhere (macros, imports, what is evaluated elsewhere)
    called    a called identifier; a variable of that name stays (it may be a macro's name as well)
    keyword   the name of an argument
    lambda    the parameters of an anonymous function
    parameters   those of a named function
    hole      what a comprehension iterates over, evaluated outside of it
    name      the name of a declared function
    field     the name of a field: as an argument of a macro it may be meant again
    class     a class; inside a function, its body has rules of its own, and all its words stay
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tree_sitter import Node

from avatar.code.layout import reformat_braces
from avatar.code.shape import BRACES, Shape
from avatar.common.registry import Registry


@dataclass(frozen=True)
class DeadCode:
    """Statements without an effect, with {a} for a new name, {n} for a number and {w} for a word.

    `body` is a query that captures a function's body. `branch` holds the lines of one that is never taken; the
    inner ones are indented. No statement may come before a first statement for which `stays_first` is true.
    `own_line`: a statement needs a line of its own. `no_late_declarations`: below the first statement there are
    branches only.
    """

    body: str
    declarations: tuple[str, ...]
    branch: tuple[str, ...]
    stays_first: Callable[[Node], bool] = lambda node: False
    own_line: bool = False
    no_late_declarations: bool = False


def field_name(node: Node) -> str:
    """The text of a node's field `name`; empty where it has none."""
    name = node.child_by_field_name("name")
    return "" if name is None or name.text is None else name.text.decode("utf-8", "replace")


@dataclass(frozen=True)
class Language:
    """One language.

    `name` is used in commands and configs, `title` in sentences. `suffixes` end the names of its files, the usual
    one first; editors call it by `editor_ids`. `package` is the Python package of its tree-sitter grammar.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    editor_ids: tuple[str, ...]
    package: str
    functions: str
    variables: str
    dead_code: DeadCode
    grammar: str = "language"
    """The function of `package` that gives the grammar."""
    comments: frozenset[str] = frozenset({"comment"})
    """Kinds of nodes that are comments."""
    words: frozenset[str] = frozenset()
    """Words that no new variable may be called, beside those that the grammar itself names."""
    kept: frozenset[str] = frozenset()
    """Variables that are never renamed."""
    reflection: frozenset[str] = frozenset()
    """Names with which code can look its own variables up; code that mentions one keeps all names."""
    takes_fields: frozenset[str] = frozenset()
    """Beside macros in capitals: what may take the name of a field as an argument."""
    snake_case: float = 0.5
    """Share of functions whose new names of two words are in snake_case; the others are in camelCase."""
    hoisted: bool = False
    """A variable belongs to its whole scope, not only to what follows its declaration."""
    wrapper: tuple[str, str] | None = None
    """Function texts that the grammar cannot read are tried between these two (a constructor needs its class)."""
    fallback: str | None = None
    """The language by which a text is read that this one's grammar cannot read."""
    family: str = ""
    """The language whose functions this one's are compared with; empty means itself."""
    separator: str = "."
    """Stands between the parts of a qualified name."""
    slow_brackets: bool = False
    """The grammar takes time that grows with the square of the angle brackets in one statement."""
    name_of: Callable[[Node], str] = field_name
    """Name of a captured function or scope; empty for what only looks like one."""
    shape: Shape = BRACES
    """How the text of a function looks: comments around it, its end, its docstring."""
    hide_macros: Callable[[bytes], bytes] | None = None
    """Blanks out macros that the grammar cannot read; every other byte keeps its place."""
    reformat: Callable[[str, Random], str] = reformat_braces
    """Another layout of a text without syntax errors; the tokens stay."""


LANGUAGES: Registry[Language] = Registry("language")


def register(language: Language) -> Language:
    """File a language under its name."""
    return LANGUAGES.register(language.name)(language)


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
