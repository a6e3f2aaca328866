"""Pairs per second of distillation: a plain loop, similar lengths together, and distinct windows.

The same architecture each time. `plain` encodes both functions of every pair, padded to the student's length;
`bucketed` puts similar lengths together and encodes each function of a batch once; `windows` is what `distil`
does for a student that takes a maximum: each distinct window once, gradients through the maxima alone. The last
rows are `distil` itself, with Lightning, averaging, validation and checkpoints: at this length and at the longest one
that the searched students read, in other batches, and in bfloat16. The shares tell where the time of a bare loop goes.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from avatar.common.cores import allowed_cores
from avatar.config.schema import DatasetConfig, DistillConfig, TrainerConfig
from avatar.data.batching import Batch, Examples, TokenTable, bucketed
from avatar.data.load import load_corpus
from avatar.data.records import Corpus, SplitName, Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts, train_tokenizer
from avatar.measure.machine import machine_name
from avatar.space.architecture import LONGEST, Architecture
from avatar.space.cost import weights_mb
from avatar.student.distillation import distil, readable
from avatar.student.encoder import StudentModel
from avatar.student.loss import distillation_loss
from common import store


def main() -> None:
    """Time every way on the same pairs, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="time spent on each way")
    parser.add_argument("--threads", type=int, default=allowed_cores())
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--window", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    name = "bcb" if os.environ.get("AVATAR_DATA") else "stdlib"
    corpus = load_corpus(DatasetConfig(name=name, folder=name), seed=1)
    arch = Architecture(
        tokenizer="word",
        vocab_size=1000,
        layers=0,
        hidden_size=options.hidden,
        hidden_dropout=0.1,
        max_length=512,
        position="none",
        learning_rate=2e-3,
        batch_size=64,
        pooling="max",
        head="interaction",
        window=options.window,
    )
    texts = [function.code for function in corpus.functions.values()]
    tokenizer = train_tokenizer(arch.tokenizer, arch.vocab_size, texts)
    tokens = TokenTable.from_lists(encode_texts(tokenizer, texts, arch.max_length), PAD_ID, UNKNOWN_ID)
    start = time.perf_counter()
    windows = readable(arch, tokens)
    prepared = time.perf_counter() - start
    members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
    soft = np.where(labels[:, None] == np.arange(2), 4.0, -4.0).astype(np.float32)  # speed does not depend on them
    ordered, distinct = Examples(tokens, members, labels, soft), Examples(windows, members, labels, soft)
    ways: dict[str, Callable[[], Iterator[Batch]]] = {
        "plain": lambda: _plain(ordered, arch),
        "bucketed": lambda: _shuffled(ordered, arch),
        "windows": lambda: _shuffled(distinct, arch),
    }
    rows: list[dict[str, object]] = []
    for way, batches in ways.items():
        pairs, seconds, shares = _train(arch, corpus.task, batches(), options.seconds)
        rows.append(_row(way, pairs, seconds) | shares)
    rows.append(_distil(arch, corpus, distinct))
    longest = replace(arch, max_length=LONGEST)
    whole = TokenTable.from_lists(encode_texts(tokenizer, texts, LONGEST), PAD_ID, UNKNOWN_ID)
    row = _distil(longest, corpus, Examples(readable(longest, whole), members, labels, soft))
    rows.append({**row, "training": f"distil, {LONGEST} tokens"})
    for size in (32, 128, 256):
        row = _distil(replace(arch, batch_size=size), corpus, distinct)
        rows.append({**row, "training": f"distil, batches of {size}"})
    row = _distil(arch, corpus, distinct, "bf16-mixed")
    rows.append({**row, "training": "distil, bf16-mixed"})
    store(
        pd.DataFrame(rows),
        "training_speed",
        "Pairs per second of distillation",
        [
            f"{corpus.name}, {len(members):,} pairs; {arch}; {weights_mb(arch, corpus.task):.2f} MB; batches of "
            f"{arch.batch_size}; {options.threads} threads; {machine_name()}. Functions are cut at {arch.max_length} "
            f"tokens; the distinct windows of the whole corpus take {prepared:.1f} s, once.",
            "The rows of `distil` count everything that it does: Lightning, the average of the weights, valid after "
            "each epoch, checkpoints.",
        ],
    )


def _plain(examples: Examples, arch: Architecture) -> Iterator[Batch]:
    """Every function of every pair by itself, padded to the student's length."""
    random = np.random.default_rng(0)
    order = random.permutation(len(examples))
    for low in range(0, len(order), arch.batch_size):
        rows = order[low : low + arch.batch_size]
        functions = examples.members[rows].ravel()
        found, mask = examples.tokens.padded(functions)
        ids = torch.full((len(functions), arch.max_length), PAD_ID)
        ids[:, : found.shape[1]] = found
        full = torch.zeros(ids.shape, dtype=torch.bool)
        full[:, : mask.shape[1]] = mask
        assert examples.soft is not None
        places = torch.arange(len(functions)).view(len(rows), -1)
        yield Batch(
            ids,
            full,
            places,
            torch.from_numpy(examples.labels[rows]),
            torch.from_numpy(examples.soft[rows]),
            torch.from_numpy(rows),
        )


def _shuffled(examples: Examples, arch: Architecture) -> Iterator[Batch]:
    for rows in bucketed(examples.lengths, arch.batch_size, np.random.default_rng(0)):
        yield examples.collate(rows)


def _train(
    arch: Architecture, task: Task, batches: Iterator[Batch], limit: float
) -> tuple[int, float, dict[str, float]]:
    """Pairs and seconds of a bare training loop, after ten batches to warm up, and the % of the time of each part."""
    torch.manual_seed(0)
    model = StudentModel(arch, task).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    pairs, start = 0, time.perf_counter()
    spent = dict.fromkeys(("batch %", "forward %", "backward %", "optimizer %"), 0.0)
    last = start
    for number, batch in enumerate(batches):
        times = [time.perf_counter()]
        logits = model(batch.input_ids, batch.attention_mask, batch.members)
        assert batch.soft is not None
        loss = distillation_loss(logits, batch.soft, batch.labels, 1.0, 0.0)
        optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        optimizer.step()
        times.append(time.perf_counter())
        if number < 10:
            pairs, start = 0, times[-1]
        else:
            pairs += len(batch)
            for part, seconds in zip(spent, np.diff([last, *times]), strict=True):
                spent[part] += seconds
        last = times[-1]
        if number >= 10 and last - start > limit:
            break
    return pairs, last - start, {part: 100 * seconds / sum(spent.values()) for part, seconds in spent.items()}


def _distil(arch: Architecture, corpus: Corpus, train: Examples, precision: str = "32-true") -> dict[str, object]:
    valid = Examples(train.tokens, corpus.members(SplitName.VALID), corpus.labels(SplitName.VALID))
    cfg, trainer = DistillConfig(epochs=2, average=0.999), TrainerConfig(progress="none", precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        distil(arch, corpus.task, train, valid, cfg, trainer, 1, Path(folder))
        seconds = time.perf_counter() - start
    pairs = cfg.epochs * len(train)
    return _row("distil", pairs, seconds)


def _row(way: str, pairs: int, seconds: float) -> dict[str, object]:
    return {"training": way, "pairs": pairs, "seconds": seconds, "pairs per second": pairs / seconds}


if __name__ == "__main__":
    main()
