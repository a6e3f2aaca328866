"""Which jobs of a sweep are checked before the first one starts: each value once, with as few jobs as possible."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from avatar.checks.hydra_callback import CheckCallback, job_of, swept
from avatar.checks.preflight import typed
from avatar.common.errors import ConfigError
from avatar.config import register_schema

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield
    HydraConfig.instance().cfg = None


def sweep(*overrides: str) -> DictConfig:
    """The config that Hydra gives to the callbacks of `-m` with these overrides."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    arguments = [*overrides, "hydra.sweep.dir=sweeps", "hydra.mode=MULTIRUN"]
    return hydra.compose_config("config", arguments, run_mode=RunMode.MULTIRUN, with_log_configuration=False)


def jobs(*overrides: str) -> list[tuple[int, str, str]]:
    jobs = []
    for config in swept(sweep(*overrides)):
        cfg = typed(job_of(config))
        jobs.append((cfg.seed, cfg.search.name, cfg.dataset.name))
    return jobs


def test_each_value_is_in_one_job_and_no_product_is_built() -> None:
    assert jobs("seed=1,2,3", "search.name=nsga2,random", "dataset=bcb,devign") == [
        (1, "nsga2", "bcb"),
        (2, "nsga2", "bcb"),
        (3, "nsga2", "bcb"),
        (1, "random", "bcb"),
        (1, "nsga2", "devign"),
    ]


def test_ranges_and_patterns_are_written_out() -> None:
    assert [seed for seed, _, _ in jobs("seed=range(1,4)")] == [1, 2, 3]
    assert [name for _, _, name in jobs("dataset=glob(*e*)")] == ["devign", "fixes", "reveal", "samples"]


def test_of_an_interval_both_ends_are_checked() -> None:
    configs = swept(sweep("distill.temperature=interval(1,4)"))
    assert [typed(job_of(config)).distill.temperature for config in configs] == [1.0, 4.0]


def test_the_sweepers_own_parameters_count() -> None:
    config = sweep()
    with open_dict(config):
        config.hydra.sweeper.params = {"seed": "4,5"}  # as a file of conf/hydra/sweeper may say
    assert [typed(job_of(each)).seed for each in swept(config)] == [4, 5]


def test_a_pattern_without_a_match_is_refused() -> None:
    with pytest.raises(ConfigError, match="'dataset=glob\\(zz\\*\\)' gives no value"):
        jobs("dataset=glob(zz*)")


def test_the_output_folder_is_that_of_the_sweep_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = sweep("seed=1")
    assert typed(job_of(config)).output_dir == str(tmp_path / "sweeps")
    CheckCallback().on_multirun_start(config)
    assert not list(tmp_path.iterdir())


def test_a_wrong_value_ends_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        CheckCallback().on_multirun_start(sweep("search.name=nsga2,randm"))
    assert caught.value.code == 2
    assert "search.name is 'randm'; did you mean 'random'?" in capsys.readouterr().err
