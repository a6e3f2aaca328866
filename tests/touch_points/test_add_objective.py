"""A measured objective is one new file."""

from pathlib import Path

from conftest import Scratch

PROJECT = Path(__file__).parents[2]

FILE = '''"""How many answers are label 1."""

from typing import ClassVar

from avatar.data.records import SplitName
from avatar.search.objectives.base import OBJECTIVES, MeasuredObjective, TrainedCandidate


@OBJECTIVES.register("alarms")
class Alarms(MeasuredObjective):
    """The share of valid examples that get label 1; in [0, 1]."""

    name: ClassVar[str] = "alarms"
    title: ClassVar[str] = "share of alarms"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    mlflow: ClassVar[str] = "alarms/share"

    def measure(self, candidate: TrainedCandidate) -> float:
        """The share of positive answers."""
        from avatar.data.inference import predict_logits

        tokens = candidate.tokens.truncated(candidate.model.arch.max_length)
        logits = predict_logits(candidate.model, tokens, candidate.corpus.members(SplitName.VALID))
        return float((logits[:, 1] > logits[:, 0]).mean())
'''

JOB = """
import sys
sys.path.insert(0, {tests!r})
from dataclasses import replace
from pathlib import Path
from jobs import small_job, write_pairs
from avatar.pipeline.run_job import run_job
from avatar.tracking.runs import Run

folder = Path("job")
cfg = small_job(write_pairs(folder / "data"), folder)
cfg = replace(cfg, search=replace(cfg.search, objectives=["accuracy", "size", "alarms"], rule="knee"))
print(run_job(cfg, Run()).report.read_text().count("share of alarms"))
print((next(Path("job/artifacts/search").glob("*/front.csv"))).read_text().splitlines()[0])
"""


def test_a_measured_objective_is_one_file(scratch: Scratch) -> None:
    scratch.write("src/avatar/search/objectives/alarms.py", FILE)
    answer = scratch.run("-c", JOB.format(tests=str(PROJECT / "tests" / "pipeline")))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1].startswith("accuracy,size,alarms")
