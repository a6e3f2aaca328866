"""Every start has an output folder of its own, whatever the clock says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from avatar.common.errors import ArtifactError
from avatar.tracking.output_folders import OutputCallback, reserve

CONF = Path(__file__).parents[2] / "conf"

PROGRAM = f"""
import datetime
import sys
import hydra
import hydra.core.utils
from pathlib import Path
from avatar.config import register_schema
register_schema()

class Stopped(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 1, 12, 0, 0)

hydra.core.utils.datetime = Stopped

@hydra.main(version_base="1.3", config_path={str(CONF)!r}, config_name="config")
def main(cfg):
    with (Path(cfg.output_dir) / "report.html").open("x") as file:
        file.write(str(cfg.seed))
    print("output", cfg.output_dir)

main()
"""


def start(folder: Path, *overrides: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "program.py", *overrides, "tracking.enabled=false", "hydra/job_logging=none"]
    (folder / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def outputs(started: "list[subprocess.Popen[str]]") -> list[Path]:
    answers = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * len(started), answers
    lines = [line for out, _ in answers for line in out.splitlines() if line.startswith("output ")]
    return [Path(line.removeprefix("output ")) for line in lines]


def test_two_jobs_of_the_same_second_have_two_folders(tmp_path: Path) -> None:
    found = outputs([start(tmp_path, f"seed={seed}") for seed in (1, 2)])
    parent = tmp_path / "outputs" / "demo"
    assert sorted(found) == [parent / "2026-01-01_12-00-00", parent / "2026-01-01_12-00-00-2"]
    assert sorted((folder / "report.html").read_text() for folder in found) == ["1", "2"]
    assert all((folder / ".hydra" / "config.yaml").exists() for folder in found)


@pytest.mark.parametrize("launcher", ["local", pytest.param("joblib", marks=pytest.mark.slow)])
def test_two_sweeps_of_the_same_second_have_two_folders(launcher: str, tmp_path: Path) -> None:
    found = outputs([start(tmp_path, "-m", f"seed={seeds}", f"executor={launcher}") for seeds in ("1,2", "3,4")])
    parent = tmp_path / "multirun" / "demo"
    whole = [parent / f"2026-01-01_12-00-00{more}" / number for more in ("", "-2") for number in ("0", "1")]
    assert sorted(parent.glob("*/[01]")) == sorted(whole)
    assert sorted((folder / "report.html").read_text() for folder in whole) == ["1", "2", "3", "4"]
    if launcher == "local":
        assert sorted(found) == sorted(whole)


@pytest.mark.parametrize("name", ["plain", "it's mine", "a=b,c", "[1] {2}", "back\\slash", "größe", "tail\\"])
def test_the_jobs_of_a_sweep_are_told_its_folder_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    hydra = {
        "overrides": {"hydra": ["hydra.mode=MULTIRUN"]},
        "sweep": {"dir": str(tmp_path / name)},
    }
    config = OmegaConf.create({"hydra": hydra})
    (tmp_path / name).mkdir()
    OutputCallback().on_multirun_start(config)
    assert (tmp_path / f"{name}-2").is_dir()
    text = config.hydra.overrides.hydra[-1]
    told = OmegaConf.create({"dir": OverridesParser.create().parse_override(text).value()})
    assert told.dir == str(tmp_path / f"{name}-2")


def test_a_folder_that_the_user_names_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert outputs([start(tmp_path, "hydra.run.dir=mine")]) == [tmp_path / "mine"]


def test_showing_the_configuration_makes_no_folder(tmp_path: Path) -> None:
    outputs([start(tmp_path, "--cfg", "all")])
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_a_place_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("in the way")
    process = start(tmp_path)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "output_dir is '" in errors
    assert "Traceback" not in errors
    with pytest.raises(ArtifactError):
        reserve(tmp_path / "outputs")
