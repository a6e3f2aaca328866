"""A stage is one new file, a line in the list of stages, and a line in `run_job.py`."""

from pathlib import Path

from conftest import Scratch

PROJECT = Path(__file__).parents[2]

FILE = '''"""Stage: how long the functions are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data


@dataclass(frozen=True)
class Inputs:
    """The data."""

    data: Data


@dataclass(frozen=True)
class Settings:
    """The seed."""

    seed: int = setting("seed")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    return {"longest": max(map(len, inputs.data.texts)), "seed": settings.seed}


LENGTHS = Stage("lengths", 1, "Measure how long the functions are", Inputs, Settings, _build)


def run(job: Job, data: Data) -> Artifact:
    """Measure them."""
    return job.make(LENGTHS, Inputs(data))
'''

JOB = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from jobs import small_job, write_pairs
from avatar.pipeline.plan import plan
from avatar.pipeline.run_job import run_job
from avatar.tracking.runs import Run

folder = Path("job")
cfg = small_job(write_pairs(folder / "data"), folder)
run_job(cfg, Run())
cfg.seed = 2
print([(step.stage, step.state) for step in plan(cfg) if step.stage == "lengths"])
"""


def test_a_stage_is_one_file_and_two_lines(scratch: Scratch) -> None:
    scratch.write("src/avatar/pipeline/stage_01_lengths.py", FILE)
    stages, run_job = "src/avatar/pipeline/stages.py", "src/avatar/pipeline/run_job.py"
    scratch.add_after(stages, "    DATASET,", "    LENGTHS,")
    scratch.add_after(
        stages,
        "from avatar.pipeline.stage_01_dataset import DATASET",
        "from avatar.pipeline.stage_01_lengths import LENGTHS",
    )
    scratch.add_after(
        run_job,
        "    data = stage_01_dataset.run(job)",
        "    from avatar.pipeline import stage_01_lengths\n    stage_01_lengths.run(job, data)",
    )
    answer = scratch.run("-c", JOB.format(tests=str(PROJECT / "tests" / "pipeline")))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "[('lengths', 'to do: seed is 2, was 1')]"
