"""Stage 15: write the bundle, after a check of its graphs against torch on test functions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.bundle import read_bundle
from avatar.code.text import TextRules
from avatar.common.seeding import generator
from avatar.config.schema import ExportConfig
from avatar.data.records import SplitName, Task
from avatar.export import Int8Trial, VectorTrial, export_bundle
from avatar.measure.judging import Decided
from avatar.measure.model_size import bundle_mb
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_10_student import TrainedStudent

CHECKED = 200
"""Number of test functions on which the exported graphs must agree with torch."""

BUNDLE = "bundle"


@dataclass(frozen=True)
class Inputs:
    """The student, its model card, the decision that gives probabilities and labels, and the data."""

    data: Data
    student: TrainedStudent
    card: str
    decision: Decided
    text: TextRules
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """The formats of the bundle, and how it is checked."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    export: ExportConfig = setting("export")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    data, student, decision = inputs.data, inputs.student, inputs.decision
    rows = data.rows((SplitName.TEST,)).tolist()
    picked = generator(settings.seed, "export").permutation(rows)[:CHECKED]
    check = export_bundle(
        student.model,
        student.tokenizer,
        student.model.arch,
        data.corpus.task,
        folder / BUNDLE,
        [data.texts[row] for row in picked],
        inputs.card,
        temperature=decision.temperature,
        threshold=decision.threshold,
        pair_head=decision.head,
        int8=_trial(data, settings) if settings.export.int8 else None,
        text=inputs.text,
        languages=inputs.languages,
    )
    return {
        "largest_difference": check.largest_difference,
        "bundle_mb": bundle_mb(folder / BUNDLE),
        "int8_kept": check.int8 is not None and check.int8.kept,
    }


EXPORT = Stage("export", 2, "Write the bundle and compare it with PyTorch", Inputs, Settings, _build)


def run(job: Job, data: Data, student: TrainedStudent, card: str, decision: Decided) -> Artifact:
    """Write the bundle. Its probabilities and labels are made by `decision`."""
    artifact = job.make(EXPORT, Inputs(data, student, card, decision, data.corpus.text, data.corpus.languages))
    read_bundle(artifact.folder / BUNDLE)
    return artifact


def _trial(data: Data, settings: Settings) -> Int8Trial | VectorTrial:
    """The valid examples with their true labels or groups, which decide whether int8 is kept."""
    corpus, cfg, split = data.corpus, settings.export, SplitName.VALID
    if corpus.task.grouped:
        return VectorTrial(
            [corpus.functions[example.ids[0]].code for example in corpus.splits[split]],
            corpus.labels(split),
            corpus.function_languages(split),
            cfg.int8_tolerance,
            cfg.compact,
            settings.metric,
        )
    codes = [[corpus.functions[name].code for name in example.ids] for example in corpus.splits[SplitName.VALID]]
    examples = [one[0] for one in codes] if corpus.task is Task.FUNCTION else [(one[0], one[1]) for one in codes]
    labels = corpus.labels(SplitName.VALID)
    return Int8Trial(examples, labels, cfg.int8_tolerance, cfg.compact, settings.metric)  # type: ignore[arg-type]
