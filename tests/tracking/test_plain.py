from dataclasses import replace

import pytest
import yaml

from avatar.config.schema import Config
from avatar.tracking.mlflow_values import LONGEST_VALUE, config_hash, config_yaml, finite, flat_params, result_yaml


def test_hash_ignores_where_a_job_runs_and_sees_what_it_computes() -> None:
    cfg = Config()
    elsewhere = replace(cfg, output_dir="other", parent_run="abc", debug=True)
    assert config_hash(elsewhere) == config_hash(cfg)
    assert config_hash(replace(cfg, seed=2)) != config_hash(cfg)
    assert config_hash(replace(cfg, search=replace(cfg.search, evaluations=7))) != config_hash(cfg)


def test_params_are_flat_and_complete() -> None:
    params = flat_params(Config())
    assert params["dataset.name"] == "stdlib"
    assert params["search.objectives"] == '["accuracy", "size", "latency", "flops"]'
    assert params["seed"] == "1"
    assert "output_dir" not in params
    assert not any(name.startswith("tracking") for name in params)


def test_a_long_value_is_cut_and_marked() -> None:
    cfg = Config()
    cfg.teacher.note = "a" * 10_000
    other = Config()
    other.teacher.note = "a" * 10_001
    cut = flat_params(cfg)["teacher.note"]
    assert len(cut) == LONGEST_VALUE
    assert "sha256:" in cut
    assert cut != flat_params(other)["teacher.note"]


def test_yaml_contains_the_whole_configuration() -> None:
    read = yaml.safe_load(config_yaml(Config(seed=5)))
    assert read["seed"] == 5
    assert read["tracking"]["uri"] == "sqlite:///mlflow.db"


def test_only_measured_numbers_are_kept() -> None:
    metrics = finite({"test/f1": 0.5, "test/mcc": float("nan"), "size/params": 3, "latency/ratio": None})
    assert metrics == {"test/f1": 0.5, "size/params": 3.0}
    assert finite({"energy/co2e_mg_per_example": float("inf")}) == {}


@pytest.mark.parametrize("name", ["accuracy", "Test/F1", "test/", "a/b/c", "test/f 1"])
def test_other_forms_of_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="group/name"):
        finite({name: 1.0})


def test_the_settings_of_the_result_have_no_folders() -> None:
    one, other = (Config(seed=5, output_dir=folder, parent_run=folder) for folder in ("a", "b"))
    other.artifacts.folder, other.tracking.uri, other.executor.jobs = "c", "sqlite:///d.db", 3
    assert result_yaml(one) == result_yaml(other) != result_yaml(Config(seed=6))
    assert yaml.safe_load(result_yaml(one))["seed"] == 5
