"""All stages in their order, and the settings that are in no stage's key."""

from typing import Any

from avatar.pipeline.stage import Stage
from avatar.pipeline.stage_01_dataset import DATASET
from avatar.pipeline.stage_02_teacher import FROZEN_VECTORS, TEACHER
from avatar.pipeline.stage_03_labels import LABELS, TEACHER_VECTORS
from avatar.pipeline.stage_04_token_start import TOKEN_START
from avatar.pipeline.stage_04_tokens import COPIES, TOKENS
from avatar.pipeline.stage_05_latency import LATENCY
from avatar.pipeline.stage_06_proposals import FIRST, NEXT
from avatar.pipeline.stage_07_candidates import CANDIDATE
from avatar.pipeline.stage_08_surrogate import DESCRIBED, SURROGATE
from avatar.pipeline.stage_09_search import SEARCH, TIMED
from avatar.pipeline.stage_10_student import STUDENT
from avatar.pipeline.stage_11_finals import CHALLENGERS, FINALS
from avatar.pipeline.stage_12_compressor import COMPRESSOR
from avatar.pipeline.stage_13_measure import MEASURE
from avatar.pipeline.stage_15_export import EXPORT

STAGES: tuple[Stage[Any, Any], ...] = (
    DATASET,
    FROZEN_VECTORS,
    TEACHER,
    LABELS,
    TEACHER_VECTORS,
    COPIES,
    TOKENS,
    TOKEN_START,
    LATENCY,
    FIRST,
    CANDIDATE,
    DESCRIBED,
    SURROGATE,
    SEARCH,
    NEXT,
    TIMED,
    STUDENT,
    CHALLENGERS,
    FINALS,
    COMPRESSOR,
    MEASURE,
    EXPORT,
)
"""Every stage that makes an artifact, in the order of a job. The report (stage 14) is written again each time."""

NO_STAGE = {
    "search.rounds": "it sets the number of rounds; the inputs of each round are in the keys of its stages",
    "measure.compressor_baseline": "it switches a stage on or off; its student is an input of the measurement",
    "tracking": "it says where runs are recorded",
    "executor": "it sets how many jobs run at once; where threads matter, they are a part of 'the machine' in the key",
    "artifacts": "it says where artifacts are kept, and how they are checked",
    "experiment": "it is the name under which MLflow lists the run",
    "output_dir": "it says where the report is written",
    "parent_run": "it says which run of MLflow the job belongs to",
    "debug": "it says how errors are shown",
    "plan": "it says that nothing is run",
}
"""Settings, or groups of them, that no artifact depends on, each with the reason."""
