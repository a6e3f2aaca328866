"""The tool that draws groups of scans for a person to judge."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from avatar.common.errors import DataError

TOOL = Path(__file__).resolve().parents[1] / "tools" / "draw_groups.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_groups", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["draw_groups"] = module
    spec.loader.exec_module(module)
    return module


def report(folder: Path, name: str, groups: int) -> Path:
    """A report of `groups` groups of two functions, whose code is in `folder`."""
    root = folder / name
    root.mkdir()
    (root / "a.py").write_text("\n".join(f"line {number}" for number in range(1, 200)))
    findings = [
        {
            "functions": [
                {"file": "a.py", "name": f"f{number}", "first_line": first, "last_line": first + 1}
                for first in (2 * number + 1, 2 * number + 101)
            ],
            "probability": 0.5 + number / 1000,
            "kind": "near",
        }
        for number in range(groups)
    ]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"root": str(root), "findings": findings}))
    return path


def drawn(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["draw_groups.py", *arguments])
    return int(tool.main())


def test_groups_are_shown_with_code_and_without_probability(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = [str(report(tmp_path, name, 20)) for name in ("one", "two")]
    for name in ("markdown", "jsonl"):
        output = tmp_path / name
        command = [*reports, "--number", "10", "--seed", "3", "--format", name, "--output", str(output)]
        assert drawn(tool, monkeypatch, *command) == 0
        text = output.read_text()
        assert "line " in text
        assert "0.5" not in text
        assert "near" not in text
    groups = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert len({(one["project"], one["id"]) for one in groups}) == 10
    assert {one["project"] for one in groups} == {"one", "two"}
    first, last = groups[0]["functions"][0]["lines"]
    assert groups[0]["functions"][0]["code"] == f"line {first}\nline {last}"
    assert groups[0]["verdict"] == ""


def test_the_seed_decides(tool: ModuleType, tmp_path: Path) -> None:
    groups = [tool.read_groups(report(tmp_path, name, 20)) for name in ("one", "two")]
    draws = [[one.identity for one in tool.draw(groups, 15, seed)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]
    limited = tool.draw(groups, 6, 1, each=3)
    assert sorted(one.project for one in limited) == ["one"] * 3 + ["two"] * 3


def test_every_group_has_the_same_chance(tool: ModuleType, tmp_path: Path) -> None:
    groups = [tool.read_groups(report(tmp_path, "one", 4)), tool.read_groups(report(tmp_path, "two", 12))]
    counts = {one.identity: 0 for part in groups for one in part}
    for seed in range(800):
        for one in tool.draw(groups, 4, seed):
            counts[one.identity] += 1
    assert all(140 <= count <= 260 for count in counts.values()), counts  # 200 on average, deviation 12


def test_wrong_requests(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = report(tmp_path, "one", 3)
    with pytest.raises(DataError, match="fewer than 4"):
        tool.draw([tool.read_groups(good)], 4, 1)
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    command = [str(bad), "--number", "1", "--seed", "1", "--output", str(tmp_path / "out")]
    assert drawn(tool, monkeypatch, *command) == 2
    assert "not a report of a scan" in capsys.readouterr().err
    (tmp_path / "one" / "a.py").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        tool.shown(tool.read_groups(good)[0], 2, 10)
