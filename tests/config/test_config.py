"""The composed configuration: every shipped choice is valid, and every error message says what to change."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from avatar.checks import registered
from avatar.checks.preflight import problems_of, typed
from avatar.common.errors import AvatarError, ConfigError
from avatar.config import Config, checks, register_schema
from avatar.config.error_messages import user_error
from avatar.config.problems import refuse
from avatar.space.space import SearchSpace

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
GROUPS = [path.name for path in CONF.iterdir() if path.is_dir() and path.name not in ("hydra", "experiment")]
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.fixture(autouse=True)
def hydra_on_conf() -> Iterator[None]:
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def load(*overrides: str) -> Config:
    """The typed configuration, after all checks that need only the configuration."""
    cfg = typed(compose("config", [*overrides, "output_dir=out"]))
    refuse(problems_of(cfg, [*checks.CHECKS, *registered.CHECKS]))
    return cfg


def mistake(*overrides: str) -> AvatarError:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        load(*overrides)
    error = user_error(caught.value, CONF)
    assert error is not None, caught.value
    return error


NEEDS = {
    "predictions": ["teacher.path=x.npy"],
    "vectors": ["teacher.path=x.npy"],
    "pairs": ["dataset.language=java"],
    "samples": ["dataset.language=java"],
    "fixes": ["dataset.language=c"],
}
"""Other values that a choice needs."""


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_composes(group: str, choice: str) -> None:
    assert isinstance(load(f"{group}={choice}", *NEEDS.get(choice, [])), Config)


@pytest.mark.parametrize("experiment", sorted(path.stem for path in (CONF / "experiment").glob("*.yaml")))
def test_every_experiment_composes_and_wins_over_the_defaults(experiment: str) -> None:
    cfg = load(f"+experiment={experiment}")
    assert cfg.experiment == experiment
    SearchSpace.from_config(cfg.search_space)


def test_the_default_job_is_offline() -> None:
    cfg = load()
    assert (cfg.experiment, cfg.dataset.name, cfg.teacher.name) == ("demo", "stdlib", "minilm")


@pytest.mark.parametrize(
    ("override", "says", "hints"),
    [
        ("serach.rounds=2", "no key 'serach.rounds'", "did you mean 'search.rounds'"),
        ("dataset.rot=x", "no key 'dataset.rot'", "did you mean 'dataset.root'"),
        ("+dataset.rot=x", "no key 'dataset.rot'", "did you mean 'dataset.root'"),
        ("teacher=codebret", "teacher is 'codebret'", "did you mean 'codebert'"),
        ("+experiment=clone_bcd", "experiment is 'clone_bcd'", "did you mean 'clone_bcb'"),
        ("experiment=clone_bcb", "added with a plus", "write +experiment=clone_bcb"),
        ("experiment=clone_bcd", "did you mean 'clone_bcb'?", "tracking.experiment=clone_bcd"),
        ("experiment=mine", "added with a plus: +experiment=NAME; available: clone_bcb", "tracking.experiment=mine"),
        ("dataset.root.x=1", "no key 'dataset.root.x'", "did you mean 'dataset.root'"),
        ("hydra.run.dri=x", "Hydra has no key 'hydra.run.dri'", "--cfg hydra"),
        ("seed", "'seed' has no value; an argument has the form key=value", "seed=VALUE"),
        ("seed =1", "'seed =1' cannot be read", "--cfg job"),
    ],
)
def test_a_mistyped_key_or_choice_is_answered_with_the_nearest(override: str, says: str, hints: str) -> None:
    error = mistake(override)
    assert isinstance(error, ConfigError)
    assert says in error.message
    assert hints in str(error)


def test_all_problems_come_at_once() -> None:
    error = mistake("search.rounds=0", "distill.temperature=-1", "teacher=predictions", "search.rule=best")
    for part in ("4 problems", "search.rounds is 0", "distill.temperature", "teacher.path is null", "'best'"):
        assert part in str(error)


@pytest.mark.parametrize(
    "override",
    [
        "dataset.labeled_share=1",
        "dataset.share=0",
        "search.budget_mb=-3",
        "search.objectives=[]",
        "search.objectives=[size,size]",
        "search.weights={speed: 1}",
        "distill.epochs=0",
        "teacher.timing=all",
        "trainer.accelerator=tpu",
        "seed=-1",
        "surrogate.folds=1",
    ],
)
def test_values_out_of_range_are_refused_with_their_key(override: str) -> None:
    assert override.split("=")[0].split(".")[-1] in mistake(override).message


@pytest.mark.parametrize(
    ("override", "rule"),
    [
        ("distill.rewrites=${seed}", "distill.rewrites is '1'; it must be a list"),
        ("search.objectives=${experiment}", "search.objectives is 'demo'; it must be a list"),
        ("search.weights=${seed}", "search.weights is '1'; it must be a mapping"),
        ("dataset.columns=${search.objectives}", "it must be a mapping"),
        ("teacher.mix=${distill}", "teacher.mix is"),
    ],
)
def test_a_reference_to_a_value_of_another_type_is_refused(override: str, rule: str) -> None:
    """Found by `make fuzz`: OmegaConf checks the type of a reference only for single values."""
    assert rule in mistake(override).message


@pytest.mark.parametrize("key", ["surrogate", "+experiment", "dataset.root", "teacher.model", "dataset.source"])
def test_a_name_that_no_file_can_have_is_refused(key: str) -> None:
    """Found by `make fuzz`."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        refuse(problems_of(typed(compose("config", [f"{key}={'x' * 5_000}", "output_dir=out"]))))
    error = user_error(caught.value, CONF)
    assert isinstance(error, ConfigError), caught.value


def test_a_compact_bundle_needs_int8() -> None:
    assert load("export=compact").export.compact
    assert "export.int8 is false" in str(mistake("export=compact", "export.int8=false"))


def test_recorded_predictions_cannot_be_timed() -> None:
    assert "cannot be timed" in mistake("teacher=predictions", "teacher.path=x", "teacher.timing=self").message


def test_the_program_exits_with_2_and_one_message(tmp_path: Path) -> None:
    for override in ("serach.rounds=2", "search.rounds=0"):
        done = subprocess.run(
            [sys.executable, str(ROOT / "train.py"), override, f"hydra.run.dir={tmp_path}/out"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "hint:" in done.stderr
    assert not (tmp_path / "artifacts").exists()


def test_copies_of_functions_in_no_known_language_are_refused_before_anything_is_trained() -> None:
    message = mistake("dataset=pairs").message
    assert "dataset.language is null" in message
    assert "distill.copies=0" in message
    assert load("dataset=pairs", "dataset.language=java").distill.copies
    assert not load("dataset=pairs", "distill.copies=0").distill.copies
