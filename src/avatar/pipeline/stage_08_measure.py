"""Stage 8: everything that is measured about the student, beside its teacher and the cheap baselines."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed, generator
from avatar.data.inference import predict_logits
from avatar.data.overlaps import twin_mask
from avatar.data.records import SplitName
from avatar.measure.baselines import evaluate_baselines
from avatar.measure.calibration import expected_calibration_error, probabilities
from avatar.measure.classifier import TextClassifier, codebert_shape, of_student, of_teacher
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.energy import measure_energy
from avatar.measure.fidelity import Fidelity, agreement, kl
from avatar.measure.flops import by_thop, example_inputs
from avatar.measure.latency import measure_latency
from avatar.measure.machine import machine_name
from avatar.measure.metrics import classification
from avatar.measure.size import params, weights_mb
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.robustness import measure_robustness
from avatar.pipeline.stage_02_teacher import Teacher
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_07_student import Student
from avatar.space.size import count_flops
from avatar.student.train import distillation_examples
from avatar.teacher.store import read_teacher

log = get_logger("measure")


@dataclass(frozen=True)
class Measured:
    """Numbers by MLflow name, sentences about how they came about, and the method of the energy figures.

    `decision`, fitted on valid, makes probabilities and answers of the student's logits.
    """

    values: dict[str, float]
    notes: tuple[str, ...]
    energy_method: str | None
    decision: Decision
    artifact: Artifact


def run(
    context: Context, data: Data, teacher: Teacher, labels: Labels, student: Student, compressor: Student | None
) -> Measured:
    """Measure, once for each student and machine."""

    def build(folder: Path) -> dict[str, Any]:
        log.info("measuring: scores, robustness, baselines, latency, FLOPs, energy")
        scores, decision = _scores(data, labels, student, context.cfg.dataset.metric)
        values = {**scores, **_sizes(student)}
        remarks: list[str] = []
        if context.cfg.measure.robustness:
            flips, remarks = measure_robustness(context.cfg, data.corpus, student, decision)
            values |= flips
        if compressor is not None:
            rival, _ = _scores(data, labels, compressor, context.cfg.dataset.metric)
            values |= {
                f"baseline_compressor_{name}": value for name, value in rival.items() if name.startswith("test/")
            }
            values |= {f"baseline_compressor_{name}": value for name, value in _sizes(compressor).items()}
        values |= _baselines(context, data, labels, student)
        costs, notes, method = _costs(context, data, teacher, student)
        return {
            "values": {**values, **costs},
            "notes": [*remarks, *notes],
            "energy_method": method,
            "decision": decision,
        }

    cfg = context.cfg
    reads = {
        "student": student.artifact.key,
        "distill": cfg.distill,
        "metric": cfg.dataset.metric,
        "teacher": teacher.key,
        "labels": labels.artifact.key,
        "timing": cfg.teacher.timing,
        "measure": cfg.measure,
        "machine": machine_name(),
        "threads": torch.get_num_threads(),
        "seed": cfg.seed,
        "language": cfg.dataset.language,
        "compressor": None if compressor is None else compressor.artifact.key,
    }
    artifact = context.store.make("measure", reads, build)
    found = artifact.values
    return Measured(
        dict(found["values"]), tuple(found["notes"]), found["energy_method"], Decision(**found["decision"]), artifact
    )


def _scores(data: Data, labels: Labels, student: Student, metric: str) -> tuple[dict[str, float], Decision]:
    """Scores on test and valid, on test without twins, calibration, the teacher's, and the agreement of both.

    And the decision that was fitted on valid.
    """
    corpus = data.corpus
    values: dict[str, float] = {}
    logits = {
        split: predict_logits(student.model, student.tokens, corpus.members(split))
        for split in (SplitName.TEST, SplitName.VALID)
    }
    test = corpus.labels(SplitName.TEST)
    decision = fit_decision(logits[SplitName.VALID], corpus.labels(SplitName.VALID), metric)
    answers = decision.labels(logits[SplitName.TEST])
    values |= classification(test, answers).as_dict("test/")
    valid = classification(corpus.labels(SplitName.VALID), decision.labels(logits[SplitName.VALID]))
    values |= valid.as_dict("valid/")
    if metric != "accuracy":
        values["decision/threshold"] = decision.threshold
    alone = ~twin_mask(corpus, SplitName.TEST)
    if alone.any() and not alone.all():
        values |= classification(test[alone], answers[alone]).as_dict("test_without_twins/")
    for name, divisor in (("fidelity/ece", 1.0), ("fidelity/ece_scaled", decision.temperature)):
        values[name] = expected_calibration_error(probabilities(logits[SplitName.TEST], divisor), test)
    if labels.test is not None and labels.test_metrics is not None:
        values |= labels.test_metrics.as_dict("teacher_test/")
        followed = Fidelity(
            agreement(answers, labels.decision.labels(labels.test)), kl(logits[SplitName.TEST], labels.test)
        )
        values |= followed.as_dict()
    return values, decision


def _sizes(student: Student) -> dict[str, float]:
    return {"size/params": float(params(student.model)), "size/weights_mb": weights_mb(student.model)}


def _baselines(context: Context, data: Data, labels: Labels, student: Student) -> dict[str, float]:
    """Constant, TF-IDF and token overlap, trained on the student's examples; TF-IDF on all true labels as well."""
    cfg, corpus = context.cfg, data.corpus
    seen = distillation_examples(corpus, student.tokens, labels.soft, cfg.distill)
    assert seen.soft is not None
    answered = np.isfinite(seen.soft).all(axis=1)
    told = seen.labels.copy()
    if cfg.distill.hard_labels == "teacher" or cfg.distill.hard_share == 0:
        told[answered] = labels.decision.labels(seen.soft[answered])
    evaluate = partial(evaluate_baselines, corpus, seed=cfg.seed, metric=cfg.dataset.metric)
    found = evaluate(seen.members, told)
    halves = (SplitName.UNLABELED, SplitName.LABELED)
    truth = evaluate(
        np.concatenate([corpus.members(split) for split in halves]),
        np.concatenate([corpus.labels(split) for split in halves]),
        truth=True,
    )
    values: dict[str, float] = {}
    for name, metrics in (found | truth).items():
        values |= metrics.as_dict(f"baseline_{name}_test/")
    return values


def _costs(
    context: Context, data: Data, teacher: Teacher, student: Student
) -> tuple[dict[str, float], list[str], str | None]:
    """Latency, FLOPs and energy of student and teacher on the same test examples, in this process."""
    cfg, corpus = context.cfg, data.corpus
    functions = list(corpus.functions.values())
    members = corpus.members(SplitName.TEST)
    rows = generator(cfg.seed, "timed examples").permutation(len(members))[: cfg.measure.examples]
    examples = [tuple(functions[row].code for row in members[place]) for place in rows]
    small = of_student(student.model, student.tokenizer)
    large = _timed_teacher(context, data, teacher)
    latency = measure_latency(small, large, examples, cfg.measure.warmup, cfg.measure.teacher_examples)
    values, notes = dict(latency.as_dict()), list(latency.notes)
    values |= _flops(context, student, large)
    if large is not None:
        values["teacher_size/weights_mb"] = weights_mb(large.model)
    if not cfg.measure.energy:
        return values, notes, None
    energy = measure_energy(small.predict, examples)
    values |= energy.as_dict()
    notes.append(energy.note)
    return values, notes, energy.method


def _flops(context: Context, student: Student, large: TextClassifier | None) -> dict[str, float]:
    """GFLOPs of one example at the student's full length, closed form and by thop; the teacher's at its own."""
    arch, task = student.model.arch, student.model.task
    exact = count_flops(arch, task) / 1e9
    values = {"compute/gflops": exact}
    if context.cfg.measure.thop:
        values["compute/gflops_thop"] = (
            by_thop(student.model, example_inputs(task, arch.max_length, arch.vocab_size)) / 1e9
        )
    if large is not None:
        values["compute/gflops_ratio"] = _teacher_flops(large, task.arity, context.cfg.teacher.max_length) / 1e9 / exact
    return values


def _teacher_flops(large: TextClassifier, arity: int, length: int) -> int:
    """FLOPs of a BERT-shaped teacher by its shape: 2 per multiply-add of projections, FFN and attention."""
    config: Any = large.model.get_submodule("encoder").config
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    layer = 8 * length * hidden * hidden + 4 * length * length * hidden + 4 * length * hidden * inner
    return int(arity * layers * layer)


def _timed_teacher(context: Context, data: Data, teacher: Teacher) -> TextClassifier | None:
    """The teacher that is timed: the fine-tuned one, a shape with random weights, or none."""
    cfg, corpus = context.cfg, data.corpus
    if cfg.teacher.timing == "none":
        return None
    if cfg.teacher.timing == "codebert":
        splits = (SplitName.LABELED, SplitName.UNLABELED)
        training = np.unique(np.concatenate([corpus.members(split).ravel() for split in splits]))
        functions = list(corpus.functions.values())
        texts = [functions[row].code for row in training]
        return codebert_shape(corpus.task, texts, cfg.teacher.max_length, derive_seed(cfg.seed, "shape"))
    assert teacher.artifact is not None  # config.checks refuses timing=self with recorded predictions
    model, tokenizer = read_teacher(teacher.artifact.folder)
    return of_teacher(model, tokenizer, cfg.teacher.max_length)
