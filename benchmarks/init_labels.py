"""What `distill.init=default` brings: BigCloneBench with 1 %, 10 % and 100 % of its training pairs, true labels.

    AVATAR_DATA=FOLDER python benchmarks/init_labels.py [--tokens word bpe] [--shares 0.01 0.1 1] [--seeds N]

One pooled architecture is trained from random weights, and with a token table that starts from what the installed
student knows about words. Everything else is equal: pairs, seeds, batches, recipe. The best epoch is chosen on the same
share of the validation pairs. Writes benchmarks/results/init_labels.csv and .md: scores on the test pairs.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from avatar.common.errors import AvatarError
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import Examples, Readable, TokenTable
from avatar.data.inference import predict_logits
from avatar.data.records import Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts, train_tokenizer
from avatar.space.architecture import Architecture
from avatar.student.distillation import distil, readable
from avatar.student.word_vectors import DEFAULT, TokenVectors, read_word_vectors, token_vectors
from common import data_folder, store

EPOCHS = {0.01: 20, 0.1: 6, 1.0: 2}
"""Passes over the labelled pairs by their share: a small share needs more of them."""
ARCHS = {
    "word": Architecture(
        tokenizer="word",
        vocab_size=3000,
        layers=0,
        hidden_size=64,
        hidden_dropout=0.1,
        max_length=1024,
        position="none",
        learning_rate=2e-3,
        batch_size=64,
        pooling="max",
        head="interaction",
        window=3,
    )
}
ARCHS["bpe"] = Architecture.from_dict({**ARCHS["word"].as_dict(), "tokenizer": "bpe"})
WAYS = ("random", "default")


@dataclass(frozen=True)
class Labelled:
    """Pairs of functions by their rows (pairs, 2), and whether they are clones (pairs,)."""

    members: NDArray[np.int64]
    clones: NDArray[np.int64]

    def some(self, share: float, rng: np.random.Generator) -> "Labelled":
        """A random share of the pairs, at least 20."""
        rows = rng.permutation(len(self.clones))[: max(20, round(share * len(self.clones)))]
        return Labelled(self.members[rows], self.clones[rows])

    def examples(self, tokens: Readable) -> Examples:
        """The pairs without soft labels, so that the true ones are learned."""
        return Examples(tokens, self.members, self.clones, np.full((len(self.clones), 2), np.nan, np.float32))


class Benchmark:
    """Functions and labelled pairs of BigCloneBench, and one architecture's tokens."""

    def __init__(self, folder: Path, arch: Architecture) -> None:
        rows = [json.loads(line) for line in (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()]
        row_of = {str(row["idx"]): number for number, row in enumerate(rows)}

        def read(*names: str) -> Labelled:
            lines = [line.split() for name in names for line in (folder / name).read_text().splitlines()]
            members = np.array([[row_of[one[0]], row_of[one[1]]] for one in lines])
            return Labelled(members, np.array([int(one[2]) for one in lines]))

        self.train, self.valid, self.test = (
            read("train_label.txt", "train_unlabel.txt"),
            read("valid.txt"),
            read("test.txt"),
        )
        texts = [row["func"] for row in rows]
        training = [texts[row] for row in np.unique(self.train.members)]
        self.arch = arch
        tokenizer = train_tokenizer(arch.tokenizer, arch.vocab_size, training)
        self.table = TokenTable.from_lists(encode_texts(tokenizer, texts, arch.max_length), PAD_ID, UNKNOWN_ID)
        self.readable = readable(arch, self.table)
        self.start = token_vectors(read_word_vectors(DEFAULT), tokenizer, training)

    def run(self, share: float, seed: int, start: TokenVectors | None) -> dict[str, float]:
        """Scores on the test pairs in percent, and seconds of training."""
        rng = np.random.default_rng(seed)
        train, valid = self.train.some(share, rng), self.valid.some(share, rng)
        recipe = DistillConfig(epochs=EPOCHS[share], hard_share=1.0, average=0.99, patience=EPOCHS[share])
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            distilled = distil(
                self.arch,
                Task.PAIR,
                train.examples(self.readable),
                valid.examples(self.readable),
                recipe,
                TrainerConfig(progress="none"),
                seed,
                Path(folder),
                start=start,
            )
        seconds = time.perf_counter() - begin
        logits = predict_logits(distilled.model, self.table, self.test.members)
        margin, clones = logits[:, 1] - logits[:, 0], self.test.clones
        return {
            "accuracy": 100 * float(accuracy_score(clones, margin > 0)),
            "F1": 100 * float(f1_score(clones, margin > 0)),
            "AUC": 100 * float(roc_auc_score(clones, margin)),
            "best epoch": float(distilled.best_epoch),
            "seconds": seconds,
        }


def main() -> int:
    """Train, print the table and write it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shares", type=float, nargs="+", default=list(EPOCHS), choices=list(EPOCHS))
    parser.add_argument("--tokens", nargs="+", default=list(ARCHS), choices=list(ARCHS))
    parser.add_argument("--seeds", type=int, default=3, help="of 1 %% and 10 %%; all pairs have one (default: 3)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, float | str]] = []
    try:
        for name in options.tokens:
            benchmark = Benchmark(data_folder("bcb"), ARCHS[name])
            for share in options.shares:
                for seed in range(options.seeds if share < 1 else 1):
                    for way in WAYS:
                        scores = benchmark.run(share, seed, benchmark.start if way == DEFAULT else None)
                        rows.append({"tokens": name, "share": share, "init": way, "seed": seed, **scores})
                        print(rows[-1], flush=True)
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    table = pd.DataFrame(rows)
    store(summary(table), "init_labels", "What a start from the installed student brings, on BigCloneBench", NOTES)
    return 0


NOTES = [
    "Test pairs, in %: median over the seeds (worst). `random`: distill.init=null; `default`: distill.init=default. "
    "Students of 3,000 tokens, width 64, windows of 3 tokens, largest values; no teacher, no copies."
]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each tokenizer, share and start: median and worst of each score."""
    rows = []
    for (tokens, share, way), part in table.groupby(["tokens", "share", "init"], sort=False):
        cells = {
            name: f"{part[name].median():.1f}" + (f" ({part[name].min():.1f})" if len(part) > 1 else "")
            for name in ("accuracy", "F1", "AUC")
        }
        rows.append({"tokens": tokens, "pairs": f"{share:.0%}", "init": way, "seeds": len(part), **cells})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    sys.exit(main())
