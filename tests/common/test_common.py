"""Errors, registry, hashing, seeds and files that are written completely or not at all."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import AvatarError, ConfigError, DataError, did_you_mean
from avatar.common.files import write_text, writing
from avatar.common.hashing import file_digest, stable_hash
from avatar.common.logging import format_seconds
from avatar.common.registry import Registry
from avatar.common.seeding import derive_seed, generator
from avatar.space.architecture import Architecture


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    registry: Registry[int] = Registry("teacher")
    registry.register("codebert")(1)
    registry.register("minilm")(2)
    with pytest.raises(ConfigError, match="did you mean 'codebert'") as caught:
        registry.get("codebret")
    assert "minilm" in caught.value.hint


def test_a_name_is_given_once() -> None:
    registry: Registry[str] = Registry("head")
    registry.register("a")("x")
    registry.register("a")("x")
    with pytest.raises(ConfigError, match="twice"):
        registry.register("a")("y")


def test_no_near_name_lists_all() -> None:
    assert did_you_mean("zzz", ["one", "two"]) == "available: one, two"


def test_errors_survive_being_sent_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DataError("what", "fix it")))  # noqa: S301
    assert (type(error), str(error), error.exit_status) == (DataError, "what\n  hint: fix it", 2)
    assert AvatarError("x").exit_status == 1


def test_hashes_do_not_depend_on_order_or_process() -> None:
    value = {"b": Architecture(), "a": [1, 2.5, None, Path("x")], "c": np.arange(3)}
    same = {"c": [0, 1, 2], "a": [1, 2.5, None, "x"], "b": Architecture().as_dict()}
    assert stable_hash(value) == stable_hash(same)
    code = "from avatar.common.hashing import stable_hash; print(stable_hash({'s': {'x', 'y', 'z'}}))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_hashes_differ_where_values_do() -> None:
    assert len({stable_hash(value) for value in (1, "1", 1.5, [1], {"a": 1}, None, True)}) == 7


def test_something_without_a_plain_form_is_not_hashed() -> None:
    with pytest.raises(TypeError, match="object"):
        stable_hash(object())


def test_streams_are_independent_and_repeatable() -> None:
    assert derive_seed(1, "a") == derive_seed(1, "a") != derive_seed(1, "b")
    assert generator(3, "x").integers(1 << 30) == generator(3, "x").integers(1 << 30)
    assert 0 <= derive_seed(0) < 2**31


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "old")

    def fails() -> None:
        with writing(path) as temporary:
            temporary.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_an_unwritable_path_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(AvatarError, match="cannot write") as caught:
        write_text(blocker / "below", "text")
    assert str(blocker) in caught.value.message
    assert caught.value.exit_status == 2


def test_file_digest_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert file_digest(path).startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(("seconds", "text"), [(3.2, "3 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
