"""The interface to codecarbon: which counter was read, and clear errors where that cannot be known."""

import ast
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import avatar
from avatar.common.errors import AvatarError
from avatar.measure.power_meter import PowerMeter, counters


class CPU:
    """Stands for codecarbon's device of this name."""

    def __init__(self, mode: str | None = None) -> None:
        if mode is not None:
            self._mode = mode


class GPU:
    """Also for its name."""


class RAM:
    """Also for its name."""


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([RAM(), CPU("intel_rapl")], ("rapl", False)),
        ([CPU("windows_emi")], ("emi", False)),
        ([CPU("cpu_load"), RAM()], (None, False)),
        ([CPU("constant"), GPU()], (None, True)),
        ([RAM()], (None, False)),
    ],
)
def test_the_counter_that_was_read_is_named(devices: list[Any], expected: tuple[str | None, bool]) -> None:
    assert counters(devices) == expected


@pytest.mark.parametrize("devices", [None, [], [CPU(), RAM()]])
def test_a_codecarbon_that_does_not_tell_its_method_is_refused(devices: list[Any] | None) -> None:
    with pytest.raises(AvatarError, match="does not tell how it measured") as caught:
        counters(devices)
    assert "measure.energy=false" in caught.value.hint


def test_the_installed_codecarbon_tells_its_method() -> None:
    meter = PowerMeter(0.2)
    meter.start()
    sum(range(10**6))
    meter.stop()
    assert meter.reading.cpu_counter in ("rapl", "emi", None)
    assert meter.reading.cpu_kwh + meter.reading.ram_kwh > 0


def test_nothing_counted_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = PowerMeter(0.2)
    for used in (None, SimpleNamespace(energy_consumed=0.0)):
        monkeypatch.setattr(meter, "_tracker", SimpleNamespace(final_emissions_data=used))
        with pytest.raises(AvatarError, match="gave no energy"):
            _ = meter.reading


def test_without_codecarbon_the_error_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with pytest.raises(AvatarError, match="codecarbon") as caught:
        PowerMeter(0.2)
    assert "avatar-code[train]" in caught.value.hint
    assert "measure.energy=false" in caught.value.hint


@pytest.mark.parametrize(
    ("package", "module"),
    [("codecarbon", "measure/power_meter.py"), ("thop", "measure/flops.py")],
)
def test_one_module_knows_the_package(package: str, module: str) -> None:
    folder = Path(avatar.__file__).parent
    users = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if package in {name.partition(".")[0] for name in names}:
                users.add(path.relative_to(folder).as_posix())
    assert users == {module}
