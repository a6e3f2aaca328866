import numpy as np
import torch
from torch import Tensor, nn

from avatar.data.batching import TokenTable
from avatar.data.inference import classify_vectors, encode_functions, predict_logits


class Sums(nn.Module):
    """Encodes a function as the sum of its tokens, and counts what it encodes."""

    encoded = 0

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        assert not self.training
        self.encoded += len(input_ids)
        return (input_ids * attention_mask).sum(1, keepdim=True).float()

    def classify(self, vectors: Tensor) -> Tensor:
        first, last = vectors[:, 0], vectors[:, -1]
        return torch.cat([first, last], dim=1)


TOKENS = TokenTable.from_lists([[1], [2, 3], [], [4, 5, 6], [7, 8]], pad_id=9, unknown_id=0)


def test_each_distinct_function_is_encoded_once() -> None:
    model = Sums()
    members = np.asarray([[3, 1], [1, 1], [4, 3], [0, 3]])
    logits = predict_logits(model, TOKENS, members, batch_size=2)
    assert logits.tolist() == [[15, 5], [5, 5], [15, 15], [1, 15]]
    assert model.encoded == 4
    assert model.training


def test_vectors_come_in_the_order_of_the_rows() -> None:
    assert encode_functions(Sums(), TOKENS, np.asarray([4, 2, 0, 3]), batch_size=3).ravel().tolist() == [
        15,
        0,
        1,
        15,
    ]


def test_single_functions_and_empty_splits() -> None:
    model = Sums()
    assert predict_logits(model, TOKENS, np.asarray([[1], [0]])).tolist() == [[5, 5], [1, 1]]
    assert predict_logits(model, TOKENS, np.empty((0, 2), dtype=np.int64)).shape == (0, 2)


def test_the_size_of_a_batch_changes_nothing() -> None:
    vectors = np.arange(5, dtype=np.float32)[:, None]
    members = np.asarray([[0, 1], [2, 3], [4, 0]])
    one, many = (classify_vectors(Sums(), vectors, members, batch_size=size) for size in (1, 100))
    assert one.tolist() == many.tolist() == [[0, 1], [2, 3], [4, 0]]
