"""Checks of a new bundle: its outputs equal those of torch, and int8 costs almost no accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.bundle import PRECISIONS, BundleConfig
from avatar.code.languages import LANGUAGES
from avatar.common.errors import ArtifactError
from avatar.data.tokenizers import CodeTokenizer, encode_texts
from avatar.measure.metrics import classification
from avatar.metrics import VECTOR_METRICS, shown_metric
from avatar.metrics.vector_space import VectorSpace
from avatar.serve.predictor import Predictor, length_batches, padded
from avatar.serve.runtimes.onnx_runtime import load_session
from avatar.student.encoder import StudentModel

TOLERANCE = 1e-4
"""Largest allowed difference of a logit or a vector's component between torch and the exported graphs."""


def largest_difference(
    model: StudentModel,
    tokenizer: CodeTokenizer,
    config: BundleConfig,
    folder: Path,
    texts: Sequence[str],
    precision: str = "fp32",
) -> float:
    """Largest absolute difference of a logit between `model` (on the CPU, in eval mode) and the graphs in `folder`.

    Of a student whose answer is a vector, it is that of a component. If it, or the difference of a vector, is above
    `TOLERANCE`, it is an ArtifactError.
    """
    rows = encode_texts(tokenizer, texts, config.max_length)
    parts = PRECISIONS[precision]
    encoder = load_session(folder / parts.encoder)
    vectors = {"torch": np.zeros((len(rows), model.vector_size), np.float32)}
    vectors["onnx"] = vectors["torch"].copy()
    with torch.inference_mode():
        for batch in length_batches([len(row) for row in rows]):
            ids, mask = padded([rows[row] for row in batch], config.pad_id)
            vectors["torch"][batch] = model.encode(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
            vectors["onnx"][batch] = encoder.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    compared = [("vector", vectors["torch"], vectors["onnx"])]
    if config.has_head:
        compared.append(("logit", *_logits(model, config, folder / parts.head, vectors)))
    for what, left, right in compared:
        difference = float(np.abs(left - right).max())
        if not difference <= TOLERANCE:  # NaN too
            raise ArtifactError(
                f"the exported {precision} graphs differ from torch by {difference:.2e} in a {what}, "
                f"on {len(rows)} examples; {TOLERANCE:.0e} is allowed",
                "a student with very large or NaN weights can cause this; check the log of its training",
            )
    return difference


def _logits(
    model: StudentModel, config: BundleConfig, path: Path, vectors: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits by torch and by the graph at `path`; each function is compared with the next ones."""
    head = load_session(path)
    names = [entry.name for entry in head.get_inputs()]
    sides = {kind: [np.roll(array, -side, axis=0) for side in range(config.arity)] for kind, array in vectors.items()}
    with torch.inference_mode():
        expected: NDArray[np.float32] = model.classify(torch.from_numpy(np.stack(sides["torch"], axis=1))).numpy()
    return expected, head.run(None, dict(zip(names, sides["onnx"], strict=True)))[0]


@dataclass(frozen=True)
class Int8Trial:
    """Labelled examples that decide whether the int8 variant is kept. Use those of valid, never those of test.

    It is kept if its `metric` on them is at most `tolerance` below that of fp32 (0.002 is 0.2 percentage points of
    accuracy). With `alone`, fp32 is then left out, for the smallest folder.
    """

    examples: Sequence[str] | Sequence[tuple[str, str]]
    labels: NDArray[np.int64]
    tolerance: float = 0.002
    alone: bool = False
    metric: str = "accuracy"

    def judged(self, predictors: Mapping[str, Predictor]) -> tuple[dict[str, float], float]:
        """The score of each precision at the bundle's threshold, and the share of equal labels."""
        labels = np.asarray(self.labels)
        answers = {
            precision: predictor.predict(self.examples)[:, 1] >= predictor.config.threshold
            for precision, predictor in predictors.items()
        }
        scores = {
            precision: float(getattr(classification(labels, chosen.astype(np.int64)), self.metric))
            for precision, chosen in answers.items()
        }
        return scores, float((answers["fp32"] == answers["int8"]).mean())


@dataclass(frozen=True)
class VectorTrial:
    """As `Int8Trial` for students whose answer is a vector: functions, the numbers of their groups, their languages."""

    examples: Sequence[str]
    labels: NDArray[np.int64]
    languages: Sequence[str]
    tolerance: float = 0.002
    alone: bool = False
    metric: str = "map_at_r"

    def judged(self, predictors: Mapping[str, Predictor]) -> tuple[dict[str, float], float]:
        """The score of each precision, and the share of functions with the same nearest function."""
        known = [name if name in LANGUAGES.names() else None for name in self.languages]
        spaces = {
            precision: VectorSpace(predictor.encode(self.examples, known), np.asarray(self.labels), self.languages)
            for precision, predictor in predictors.items()
        }
        scores = {precision: VECTOR_METRICS.get(self.metric).score(space) for precision, space in spaces.items()}
        nearest = [
            np.concatenate([cosines.argmax(axis=1) for _, cosines, _ in space.compared(rows, rows)])
            for space in spaces.values()
            for rows in [np.arange(len(space.groups))]
        ]
        return scores, float((nearest[0] == nearest[1]).mean())


@dataclass(frozen=True)
class Int8Outcome:
    """Result of the trial. `agreement` is the share of examples for which both precisions give the same answer."""

    kept: bool
    score: float
    fp32_score: float
    agreement: float
    examples: int
    tolerance: float
    metric: str = "accuracy"

    @property
    def sentence(self) -> str:
        """The result in one sentence, for the log and the model card."""
        metric = shown_metric(self.metric)
        small, large, allowed = metric.text(self.score), metric.text(self.fp32_score), metric.loss_text(self.tolerance)
        return (
            f"The int8 variant was {'kept' if self.kept else 'left out'}: its {self.metric} on {self.examples} valid "
            f"examples is {small}, that of fp32 {large} (both give the "
            f"same answer for {100 * self.agreement:.2f} %); a loss of at most {allowed} is allowed."
        )


def judge_int8(folder: Path, trial: Int8Trial | VectorTrial) -> Int8Outcome:
    """Compare both precisions of the complete bundle in `folder` on the trial's examples, at the bundle's threshold."""
    labels = np.asarray(trial.labels)
    if not len(labels) or len(labels) != len(trial.examples):
        raise ArtifactError(
            f"the int8 variant cannot be judged with {len(trial.examples)} examples and {len(labels)} labels",
            "give as many labels as examples, at least one",
        )
    scores, agreement = trial.judged({precision: Predictor(folder, precision=precision) for precision in PRECISIONS})
    return Int8Outcome(
        kept=scores["fp32"] - scores["int8"] <= trial.tolerance + 1e-9,
        score=scores["int8"],
        fp32_score=scores["fp32"],
        agreement=agreement,
        examples=len(labels),
        tolerance=trial.tolerance,
        metric=trial.metric,
    )
