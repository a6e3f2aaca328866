"""Teacher and student on the same pairs, in one process: text in, label out, and the forward pass alone.

The teacher is CodeBERT's shape (12 x 768) with random weights; the student is a given bundle, or a pooled student
with random weights. Both are timed in torch, without padding and padded to full length, and each in every runtime
that is there; for cached vectors, comparisons per second.
"""

import argparse
import dataclasses
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import torch
from teacher_runtimes import variants

from avatar.bundle import read_bundle
from avatar.common.cores import allowed_cores
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import Corpus, SplitName, Task
from avatar.data.tokenizers import train_tokenizer
from avatar.export import Int8Trial, export_bundle, load_student
from avatar.measure.classifier import CODEBERT_NOTE, TextClassifier, codebert_shape
from avatar.measure.latency import Timing, measure_latency, time_calls
from avatar.measure.machine import machine_name
from avatar.serve import Predictor
from avatar.space.architecture import Architecture
from avatar.space.cost import weights_mb
from avatar.student.encoder import StudentModel
from common import store

POOLED = {
    "tokenizer": "bpe",
    "vocab_size": 8000,
    "layers": 0,
    "hidden_size": 128,
    "embedding_size": 64,
    "position": "none",
    "pooling": "max",
    "head": "interaction",
}
WARMUP = 10
WHOLE, FORWARD = "text in, label out", "forward pass"
SHARED = "p50 ms on the teacher's pairs"


class Table:
    """Rows of the result, one for each timed thing."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def add(
        self, model: str, inputs: str, what: str, timing: Timing, threads: int, shared: Timing | None = None
    ) -> None:
        """`shared` is the time on the teacher's pairs alone, where the model was timed on more."""
        row = {
            "model": model,
            "runtime": f"{timing.runtime} {timing.precision}",
            "threads": threads,
            "input": inputs,
            "timed": what,
            "p50 ms": timing.p50_ms,
            "p95 ms": timing.p95_ms,
            "pairs": timing.samples,
            SHARED: (shared or timing).p50_ms,
        }
        self.rows.append(row)
        print(row, flush=True)

    def best(self, model: str, what: str) -> dict[str, object]:
        """The row of `model` with the lowest median of those without padding."""
        rows = [row for row in self.rows if (row["model"], row["timed"], row["input"]) == (model, what, "unpadded")]
        return min(rows, key=lambda row: float(row[SHARED]))  # type: ignore[arg-type]


def main() -> None:
    """Time everything, and store the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    start = time.perf_counter()
    corpus = read_corpus(options.seed)
    texts = [function.code for function in corpus.functions.values()]
    drawn = np.random.default_rng(options.seed).permutation(len(corpus.splits[SplitName.TEST]))[: options.pairs]
    pairs = [(texts[first], texts[second]) for first, second in corpus.members(SplitName.TEST)[drawn].tolist()]
    with tempfile.TemporaryDirectory() as folder:
        place = options.bundle or pooled_bundle(corpus, texts, Path(folder) / "bundle", options)
        table, notes = Table(), []
        large = codebert_shape(Task.PAIR, texts, options.length, options.seed)
        notes += in_torch(table, place, large, pairs, options)
        fewer = [pairs[row] for row in np.linspace(0, len(pairs) - 1, options.teacher_pairs).round().astype(int)]
        student_runtimes(table, place, pairs, fewer)
        for teacher in variants(large, Path(folder), options.threads):
            in_turn(table, teacher, fewer, options.threads)
        notes += [cached(place, pairs), described(place)]
    best = {what: (table.best("teacher", what), table.best("student", what)) for what in (WHOLE, FORWARD)}
    notes += [
        f"Each in its best runtime, {what}: {teacher[SHARED] / student[SHARED]:.0f} x "
        f"({teacher['runtime']} {teacher[SHARED]:.1f} ms, {student['runtime']} {student[SHARED]:.3f} ms), medians over "
        "the teacher's pairs."
        for what, (teacher, student) in best.items()
    ]
    notes += [
        f"{machine_name()}, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}; one pair at a time, "
        f"{len(pairs)} test pairs of {corpus.name}, the teacher on {len(fewer)} of them (padded: "
        f"{options.padded_pairs}); at most {options.length} tokens a function. Load average "
        f"{os.getloadavg()[0]:.1f}; took {time.perf_counter() - start:.0f} s.",
        CODEBERT_NOTE,
    ]
    store(
        pd.DataFrame(table.rows),
        "latency_table",
        "Teacher and student, one pair at a time",
        [f"- {note}" for note in notes],
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a student for pairs; default: a pooled one, random weights")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--teacher-pairs", type=int, default=40)
    parser.add_argument("--padded-pairs", type=int, default=10, help="of the teacher, padded to full length")
    parser.add_argument("--length", type=int, default=400, help="most tokens of a function")
    parser.add_argument("--threads", type=int, default=allowed_cores(), help="of torch and of the teacher's runtimes")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def read_corpus(seed: int) -> Corpus:
    """BigCloneBench where AVATAR_DATA has it, else clones of Python's standard library."""
    root = os.environ.get("AVATAR_DATA")
    if root and (Path(root) / "bcb").is_dir():
        return load_corpus(DatasetConfig(name="bcb", root=str(Path(root) / "bcb")), seed)
    return load_corpus(DatasetConfig(name="stdlib"), seed)


def pooled_bundle(corpus: Corpus, texts: list[str], folder: Path, options: argparse.Namespace) -> Path:
    """A pooled student with random weights, int8 beside fp32; what it answers means nothing, what it costs does."""
    torch.manual_seed(options.seed)
    arch = Architecture.from_dict({**POOLED, "max_length": options.length})
    tokenizer = train_tokenizer(arch.tokenizer, arch.vocab_size, texts)
    valid = [tuple(corpus.functions[name].code for name in pair.ids) for pair in corpus.splits[SplitName.VALID][:50]]
    trial = Int8Trial(valid, corpus.labels(SplitName.VALID)[:50], tolerance=1.0)  # type: ignore[arg-type]
    model = StudentModel(arch, Task.PAIR)
    return export_bundle(model, tokenizer, arch, Task.PAIR, folder, texts[:20], "# Student\n", int8=trial).folder


def in_torch(
    table: Table, place: Path, large: TextClassifier, pairs: list[tuple[str, str]], options: argparse.Namespace
) -> list[str]:
    """Both in torch fp32, taking turns, without padding and with; the ratios as sentences."""
    bundle = read_bundle(place)
    small = TextClassifier(load_student(bundle), Predictor(place).tokenize, pad_id=bundle.config.pad_id)
    notes = []
    for inputs, count in (("unpadded", options.teacher_pairs), ("padded", options.padded_pairs)):
        widths = (min(options.length, bundle.config.max_length), options.length) if inputs == "padded" else (0, 0)
        student, teacher = (
            dataclasses.replace(model, width=width) for model, width in zip((small, large), widths, strict=True)
        )
        found = measure_latency(student, teacher, pairs, WARMUP, count)
        for what, slow, fast, ratio in (
            (WHOLE, found.teacher, found.student, found.ratio),
            (FORWARD, found.teacher_model, found.student_model, found.model_ratio),
        ):
            assert slow is not None
            assert ratio is not None
            table.add("teacher", inputs, what, slow, options.threads)
            shared = dataclasses.replace(fast, p50_ms=slow.p50_ms / ratio)  # the ratio is that of the shared pairs
            table.add("student", inputs, what, fast, options.threads, shared)
        notes.append(
            f"Same runtime (torch fp32, {options.threads} threads), {inputs}: {found.ratio:.0f} x {WHOLE}, "
            f"{found.model_ratio:.0f} x {FORWARD}."
        )
    return notes


def student_runtimes(table: Table, place: Path, pairs: list[tuple[str, str]], fewer: list[tuple[str, str]]) -> None:
    """The bundle in each runtime that is there and each precision that it has, one thread."""
    for runtime in ("onnxruntime", "openvino"):
        for precision in read_bundle(place).precisions:
            try:
                predictor = Predictor(place, threads=1, runtime=runtime, precision=precision)
            except Exception as error:
                print(f"{runtime} is left out: {error}", flush=True)
                break
            rows, some = ([predictor.tokenize(pair) for pair in given] for given in (pairs, fewer))
            named = {"runtime": runtime, "precision": precision}

            def forward(tokens: list[list[int]], predictor: Predictor = predictor) -> object:
                vectors = predictor.encode_ids(tokens)
                return predictor.compare(vectors[:1], vectors[1:])

            def whole(pair: tuple[str, str], predictor: Predictor = predictor) -> object:
                return predictor.label(predictor.predict([pair]))

            for what, call, inputs, shared in ((WHOLE, whole, pairs, fewer), (FORWARD, forward, rows, some)):
                timing = time_calls(call, inputs, len(inputs), **named)
                table.add("student", "unpadded", what, timing, 1, time_calls(call, shared, len(shared), **named))


def in_turn(table: Table, model: TextClassifier, pairs: list[tuple[str, str]], threads: int) -> None:
    """The teacher in one of its other runtimes."""
    named = {"runtime": model.runtime, "precision": model.precision}
    inputs = [model.prepare(pair) for pair in pairs]
    table.add("teacher", "unpadded", WHOLE, time_calls(model.predict, pairs, 2, **named), threads)
    table.add("teacher", "unpadded", FORWARD, time_calls(model.forward, inputs, 2, **named), threads)


def cached(place: Path, pairs: list[tuple[str, str]], batch: int = 10_000) -> str:
    """Comparisons per second of vectors that are there already."""
    predictor = Predictor(place, threads=1)
    vectors = predictor.encode([code for pair in pairs for code in pair])
    left, right = np.random.default_rng(0).integers(0, len(vectors), (2, batch))
    sides = vectors[left], vectors[right]
    together = time_calls(lambda _: predictor.compare(*sides), range(20), 3)
    alone = time_calls(lambda row: predictor.compare(sides[0][row : row + 1], sides[1][row : row + 1]), range(1000), 50)
    return (
        f"Cached vectors, onnxruntime, 1 thread: {batch / together.p50_ms * 1e3:,.0f} comparisons per second "
        f"{batch:,} at a time, {1e3 / alone.p50_ms:,.0f} one at a time."
    )


def described(place: Path) -> str:
    """The student in one sentence: shape, weights, bytes of each file."""
    bundle = read_bundle(place)
    arch = Architecture.from_dict(bundle.config.architecture)
    files = ", ".join(f"{name} {bundle.path(name).stat().st_size:,}" for name in bundle.digests)
    return f"Student: {arch}, {weights_mb(arch, Task.PAIR):.2f} MB of weights. Bytes: {files}."


if __name__ == "__main__":
    main()
