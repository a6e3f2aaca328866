"""Stage 3: the teacher's labels for the unlabelled half, and their scores."""

import shutil
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
from avatar.data.kept_vectors import SHARDS
from avatar.data.records import Corpus, SplitName
from avatar.measure.calibration import probabilities
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.metrics import Metrics, score_text, scored
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
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
    """The data, and the teacher with its answers or vectors."""

    data: Data
    teacher: Teacher


@dataclass(frozen=True)
class Settings:
    """The metric by which the teacher's threshold is chosen."""

    metric: str = setting("dataset.metric")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    corpus, source = inputs.data.corpus, inputs.teacher.artifact.folder
    if corpus.task.grouped:
        return {"metrics": _vector_metrics(corpus, _vectors(inputs.teacher)), "decision": Decision()}
    valid = read_answers(source, SplitName.VALID)
    decision = Decision()
    if valid is not None:
        decision = fit_decision(valid, corpus.labels(SplitName.VALID), settings.metric)
    metrics = {}
    for split in SplitName:
        logits = read_answers(source, split)
        if logits is not None:
            chances = probabilities(logits, decision.temperature)[:, 1]
            answers, fixes = decision.labels(logits), corpus.fix_rows(split)
            metrics[split.value] = scored(corpus.labels(split), answers, chances, fixes).as_dict()
    return {"metrics": metrics, "decision": decision}


def _vectors(teacher: Teacher) -> NDArray[np.float32] | None:
    """The teacher's vectors (functions, width) of all functions that it has read; 0 for the others."""
    return teacher.frozen.get() if teacher.frozen is not None else teacher.recorded()


def _vector_metrics(corpus: Corpus, vectors: NDArray[np.float32] | None) -> dict[str, dict[str, float]]:
    """Scores of the teacher's vectors on each split of which it has read all functions."""
    metrics = {}
    for split in SplitName:
        rows = corpus.members(split)[:, 0]
        if vectors is not None and vectors[rows].any(axis=1).all():
            space = VectorSpace(vectors[rows], corpus.labels(split), corpus.function_languages(split))
            metrics[split.value] = {name: VECTOR_METRICS.get(name).score(space) for name in VECTOR_METRICS}
    return metrics


LABELS = Stage("labels", 2, "Label the unlabelled half with the teacher, and score it", Inputs, Settings, _build)


@dataclass(frozen=True)
class VectorSettings:
    """How many tokens of a function the teacher reads, and on what device."""

    max_length: int = setting("teacher.max_length")
    trainer: TrainerConfig = trainer_field()


def _build_vectors(inputs: Inputs, settings: VectorSettings, folder: Path) -> dict[str, Any]:
    from avatar.data.inference import encode_functions
    from avatar.teacher.fine_tuning import torch_device

    model, tokenizer = inputs.teacher.kind.load(inputs.teacher.artifact.folder)
    data, rows = inputs.data, inputs.data.training_rows
    tokens = model.table(tokenizer, data.texts, data.languages, settings.max_length)
    device = torch_device(settings.trainer)
    shards = folder / SHARDS
    vectors = encode_functions(model, tokens, rows, device=device, label="teacher reads functions", keep=shards)
    save_array(folder / VECTORS, vectors)
    shutil.rmtree(shards, ignore_errors=True)
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
class RecordedVectors:
    """The recorded vectors of a teacher."""

    teacher: Teacher

    @property
    def key(self) -> str:
        """The teacher's key."""
        return self.teacher.key

    def get(self) -> NDArray[np.float32]:
        """Vectors (functions, width); 0 for functions without one."""
        vectors = self.teacher.recorded()
        assert vectors is not None  # the kind of teacher says that it gives vectors
        return vectors


@dataclass(frozen=True)
class Labels:
    """Soft labels of the unlabelled half as logits (examples, 2), and of test if the teacher has labelled it.

    Groups of clones have no soft labels, and without a teacher there are no scores: these fields are then None.
    `decision` turns the teacher's logits into labels; it is fitted on valid if the teacher has labelled it. `relations`
    are the teacher's vectors if the student is trained on their distances, else None.
    """

    artifact: Artifact
    soft: NDArray[np.float32] | None
    test: NDArray[np.float32] | None
    relations: FrozenVectors | TrainingVectors | RecordedVectors | None
    decision: Decision
    unlabeled_metrics: Metrics | None
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
    """Score the teacher's labels or vectors on all splits, and read its logits."""
    cfg, source = job.cfg, teacher.artifact.folder
    artifact = job.make(LABELS, Inputs(data, teacher))
    soft = read_answers(source, SplitName.UNLABELED)
    if soft is None and not data.corpus.task.grouped:
        raise DataError(
            f"the teacher {cfg.teacher.name} has no answers for the unlabelled half", "choose another teacher.kind"
        )
    metrics = {name: Metrics(**values) for name, values in artifact.values["metrics"].items()}
    unlabeled, metric = metrics.get(SplitName.UNLABELED.value), cfg.dataset.metric
    if unlabeled is not None:
        shown = score_text(getattr(unlabeled, metric), metric)
        log.info("labels: on the unlabelled half the teacher's %s is %s", metric, shown)
    relations: FrozenVectors | TrainingVectors | RecordedVectors | None = None
    if cfg.distill.relations and teacher.kind.gives_vectors:
        relations = teacher.frozen
        if relations is None and teacher.kind.runs:
            relations = TrainingVectors(data, job.pending(TEACHER_VECTORS, Inputs(data, teacher)))
        elif relations is None:
            relations = RecordedVectors(teacher)
    return Labels(
        artifact,
        soft,
        read_answers(source, SplitName.TEST),
        relations,
        Decision(**artifact.values["decision"]),
        unlabeled,
        metrics.get(SplitName.TEST.value),
    )
