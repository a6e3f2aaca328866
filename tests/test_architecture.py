"""The picture of the architecture is that of the code."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).parents[1]


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architecture", PROJECT / "tools" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_current() -> None:
    assert (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8") == tool().page(), "python tools/architecture.py"


def test_every_package_has_a_line_and_an_arrow() -> None:
    text, architecture = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8"), tool()
    listed = set(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", text, flags=re.MULTILINE))
    assert listed == set(architecture.layers())
    assert {name for arrow in architecture.arrows() for name in arrow} == set(architecture.layers())


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
