"""Values on the command line: each is read as written, or the error message says how to quote it."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import assume, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from avatar.checks.preflight import typed
from avatar.common.errors import ConfigError
from avatar.config import register_schema
from avatar.config.command_line import pasteable, readable
from avatar.config.error_messages import user_error

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"


@pytest.fixture
def hydra() -> Iterator[None]:
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def value(key: str, *arguments: str) -> object:
    value = OmegaConf.select(compose("config", readable(arguments)), key)
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize(
    "text",
    [
        "~/data",
        "/tmp/my data (2)",
        "/tmp/a=b",
        "/tmp/größe/数据/данные",
        "/tmp/[x]",
        "/tmp/{x}",
        "/tmp/it's",
        '/tmp/the "new" one',
        "/tmp/a;b&c#d!e<f>g",
        "C:\\data",
        "007",
        "1e3",
        "true",
        "2024_01",
        "x:y",
    ],
)
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    assert value("dataset.root", f"dataset.root={text}") == text


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1))
def test_any_text_arrives_that_is_no_list_or_sweep(text: str) -> None:
    assume(text == text.strip() and "\\" not in text and "${" not in text and "," not in text)
    assume(text.lower() != "null" and text[0] not in "[{'\"" and not re.match(r"\w[\w-]*\s*\(", text))
    (argument,) = readable([f"teacher.note={text}"])
    assert OverridesParser.create().parse_override(argument).value() == text


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1))
def test_a_quoted_value_survives_the_shell_and_hydra(text: str) -> None:
    assume("${" not in text)
    (argument,) = shlex.split(pasteable("teacher.note", text))
    assert OverridesParser.create().parse_override(argument).value() == text
    assert readable([argument]) == [argument]


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize(
    ("argument", "key", "expected"),
    [
        ("dataset.root=null", "dataset.root", None),
        ("dataset.root='/tmp/x y'", "dataset.root", "/tmp/x y"),
        ("teacher.mix=[~/a.npy,/tmp/b (1).npy]", "teacher.mix", ["~/a.npy", "/tmp/b (1).npy"]),
        ("dataset.files={train: ~/a.csv, test: b=c.csv}", "dataset.files", {"train": "~/a.csv", "test": "b=c.csv"}),
        ("dataset.files.train=~/ü.csv", "dataset.files", {"train": "~/ü.csv"}),
        ("search.weights.size=2", "search.weights", {"size": 2.0}),
        ("search_space.fixed.pooling=mean", "search_space.fixed.pooling", "mean"),
        ("search_space.genes.heads={low: 1, high: 2}", "search_space.genes.heads.high", 2),
        ("search_space.genes.window.choices=[1]", "search_space.genes.window.choices", [1]),
        ("search.budget_ms=null", "search.budget_ms", None),
        ("tracking.experiment=mine", "tracking.experiment", "mine"),
    ],
)
def test_lists_mappings_and_nothing_keep_their_meaning(argument: str, key: str, expected: object) -> None:
    assert value(key, argument) == expected


def test_what_hydra_reads_already_is_left_alone() -> None:
    arguments = [
        "-m",
        "seed=1,2",
        "+experiment=demo",
        "search.rounds=range(1,3)",
        "~parent_run",
        "--cfg",
        "job",
        "seed=",
    ]
    assert readable(arguments) == arguments


def test_the_values_of_a_sweep_are_quoted_one_by_one() -> None:
    (argument,) = readable(["dataset.root=~/a,/tmp/b (1)"])
    override = OverridesParser.create().parse_override(argument)
    assert [text.partition(":")[0] for text in override.sweep_string_iterator()] == ['"~/a"', '"/tmp/b (1)"']


def test_hydra_makes_its_folders_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jo")
    assert readable(["hydra.run.dir=~/out"]) == ['hydra.run.dir="/home/jo/out"']


def test_an_argument_without_a_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="'=3' has no key"):
        readable(["=3"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("value", ["[" * 2_000 + "]" * 2_000, "{a: " * 300 + "1" + "}" * 300, "[" * 300, "(" * 5_000])
def test_a_value_of_many_brackets_is_refused_at_once(value: str) -> None:
    """Hydra's parser ends in a RecursionError for the first two, and in its own error for the others."""
    with pytest.raises(ConfigError, match=r"dataset\.root has more than 20 brackets"):
        readable([f"dataset.root={value}"])


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize(
    ("key", "digits"), [("seed", "9" * 5_000), ("seed", "-" + "9" * 4_301), ("search.rounds", "1" * 5_000)]
)
def test_a_number_of_thousands_of_digits_is_refused(key: str, digits: str) -> None:
    """Found by `make fuzz`: Python reads no number of more than 4,300 digits."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        compose("config", readable([f"{key}={digits}"]))
    error = user_error(caught.value, CONF)
    assert isinstance(error, ConfigError)
    assert "it must be a whole number" in error.message


MISTAKES = [
    ("seed=abc", "seed is 'abc'; it must be a whole number"),
    ("seed=null", "seed is null; it must be a whole number"),
    ("search.rounds=1.5", "search.rounds is '1.5'; it must be a whole number"),
    ("distill.temperature=hot", "distill.temperature is 'hot'; it must be a number"),
    ("measure.energy=perhaps", "measure.energy is 'perhaps'; it must be true or false"),
    ("search.objectives=accuracy", "search.objectives is 'accuracy'; it must be a list"),
    ("search.objectives=[accuracy", "search.objectives is '[accuracy'; it must be a list"),
    ("search.weights=[a]", "search.weights is '[a]'; it must be a mapping"),
    ("search.weights.size=x", "search.weights.size is 'x'; it must be a number"),
    ("search_space.genes.window={low: a}", "search_space.genes.window.low is 'a'; it must be a whole number, or null"),
    ("dataset.root=[a]", "dataset.root is '[a]'; it must be text, or null"),
    ("dataset.root=/tmp/a,b", "dataset.root is '/tmp/a,b'; a comma separates the values of a sweep"),
    ("teacher.mix=~/a,b", "teacher.mix is '~/a,b'; a comma separates the values of a sweep"),
    ("dataset=7", "dataset is '7'; there is no such choice"),
    ("~surrogate=1_000", "'~surrogate=1_000' removes a choice, and '1_000' is no name of one"),
    ("distill=null", "distill is 'null'; there is no such choice"),
    ("artifacts=here", "artifacts is 'here'; it must be a group of keys"),
    ("experiment=mine", "experiment is 'mine'"),
    ("experiment=clone_bcb", "experiment is 'clone_bcb'"),
    ("experiment=my runs", "experiment is 'my runs'"),
]


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize(("argument", "says"), MISTAKES)
def test_a_mistake_is_answered_in_words_and_its_hint_works(argument: str, says: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        compose("config", readable([argument]))
    error = user_error(caught.value, CONF)
    assert isinstance(error, ConfigError)
    assert says in error.message
    assert "$" not in str(error), "no template's placeholder"
    assert "Exception" not in str(error)
    hinted = re.findall(r"(?:for example|write|quote it:) (.+?)(?:;|$)", error.hint)
    assert hinted or "available" in error.hint or "its keys" in error.hint
    for text in hinted:
        compose("config", readable(shlex.split(text)))


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize("arguments", [["distill.rewrites.x='"], ["trainer=[1,2]"]])
def test_an_exception_that_hydra_raises_by_mistake_is_one_message(arguments: list[str]) -> None:
    """Found by `make fuzz`."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        compose("config", readable(arguments))
    error = user_error(caught.value, CONF)
    assert isinstance(error, ConfigError)
    assert "cannot be read" in error.message
    assert user_error(ValueError("ours")) is None


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize("value", ["{a: {b: [c]}}", "{a: [1]}"])
def test_a_mapping_in_a_mapping_of_numbers_is_named(value: str, tmp_path: Path) -> None:
    """Found by `make fuzz`."""
    with pytest.raises(ConfigError, match="must be a number"):
        typed(compose("config", [*readable([f"search.weights={value}"]), f"output_dir={tmp_path}"]))


def test_the_home_folder_is_meant_in_every_path(tmp_path: Path) -> None:
    """In the program, with the arguments as a shell passes them: each message has the home folder instead of `~`."""
    arguments = [
        "dataset.source=~/code",
        "teacher=predictions",
        "teacher.path=~/p.npy",
        "teacher.mix=[~/q.npy]",
        "artifacts.folder=~/file/artifacts",
        "tracking.artifacts=~/file/runs",
        "tracking.uri=sqlite:///~/file/mlflow.db",
        "hydra.run.dir=~/file/out",
    ]
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    for key, name in (
        ("dataset.source", "code"),
        ("teacher.path", "p.npy"),
        ("teacher.mix", "q.npy"),
        ("artifacts.folder", "file/artifacts"),
        ("tracking.artifacts", "file/runs"),
        ("output_dir", "file/out"),
    ):
        assert f"{key} is '{tmp_path}/{name}'" in done.stderr, done.stderr
    assert f"tracking.uri is 'sqlite:///{tmp_path}/file/mlflow.db'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
