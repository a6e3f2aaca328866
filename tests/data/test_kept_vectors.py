"""Vectors that are kept while they are computed: a later call goes on from them, and has the same result."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avatar.data import kept_vectors
from avatar.data.batching import TokenTable
from avatar.data.inference import encode_functions

LENGTHS = np.random.default_rng(0).integers(1, 9, size=50)
TOKENS = TokenTable.from_lists([list(range(1, length + 1)) for length in LENGTHS], pad_id=9, unknown_id=0)
ROWS = np.random.default_rng(1).permutation(50)[:40]


class Counting(nn.Module):
    """Encodes a function as noise that depends on its tokens. It fails after `most` batches."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.batches = 0
        self.most = most

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if self.batches == self.most:
            raise KeyboardInterrupt
        self.batches += 1
        sums = (input_ids * attention_mask).sum(1, keepdim=True).float()
        return torch.sin(sums * torch.arange(1, 4))


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_vectors, "SHARD_BATCHES", 2)


def interrupted(folder: Path, after: int, batch_size: int = 4) -> None:
    with pytest.raises(KeyboardInterrupt):
        encode_functions(Counting(after), TOKENS, ROWS, batch_size, keep=folder)


def test_a_later_call_encodes_only_the_rest(tmp_path: Path) -> None:
    expected = encode_functions(Counting(), TOKENS, ROWS, 4)
    interrupted(tmp_path, after=7)
    model = Counting()
    assert (encode_functions(model, TOKENS, ROWS, 4, keep=tmp_path) == expected).all()
    assert model.batches == 10 - 6, "six batches are in three whole shards"
    finished = Counting()
    assert (encode_functions(finished, TOKENS, ROWS, 4, keep=tmp_path) == expected).all()
    assert finished.batches == 0


def test_a_damaged_shard_is_made_again(tmp_path: Path) -> None:
    expected = encode_functions(Counting(), TOKENS, ROWS, 4)
    interrupted(tmp_path, after=7)
    shards = sorted(path for path in tmp_path.rglob("*.npy"))
    assert len(shards) == 3
    shards[0].write_bytes(bytes(shards[0].stat().st_size))
    shards[1].write_bytes(shards[1].read_bytes()[:-10])
    model = Counting()
    assert (encode_functions(model, TOKENS, ROWS, 4, keep=tmp_path) == expected).all()
    assert model.batches == 10 - 2


def test_shards_of_other_functions_or_batches_are_not_used(tmp_path: Path) -> None:
    interrupted(tmp_path, after=7)
    for rows, size in ((ROWS[::-1].copy(), 4), (ROWS, 5), (ROWS[:36], 4)):
        model = Counting()
        encode_functions(model, TOKENS, rows, size, keep=tmp_path)
        assert model.batches == -(-len(rows) // size)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    encode_functions(Counting(), TOKENS, ROWS, 4)
    assert not list(tmp_path.iterdir())
