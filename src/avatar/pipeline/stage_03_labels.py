"""Stage 3: the teacher's labels for the unlabelled half, stored once; and its answers on test where it has any."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import writing
from avatar.common.logging import get_logger
from avatar.data.records import Corpus, SplitName
from avatar.measure.metrics import Metrics, classification
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_02_teacher import ANSWERED, Teacher, logits_file
from avatar.teacher.predictions import read_predictions

log = get_logger("labels")


@dataclass(frozen=True)
class Labels:
    """Soft labels of the unlabelled half as logits (examples, 2), and of test where the teacher was run on it."""

    artifact: Artifact
    soft: NDArray[np.float32]
    test: NDArray[np.float32] | None
    unlabeled_metrics: Metrics
    test_metrics: Metrics | None


def run(context: Context, data: Data, teacher: Teacher) -> Labels:
    """Read the recorded predictions, or let the teacher answer."""
    cfg, corpus = context.cfg, data.corpus

    def build(folder: Path) -> dict[str, Any]:
        if teacher.artifact is None:
            logits = {SplitName.UNLABELED: _recorded(Path(str(cfg.teacher.path)).expanduser(), corpus)}
        else:
            logits = {split: np.load(teacher.artifact.folder / logits_file(split)) for split in ANSWERED}
        for split, values in logits.items():
            with writing(folder / logits_file(split)) as temporary, temporary.open("wb") as stream:
                np.save(stream, values)
        return {
            split.value: classification(corpus.labels(split), values).as_dict() for split, values in logits.items()
        }

    artifact = context.store.make("labels", {"data": data.key, "teacher": teacher.key}, build)
    soft = np.load(artifact.folder / logits_file(SplitName.UNLABELED))
    test_file = artifact.folder / logits_file(SplitName.TEST)
    test = np.load(test_file) if test_file.exists() else None
    metrics = {name: Metrics(**values) for name, values in artifact.values.items()}
    unlabeled = metrics[SplitName.UNLABELED.value]
    log.info("labels: the teacher agrees with %.2f %% of the unlabelled half's truth", 100 * unlabeled.accuracy)
    return Labels(artifact, soft, test, unlabeled, metrics.get(SplitName.TEST.value))


def _recorded(path: Path, corpus: Corpus) -> NDArray[np.float32]:
    """Recorded logits of the unlabelled half's examples; the file has a row for each row of their source."""
    split = SplitName.UNLABELED
    logits = read_predictions(path, corpus.source_rows.get(split, len(corpus.splits[split])))
    return logits[corpus.rows[split]] if split in corpus.rows else logits
