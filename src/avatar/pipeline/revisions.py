"""Digests of the code behind each stage. A test fails when the code changes and the digest was not recorded again.

`python -m avatar.pipeline.revisions FILE` writes the revision and the digest of every stage.
"""

import ast
import hashlib
import importlib.util
import json
import pkgutil
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from avatar.common.files import write_text
from avatar.pipeline.stage import Stage

WITHOUT_EFFECT = ("avatar.common", "avatar.config", "avatar.tracking", "avatar.report", "avatar.pipeline")
"""Packages that change no result: errors, messages, checks, and the code that connects the stages."""

LAZY = re.compile(r"avatar(\.\w+)+:\w+")
"""How a registry names a plug-in that it imports at its first use."""


def modules_behind(stage: Stage[Any, Any]) -> list[str]:
    """Names of our modules that a stage's `build` can import, directly or not: its own first, the others sorted."""
    own = stage.build.__module__
    reached: set[str] = set()
    waiting = [own]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for other in _imported(name) if not other.startswith(WITHOUT_EFFECT)]
    return [own, *sorted(reached - {own})]


def code_digest(stage: Stage[Any, Any]) -> str:
    """Digest of the code behind a stage. Comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for name in modules_behind(stage):
        digest.update(f"{name}\x00{_code(name)}\x00".encode())
    return digest.hexdigest()[:16]


def _path(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"no module {name}"
    assert spec.origin is not None, f"{name} has no file"
    return Path(spec.origin)


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_path(name).read_text(encoding="utf-8"))


@cache
def _imported(name: str) -> tuple[str, ...]:
    modules = set()
    if "pkgutil" in _code(name):  # it imports all modules of its package
        modules |= {f"{name}.{module.name}" for module in pkgutil.iter_modules([str(_path(name).parent)])}
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Constant) and LAZY.fullmatch(str(node.value)):
            modules.add(str(node.value).partition(":")[0])
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("avatar."):
            modules.add(node.module)
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if importlib.util.find_spec(node.module).submodule_search_locations:  # type: ignore[union-attr]
                    modules |= {inner} if importlib.util.find_spec(inner) else set()
    return tuple(sorted(modules))


@cache
def _code(name: str) -> str:
    """The lines of a module without docstrings, comment lines and indentation: the same in every version of Python."""
    tree, skipped = _tree(name), set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                skipped |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    lines = enumerate(_path(name).read_text(encoding="utf-8").splitlines(), start=1)
    lines_of_code = (line.strip() for number, line in lines if number not in skipped)
    return "\n".join(line for line in lines_of_code if line and not line.startswith("#"))


def main(path: Path) -> None:
    """Write the revision and the digest of every stage to `path`."""
    from avatar.pipeline.stages import STAGES

    recorded = {stage.name: {"revision": stage.revision, "code": code_digest(stage)} for stage in STAGES}
    write_text(path, json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
