"""Stage 3: the teacher's labels for the unlabelled half, and their scores."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.files import save_array
from avatar.common.hashing import stable_hash
from avatar.common.logging import get_logger
from avatar.config.schema import TrainerConfig
from avatar.data.records import SplitName
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.metrics import Metrics, classification, score_text
from avatar.pipeline.artifacts import Artifact, Pending
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import trainer_field
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_02_teacher import VECTORS, FrozenVectors, Teacher
from avatar.teacher.kinds import read_answers

log = get_logger("labels")


@dataclass(frozen=True)
class Inputs:
    """The data, and the teacher with its answers."""

    data: Data
    teacher: Teacher


@dataclass(frozen=True)
class Settings:
    """The metric by which the teacher's threshold is chosen."""

    metric: str = setting("dataset.metric")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    corpus, source = inputs.data.corpus, inputs.teacher.artifact.folder
    valid = read_answers(source, SplitName.VALID)
    decision = Decision()
    if valid is not None:
        decision = fit_decision(valid, corpus.labels(SplitName.VALID), settings.metric)
    metrics = {}
    for split in SplitName:
        logits = read_answers(source, split)
        if logits is not None:
            metrics[split.value] = classification(corpus.labels(split), decision.labels(logits)).as_dict()
    return {"metrics": metrics, "decision": decision}


LABELS = Stage("labels", 1, "Label the unlabelled half with the teacher", Inputs, Settings, _build)


@dataclass(frozen=True)
class VectorSettings:
    """How many tokens of a function the teacher reads, and on what device."""

    max_length: int = setting("teacher.max_length")
    trainer: TrainerConfig = trainer_field()


def _build_vectors(inputs: Inputs, settings: VectorSettings, folder: Path) -> dict[str, Any]:
    from avatar.data.inference import encode_functions
    from avatar.teacher.fine_tuning import torch_device
    from avatar.teacher.teacher_tokens import tokenize

    model, tokenizer = inputs.teacher.kind.load(inputs.teacher.artifact.folder)
    tokens, rows = tokenize(tokenizer, inputs.data.texts, settings.max_length), inputs.data.training_rows
    device = torch_device(settings.trainer)
    vectors = encode_functions(model, tokens, rows, device=device, label="teacher reads functions")
    save_array(folder / VECTORS, vectors)
    return {"functions": len(rows), "width": vectors.shape[1]}


TEACHER_VECTORS = Stage(
    "relations",
    1,
    "Compute a vector of every training function with the teacher",
    Inputs,
    VectorSettings,
    _build_vectors,
)


@dataclass(frozen=True)
class TrainingVectors:
    """The teacher's vectors of every training function, computed when they are needed."""

    data: Data
    pending: Pending

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.pending.key

    def get(self) -> NDArray[np.float32]:
        """Vectors (functions, width); 0 for functions in no training example."""
        encoded = np.load(self.pending.get().folder / VECTORS)
        vectors = np.zeros((len(self.data.texts), encoded.shape[1]), dtype=np.float32)
        vectors[self.data.training_rows] = encoded
        return vectors


@dataclass(frozen=True)
class Labels:
    """Soft labels of the unlabelled half as logits (examples, 2), and of test if the teacher has labelled it.

    `decision` turns the teacher's logits into labels; it is fitted on valid if the teacher has labelled it. `relations`
    are the teacher's vectors if the student is trained on their distances, else None.
    """

    artifact: Artifact
    soft: NDArray[np.float32]
    test: NDArray[np.float32] | None
    relations: FrozenVectors | TrainingVectors | None
    decision: Decision
    unlabeled_metrics: Metrics
    test_metrics: Metrics | None

    @cached_property
    def key(self) -> str:
        """Changes with the labels and with the vectors."""
        return stable_hash([self.artifact.key, self.relations.key if self.relations is not None else None])

    @cached_property
    def vectors(self) -> NDArray[np.float32] | None:
        """The teacher's vectors (functions, width), at least of every training function; 0 for the others."""
        return self.relations.get() if self.relations is not None else None


def run(job: Job, data: Data, teacher: Teacher) -> Labels:
    """Score the teacher's labels on all splits, and read its logits."""
    cfg, source = job.cfg, teacher.artifact.folder
    artifact = job.make(LABELS, Inputs(data, teacher))
    soft = read_answers(source, SplitName.UNLABELED)
    if soft is None:
        raise DataError(
            f"the teacher {cfg.teacher.name} has no answers for the unlabelled half", "choose another teacher.kind"
        )
    metrics = {name: Metrics(**values) for name, values in artifact.values["metrics"].items()}
    unlabeled, metric = metrics[SplitName.UNLABELED.value], cfg.dataset.metric
    log.info(
        "labels: on the unlabelled half the teacher's %s is %s", metric, score_text(getattr(unlabeled, metric), metric)
    )
    relations: FrozenVectors | TrainingVectors | None = None
    if cfg.distill.relations:
        relations = teacher.frozen or TrainingVectors(data, job.pending(TEACHER_VECTORS, Inputs(data, teacher)))
    return Labels(
        artifact,
        soft,
        read_answers(source, SplitName.TEST),
        relations,
        Decision(**artifact.values["decision"]),
        unlabeled,
        metrics.get(SplitName.TEST.value),
    )
