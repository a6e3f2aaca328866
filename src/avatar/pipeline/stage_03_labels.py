"""Stage 3: the teacher's labels for the unlabelled half, stored once; and its answers on test where it has any."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import writing
from avatar.common.logging import get_logger
from avatar.data.inference import encode_functions
from avatar.data.records import SplitName
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.metrics import Metrics, classification, spoken
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_02_teacher import ANSWERED, VECTORS, Teacher, frozen_vectors_of, logits_file, recorded_files
from avatar.pipeline.variants import training_rows
from avatar.teacher.predictions import mixed_predictions
from avatar.teacher.store import read_teacher
from avatar.teacher.tokens import tokenize
from avatar.teacher.train import only_head_learns, torch_device

log = get_logger("labels")


@dataclass(frozen=True)
class Labels:
    """Soft labels of the unlabelled half as logits (examples, 2), and of test where the teacher was run on it.

    `vectors` (functions, width) are what the teacher makes of each training function, where a student is to learn
    from their distances. `decision`, fitted on valid where the teacher was run on it, makes answers of its logits.
    """

    artifact: Artifact
    soft: NDArray[np.float32]
    test: NDArray[np.float32] | None
    vectors: NDArray[np.float32] | None
    decision: Decision
    unlabeled_metrics: Metrics
    test_metrics: Metrics | None


def run(context: Context, data: Data, teacher: Teacher) -> Labels:
    """Read the recorded predictions, or let the teacher answer."""
    cfg, corpus = context.cfg, data.corpus

    def build(folder: Path) -> dict[str, Any]:
        if teacher.artifact is None:
            logits = {SplitName.UNLABELED: mixed_predictions(recorded_files(cfg.teacher), corpus, SplitName.UNLABELED)}
        else:
            logits = {split: np.load(teacher.artifact.folder / logits_file(split)) for split in ANSWERED}
        for split, values in logits.items():
            with writing(folder / logits_file(split)) as temporary, temporary.open("wb") as stream:
                np.save(stream, values)
        decision = Decision()
        if SplitName.VALID in logits:
            decision = fit_decision(logits[SplitName.VALID], corpus.labels(SplitName.VALID), cfg.dataset.metric)
        metrics = {
            split.value: classification(corpus.labels(split), decision.labels(values)).as_dict()
            for split, values in logits.items()
        }
        return {"metrics": metrics, "decision": decision}

    reads = {"data": data.key, "teacher": teacher.key, "metric": cfg.dataset.metric}
    artifact = context.store.make("labels", reads, build)
    soft = np.load(artifact.folder / logits_file(SplitName.UNLABELED))
    test_file = artifact.folder / logits_file(SplitName.TEST)
    test = np.load(test_file) if test_file.exists() else None
    metrics = {name: Metrics(**values) for name, values in artifact.values["metrics"].items()}
    decision = Decision(**artifact.values["decision"])
    unlabeled = metrics[SplitName.UNLABELED.value]
    metric = cfg.dataset.metric
    score = spoken(getattr(unlabeled, metric), metric)
    log.info("labels: on the unlabelled half the teacher's %s is %s", metric, score)
    vectors = _vectors(context, data, teacher) if cfg.distill.relations else None
    return Labels(artifact, soft, test, vectors, decision, unlabeled, metrics.get(SplitName.TEST.value))


def _vectors(context: Context, data: Data, teacher: Teacher) -> NDArray[np.float32]:
    """The teacher's vector of at least every training function, (functions, width); 0 where there is none."""
    cfg = context.cfg
    assert teacher.artifact is not None  # config.checks refuses relations with recorded predictions
    if only_head_learns(cfg.teacher):
        return frozen_vectors_of(context, data)
    source = teacher.artifact.folder

    def build(folder: Path) -> dict[str, Any]:
        model, tokenizer = read_teacher(source)
        codes = [function.code for function in data.corpus.functions.values()]
        tokens, rows = tokenize(tokenizer, codes, cfg.teacher.max_length), training_rows(data)
        device = torch_device(cfg.trainer)
        made = encode_functions(model, tokens, rows, device=device, label="teacher reads functions")
        with writing(folder / VECTORS) as temporary, temporary.open("wb") as stream:
            np.save(stream, made)
        return {"functions": len(rows), "width": made.shape[1]}

    artifact = context.store.make("relations", {"data": data.key, "teacher": teacher.key}, build)
    made = np.load(artifact.folder / VECTORS)
    vectors = np.zeros((len(data.corpus.functions), made.shape[1]), dtype=np.float32)
    vectors[training_rows(data)] = made
    return vectors
