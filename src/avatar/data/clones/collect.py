"""Collects the functions of a folder of Python code without importing or executing it."""

import ast
import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from avatar.code.text import REMOVED, TextRules, clean, function_text
from avatar.common.regular_files import read_regular
from avatar.common.walking import folders_below
from avatar.data.records import Function

MIN_LINES, MAX_LINES = 4, 60
"""Smallest and largest number of code lines of a collected function, without blank lines, comments and docstring."""

SKIPPED_FOLDERS = frozenset(
    {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "node_modules", "venv"}
)
"""Folders of tests, of installed packages or without source code. Hidden folders are skipped too."""

TEXT = TextRules(docstrings=REMOVED)
"""Rules of the functions' texts. Docstrings are removed: originals would have them, rewritten functions would not."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Collected:
    """The functions of a folder, in the order in which they were drawn, and counts of what was skipped.

    `files` is the number of files read, `unreadable` the number of those that are not UTF-8 or not valid Python,
    `duplicates` the number of functions with the structure of an earlier function.
    """

    functions: tuple[Function, ...]
    files: int
    unreadable: int
    duplicates: int


def children(node: ast.AST) -> list[ast.AST]:
    """The direct children of the node in field order, without the contexts Load, Store and Del."""
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = () if kind is ast.Constant else tuple(name for name in kind._fields if name not in _NO_NODES)
    nodes: list[ast.AST] = []
    for name in _FIELDS[kind]:
        value = getattr(node, name, None)
        if type(value) is list:
            nodes += [part for part in value if part is not None and type(part) is not str]
        elif isinstance(value, ast.AST):
            nodes.append(value)
    return nodes


_NO_NODES = frozenset({"ctx", "id", "attr", "arg", "type_comment", "conversion", "is_async", "simple", "level"})
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def walk(*roots: ast.AST) -> list[ast.AST]:
    """`roots` and all nodes below them, breadth first, without contexts; several times faster than ast.walk."""
    nodes = list(roots)
    for node in nodes:  # the list grows during the loop
        nodes += children(node)
    return nodes


def python_files(folder: Path) -> list[str]:
    """Relative POSIX paths of the Python files below `folder`, sorted, without `SKIPPED_FOLDERS`."""
    paths = []
    for path, files, _ in folders_below(
        folder, lambda one: one.name not in SKIPPED_FOLDERS and not one.name.startswith(".")
    ):
        relative = path.relative_to(folder)
        paths += [(relative / name).as_posix() for name in files if name.endswith(".py")]
    return sorted(paths)


def module_name(path: str) -> str:
    """Dotted module name of a relative path: "json/decoder.py" gives "json.decoder"."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def structure(function: FunctionNode) -> str:
    """Digest of the syntax tree without identifiers, literals, annotations and decorators.

    Functions with equal digests are type-2 clones: equal up to names and literals.
    """
    shape: list[str] = []
    stack: list[ast.AST] = [*function.body, function.args]
    while stack:
        node = stack.pop()
        before = len(stack)
        if not isinstance(node, ast.arg | ast.Constant):
            stack += children(node)
        shape.append(f"{type(node).__name__}{len(stack) - before}")
    return sha256(" ".join(shape).encode()).hexdigest()


def _defined(tree: ast.Module) -> Iterator[tuple[str, FunctionNode]]:
    """Qualified name and node of each function and method, in source order; no nested functions."""
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        prefix, node = stack.pop()
        if isinstance(node, FunctionNode):
            yield prefix + node.name, node
            continue
        if isinstance(node, ast.ClassDef):
            prefix += node.name + "."
        if not isinstance(node, ast.expr):
            stack += [(prefix, child) for child in reversed(children(node))]


def _code_lines(lines: list[str]) -> int:
    return sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _source(node: FunctionNode, lines: list[str]) -> str | None:
    """The function's text by the rules `TEXT`. None if its size is wrong or it cannot be parsed on its own."""
    assert node.end_lineno is not None
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    if ast.get_docstring(node, clean=False) is not None:
        if len(node.body) == 1:
            return None
        text = node.body[0]
        assert text.end_lineno is not None
        if node.body[1].lineno <= text.end_lineno or lines[text.lineno - 1][: text.col_offset].strip():
            return None  # the docstring shares a line with code
    function_lines = lines[first : node.end_lineno]
    source = function_text("\n".join(function_lines), TEXT, "python")
    if not MIN_LINES <= _code_lines(source.split("\n")) <= MAX_LINES:
        return None
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    if any(line.strip() and not line.startswith(indent) for line in function_lines):
        try:  # a line of a string or a comment has less indentation than the function
            ast.parse(source)
        except SyntaxError:
            return None
    return source


def functions_of(text: str) -> Iterator[tuple[str, str, str]]:
    """(qualified name, source, structure) of each function of suitable size in a module's text.

    Raises SyntaxError or ValueError (null bytes) if the text is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the code may contain invalid escapes
        tree = ast.parse(text)
        lines = clean(text).split("\n")
        for name, node in _defined(tree):
            source = _source(node, lines)
            if source is not None:
                yield name, source, structure(node)


def collect(folder: Path, at_most: int, rng: random.Random) -> Collected:
    """Read modules of `folder` in random order until there are `at_most` functions.

    A function with the `structure` of an earlier one, in any module, is skipped. The result depends only on the
    files' content and `rng`.
    """
    files = python_files(folder)
    rng.shuffle(files)
    functions: dict[str, Function] = {}
    seen: set[str] = set()
    unreadable = duplicates = read = 0
    for path in files:
        if len(functions) >= at_most:
            break
        read += 1
        module = module_name(path)
        try:
            defined = list(functions_of(read_regular(folder / path).decode("utf-8-sig")))
        except (SyntaxError, ValueError, RecursionError, OSError):
            unreadable += 1
            continue
        for name, source, shape in defined:
            if shape in seen:
                duplicates += 1
                continue
            seen.add(shape)
            identity, copy = f"{module}:{name}", 2
            while identity in functions:  # overloads, or functions defined in both branches of an if
                identity, copy = f"{module}:{name}~{copy}", copy + 1
            functions[identity] = Function(identity, source, module)
    return Collected(tuple(functions.values())[:at_most], read, unreadable, duplicates)
