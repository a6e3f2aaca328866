"""Draw the graph of packages and imports in ARCHITECTURE.md: `python tools/architecture.py`."""

import ast
import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "ARCHITECTURE.md"
BEGIN, END = "<!-- drawn by tools/architecture.py -->", "<!-- end -->"


def layers() -> list[str]:
    """The packages from the top layer to the lowest, as listed for import-linter in pyproject.toml."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return [name.removeprefix("avatar.") for name in contracts[0]["layers"]]


def imports(package: str) -> set[str]:
    """The packages of Avatar that `package` imports."""
    root = PROJECT / "src" / "avatar"
    files = sorted((root / package).rglob("*.py")) if (root / package).is_dir() else [root / f"{package}.py"]
    packages = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("avatar."):
                packages.add(node.module.split(".")[1])
    return packages & set(layers()) - {package}


def arrows() -> list[tuple[str, str]]:
    """Pairs (importer, imported), without those that follow from other pairs."""
    order = layers()
    direct = {name: imports(name) for name in order}
    reached: dict[str, set[str]] = {}
    for name in reversed(order):
        reached[name] = set(direct[name]).union(*(reached.get(other, set()) for other in direct[name]))
    return [
        (name, other)
        for name in order
        for other in order
        if other in direct[name] and not any(other in reached[middle] for middle in direct[name] - {other})
    ]


def picture() -> str:
    """The graph in Mermaid syntax."""
    lines = ["```mermaid", "graph TD"]
    lines += [f"    {name} --> {other}" for name, other in arrows()]
    return "\n".join([*lines, "```"])


def page() -> str:
    """ARCHITECTURE.md with the current graph."""
    text = PAGE.read_text(encoding="utf-8")
    drawn = f"{BEGIN}\n{picture()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: drawn, text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
