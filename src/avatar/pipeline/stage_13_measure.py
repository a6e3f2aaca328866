"""Stage 13: everything that is measured about the student, beside its teacher and the cheap baselines."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed, generator
from avatar.config.schema import DistillConfig, MeasureConfig
from avatar.data.records import SplitName
from avatar.measure.baselines import evaluate_baselines, evaluate_vector_baselines
from avatar.measure.classifier import TextClassifier, codebert_shape, of_student, of_teacher
from avatar.measure.energy_comparison import energy_of_both
from avatar.measure.flops import by_thop, example_inputs
from avatar.measure.judging import JUDGES, Decided, TeacherOnTest
from avatar.measure.latency import measure_latency
from avatar.measure.model_size import params, weights_mb
from avatar.measure.student_flips import METRICS, TITLES, rewritten_languages, student_flips
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import Machine, language_field, recipe_field, this_machine
from avatar.pipeline.stage import Stage, setting, unkeyed
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_02_teacher import Teacher
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.space.cost import count_flops
from avatar.student.distillation import distillation_examples
from avatar.teacher.teacher_model import TeacherModel

log = get_logger("measure")


@dataclass(frozen=True)
class Inputs:
    """The student, and the models that it is compared with."""

    data: Data
    teacher: Teacher
    labels: Labels
    student: TrainedStudent
    compressor: TrainedStudent | None


@dataclass(frozen=True)
class Settings:
    """What is measured, on how many examples, and on which machine."""

    seed: int = setting("seed")
    metric: str = setting("dataset.metric")
    language: str | None = language_field()
    recipe: DistillConfig = recipe_field()
    measure: MeasureConfig = setting("measure", without=("compressor_baseline",))
    timing: str = setting("teacher.timing")
    teacher_length: int = setting("teacher.max_length")
    machine: Machine = setting(via=this_machine)
    dataset: str = unkeyed("dataset.name", why="it is only the name in a message of the report")


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    log.info("measuring: scores, robustness, baselines, latency, FLOPs, energy")
    scores, decision = _scores(inputs.data, inputs.labels, inputs.student, settings.metric)
    values = {**scores, **_sizes(inputs.student)}
    remarks: list[str] = []
    if settings.measure.robustness:
        flips, remarks = _robustness(inputs, settings, decision)
        values |= flips
    if inputs.compressor is not None:
        baseline, _ = _scores(inputs.data, inputs.labels, inputs.compressor, settings.metric)
        baseline = {name: value for name, value in baseline.items() if name.startswith("test/")}
        values |= {f"baseline_compressor_{name}": value for name, value in baseline.items()}
        values |= {f"baseline_compressor_{name}": value for name, value in _sizes(inputs.compressor).items()}
    values |= _baselines(inputs, settings)
    costs, notes, method = _costs(inputs, settings)
    return {
        "values": {**values, **costs},
        "notes": [*remarks, *notes],
        "energy_method": method,
        "decision": decision,
    }


MEASURE = Stage(
    "measure", 3, "Measure the student, its teacher and the baselines", Inputs, Settings, _build, timed=True
)


@dataclass(frozen=True)
class Measured:
    """Numbers by MLflow name, sentences about how they were measured, and the method of the energy measurement.

    `decision` is fitted on valid; it turns the student's output into probabilities and labels.
    """

    values: dict[str, float]
    notes: tuple[str, ...]
    energy_method: str | None
    decision: Decided
    artifact: Artifact

    @property
    def key(self) -> str:
        """Changes with every measured number."""
        return self.artifact.key


def run(
    job: Job,
    data: Data,
    teacher: Teacher,
    labels: Labels,
    student: TrainedStudent,
    compressor: TrainedStudent | None,
) -> Measured:
    """Measure the student. It is done once for each student and machine."""
    artifact = job.make(MEASURE, Inputs(data, teacher, labels, student, compressor))
    values = artifact.values
    return Measured(
        dict(values["values"]),
        tuple(values["notes"]),
        values["energy_method"],
        JUDGES[data.corpus.task].restored(values["decision"]),
        artifact,
    )


def _robustness(inputs: Inputs, settings: Settings, decision: Decided) -> tuple[dict[str, float], list[str]]:
    """Flip rates by MLflow name, and sentences about them; without a known language, only a sentence that says so."""
    languages = rewritten_languages(inputs.data.corpus, SplitName.TEST, settings.language)
    if not languages:
        note = (
            f"Robustness was not measured, because the language of dataset={settings.dataset} is not known: set "
            "dataset.language."
        )
        log.info(note)
        return {}, [note]
    student, count = inputs.student, settings.measure.robustness_examples
    flips = student_flips(
        student.model,
        student.tokenizer,
        decision,
        inputs.data.corpus,
        SplitName.TEST,
        count,
        languages,
        settings.seed,
    )
    shown = "; ".join(result.sentence(TITLES[kind]) for kind, result in flips.items())
    note = f"Test examples were rewritten without a change of meaning ({', '.join(languages)}): {shown}."
    log.info(note)
    return {METRICS[kind]: result.rate for kind, result in flips.items()}, [note]


def _scores(data: Data, labels: Labels, student: TrainedStudent, metric: str) -> tuple[dict[str, float], Decided]:
    """Metrics by MLflow name, and the student's decision, fitted on valid."""
    teacher = None
    if labels.test_metrics is not None:
        teacher = TeacherOnTest(labels.test_metrics, labels.test, labels.decision)
    return JUDGES[data.corpus.task].measured(student.model, student.tokens, data.corpus, metric, teacher)


def _sizes(student: TrainedStudent) -> dict[str, float]:
    return {"size/params": float(params(student.model)), "size/weights_mb": weights_mb(student.model)}


def _baselines(inputs: Inputs, settings: Settings) -> dict[str, float]:
    """Scores of every baseline, trained on the student's examples; of some also trained on all true labels."""
    corpus, labels, recipe = inputs.data.corpus, inputs.labels, settings.recipe
    if corpus.task.grouped:
        return {
            f"baseline_{name}_test/{metric}": score
            for name, scores in evaluate_vector_baselines(corpus).items()
            for metric, score in scores.items()
        }
    seen = distillation_examples(corpus, inputs.student.tokens, labels.soft, recipe)
    assert seen.soft is not None
    answered = np.isfinite(seen.soft).all(axis=1)
    train_labels = seen.labels.copy()
    if recipe.hard_labels == "teacher" or recipe.hard_share == 0:
        train_labels[answered] = labels.decision.labels(seen.soft[answered])
    evaluate = partial(evaluate_baselines, corpus, seed=settings.seed, metric=settings.metric)
    by_student_examples = evaluate(seen.members, train_labels)
    halves = (SplitName.UNLABELED, SplitName.LABELED)
    truth = evaluate(
        np.concatenate([corpus.members(split) for split in halves]),
        np.concatenate([corpus.labels(split) for split in halves]),
        truth=True,
    )
    values: dict[str, float] = {}
    for name, metrics in (by_student_examples | truth).items():
        values |= metrics.as_dict(f"baseline_{name}_test/")
    return values


def _costs(inputs: Inputs, settings: Settings) -> tuple[dict[str, float], list[str], str | None]:
    """Latency, FLOPs and energy of student and teacher on the same test examples, in this process."""
    corpus, texts, measure = inputs.data.corpus, inputs.data.texts, settings.measure
    members = corpus.members(SplitName.TEST)
    rows = generator(settings.seed, "timed examples").permutation(len(members))[: measure.examples]
    examples = [tuple(texts[member] for member in members[row]) for row in rows]
    small = of_student(inputs.student.model, inputs.student.tokenizer)
    large = _timed_teacher(inputs, settings)
    latency = measure_latency(small, large, examples, measure.warmup, measure.teacher_examples)
    values, notes = dict(latency.as_dict()), list(latency.notes)
    values |= _flops(inputs.student, large, settings)
    if large is not None:
        values["teacher_size/weights_mb"] = weights_mb(large.model)
    if not measure.energy:
        return values, notes, None
    energies, sentences, method = energy_of_both(small, large, examples, measure.energy_seconds, measure.energy_repeats)
    return {**values, **energies}, [*notes, *sentences], method


def _flops(student: TrainedStudent, large: TextClassifier | None, settings: Settings) -> dict[str, float]:
    """GFLOPs of one example at the student's full length, by formula and by thop; the teacher's at its own."""
    arch, task = student.model.arch, student.model.task
    exact = count_flops(arch, task) / 1e9
    values = {"compute/gflops": exact}
    if settings.measure.thop:
        values["compute/gflops_thop"] = (
            by_thop(student.model, example_inputs(task, arch.max_length, arch.vocab_size)) / 1e9
        )
    if large is not None and exact:  # a student without layers, windows and head has no matrix products
        values["compute/gflops_ratio"] = _teacher_flops(large, task.arity, settings.teacher_length) / 1e9 / exact
    return values


def _teacher_flops(large: TextClassifier, arity: int, length: int) -> int:
    """FLOPs of a BERT-like teacher from its shape: 2 for each multiply-add of projections, FFN and attention."""
    assert isinstance(large.model, TeacherModel)
    length = large.model.positions(length)
    config: Any = large.model.get_submodule("encoder").config
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    layer = 8 * length * hidden * hidden + 4 * length * length * hidden + 4 * length * hidden * inner
    return int(arity * layers * layer)


def _timed_teacher(inputs: Inputs, settings: Settings) -> TextClassifier | None:
    """The teacher to time: the fine-tuned one, a model of CodeBERT's shape with random weights, or None."""
    data, teacher = inputs.data, inputs.teacher
    if settings.timing == "none":
        return None
    if settings.timing == "codebert":
        texts = [data.texts[row] for row in data.training_rows]
        return codebert_shape(data.corpus.task, texts, settings.teacher_length, derive_seed(settings.seed, "shape"))
    model, tokenizer = teacher.kind.load(teacher.artifact.folder)
    return of_teacher(model, tokenizer, settings.teacher_length, dict(zip(data.texts, data.languages, strict=True)))
