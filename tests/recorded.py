"""The recorded students of `surrogate/*.csv`, for tests on real data."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from avatar.space.architecture import Architecture
from spaces import read_space

GENES = [
    "tokenizer",
    "vocab_size",
    "layers",
    "hidden_size",
    "hidden_act",
    "hidden_dropout",
    "intermediate_size",
    "heads",
    "attention_dropout",
    "max_length",
    "position",
    "learning_rate",
    "batch_size",
]


def recorded_students(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Encodings in the paper's space and accuracies."""
    table = pd.read_csv(path)
    genes = table.iloc[:, :13].set_axis(GENES, axis=1)
    genes["tokenizer"] = genes["tokenizer"].str.lower()
    archs = [Architecture.from_dict(row) for row in genes.to_dict("records")]
    return read_space("avatar").encode(archs), table["Accuracy"].to_numpy(np.float64)
