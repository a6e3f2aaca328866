"""One student of n-gram features on Devign: accuracy and MCC on the published test split, from true labels.

    AVATAR_DATA=FOLDER python benchmarks/ngram_devign.py [--seeds 1 2 3] [--share all|labelled] [--epochs 6]

The architecture is fixed: 20,000 features, width 32, the mean of the rows and a weight of each feature. Nothing is
searched, copied or exported. `labelled` is the half that +experiment=vuln_devign learns from. About five minutes a
seed. Writes benchmarks/results/ngram_devign.csv and .md.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from avatar.common.errors import AvatarError
from avatar.config.schema import DatasetConfig, DistillConfig, TrainerConfig
from avatar.data.batching import Examples, TokenTable
from avatar.data.inference import predict_logits
from avatar.data.load import load_corpus
from avatar.data.records import SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts, train_tokenizer
from avatar.measure.decision import fit_decision
from avatar.measure.metrics import classification
from avatar.space.architecture import Architecture
from avatar.student.distillation import distil, valid_examples
from common import data_folder, store

ARCH = Architecture(
    tokenizer="ngrams",
    vocab_size=20_000,
    layers=0,
    hidden_size=32,
    hidden_dropout=0.3,
    max_length=2048,
    position="none",
    learning_rate=5e-4,
    batch_size=64,
    pooling="mean",
    head="interaction",
    wide=1,
)
LEARNED = {"all": (SplitName.LABELED, SplitName.UNLABELED), "labelled": (SplitName.LABELED,)}


def run(seed: int, share: str, epochs: int, folder: Path) -> dict[str, float | str]:
    """Scores of one training, in percent; MCC in [-1, 1]."""
    corpus = load_corpus(DatasetConfig(name="devign", root=str(folder), language="c"), seed)
    texts = [function.code for function in corpus.functions.values()]
    training = np.unique(np.concatenate([corpus.members(split) for split in LEARNED["all"]]))
    tokenizer = train_tokenizer(ARCH.tokenizer, ARCH.vocab_size, [texts[row] for row in training], "c")
    tokens = TokenTable.from_lists(encode_texts(tokenizer, texts, ARCH.max_length), PAD_ID, UNKNOWN_ID)
    members, labels = (
        np.concatenate([read(split) for split in LEARNED[share]]) for read in (corpus.members, corpus.labels)
    )
    examples = Examples(tokens, members, labels, np.full((len(labels), 2), np.nan, np.float32))
    recipe = DistillConfig(epochs=epochs, hard_share=1.0, average=0.999, patience=epochs, token_dropout=0.3)
    trainer, valid = TrainerConfig(progress="none"), valid_examples(corpus, tokens)
    with tempfile.TemporaryDirectory() as checkpoints:
        model = distil(ARCH, corpus.task, examples, valid, recipe, trainer, seed, Path(checkpoints)).model
    logits = {
        split: predict_logits(model, tokens, corpus.members(split)) for split in (SplitName.VALID, SplitName.TEST)
    }
    decision = fit_decision(logits[SplitName.VALID], corpus.labels(SplitName.VALID), "accuracy")
    scores = classification(corpus.labels(SplitName.TEST), decision.labels(logits[SplitName.TEST]))
    return {"learned": share, "seed": seed, "accuracy": 100 * scores.accuracy, "F1": 100 * scores.f1, "MCC": scores.mcc}


def main() -> int:
    """Train with each seed, print the table and write it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--share", choices=list(LEARNED), default="all")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        folder = data_folder("devign")
        rows = [run(seed, options.share, options.epochs, folder) for seed in options.seeds]
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    notes = [f"True labels, {options.epochs} epochs, the test functions of the published split; one thread."]
    store(pd.DataFrame(rows), "ngram_devign", "A student of n-gram features on Devign", notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
