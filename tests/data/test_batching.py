"""Batches contain every example once, each function once, and little padding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.data.batching import BucketSampler, Examples, TokenTable, bucketed

rows_of_tokens = st.lists(st.lists(st.integers(3, 99), max_size=12), min_size=1, max_size=20)


@given(rows_of_tokens)
def test_padding_keeps_every_token(rows: list[list[int]]) -> None:
    table = TokenTable.from_lists(rows, 0, 1)
    ids, mask = table.padded(np.arange(len(rows)))
    assert [row[keep].tolist() for row, keep in zip(ids, mask, strict=True)] == rows
    assert int(ids[~mask].sum()) == 0


@given(rows_of_tokens, st.integers(1, 12))
def test_truncation_is_that_of_lists(rows: list[list[int]], limit: int) -> None:
    table = TokenTable.from_lists(rows, 0, 1).truncated(limit)
    ids, mask = table.padded(np.arange(len(rows)))
    assert [row[keep].tolist() for row, keep in zip(ids, mask, strict=True)] == [row[:limit] for row in rows]


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=300), st.integers(1, 40), st.integers(0, 9))
def test_every_example_is_in_one_batch(lengths: list[int], batch_size: int, seed: int) -> None:
    for random in (None, np.random.default_rng(seed)):
        batches = bucketed(np.asarray(lengths), batch_size, random, pool=3)
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
        assert max(map(len, batches)) <= batch_size


def test_each_function_of_a_batch_is_there_once() -> None:
    table = TokenTable.from_lists([[3], [4, 4], [5, 5, 5], [6]], 0, 1)
    members = np.asarray([[0, 1], [1, 0], [1, 2]])
    examples = Examples(table, members, np.asarray([0, 1, 1]))
    batch = examples.collate([0, 1, 2])
    assert batch.input_ids.shape == (3, 3)
    first_tokens = batch.input_ids[:, 0][batch.members].tolist()
    assert first_tokens == [[3, 4], [4, 3], [4, 5]]
    assert batch.labels.tolist() == [0, 1, 1]


def test_epochs_differ_and_repeat() -> None:
    sampler = BucketSampler(np.arange(1, 200), 8, seed=5)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert list(sampler) == first != second


@pytest.mark.parametrize("replicas", [2, 3])
def test_processes_share_the_batches_evenly(replicas: int) -> None:
    samplers = [BucketSampler(np.arange(1, 100), 7, 1, replicas, rank) for rank in range(replicas)]
    seen = [[row for batch in sampler for row in batch] for sampler in samplers]
    assert len({len(sampler) for sampler in samplers}) == 1
    assert len({row for rows in seen for row in rows}) == sum(map(len, seen))


def test_bucketing_saves_padding() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 2000)
    bucketed_cost = sum(len(rows) * lengths[rows].max() for rows in bucketed(lengths, 32, np.random.default_rng(1)))
    plain = lengths.reshape(-1, 20)
    plain_cost = sum(len(rows) * rows.max() for rows in plain)
    assert bucketed_cost < 0.65 * plain_cost


def test_a_batch_has_the_teachers_vector_of_each_function_whichever_copy_is_read() -> None:
    tokens = TokenTable.from_lists([[10 + row] for row in range(12)], 0, 1)  # 4 functions, then 2 copies of each
    variants = np.array([[row, 4 + 2 * row, 5 + 2 * row] for row in range(4)])
    vectors = np.arange(4, dtype=np.float32)[:, None] * np.ones(3, dtype=np.float32)
    members = np.array([[3, 1], [2, 3], [1, 0]])
    examples = Examples(tokens, members, np.zeros(3, dtype=np.int64), None, variants, vectors)
    copies_seen = set()
    for epoch in range(20):
        batch = examples.collate([epoch * 3 + row for row in (0, 2)])
        assert batch.vectors is not None
        read = batch.input_ids[:, 0].numpy() - 10
        functions = np.where(read < 4, read, (read - 4) // 2)
        assert batch.vectors[:, 0].numpy().tolist() == functions.tolist()
        assert functions[batch.members.numpy()].tolist() == [[3, 1], [1, 0]]
        copies_seen |= set(read[read >= 4].tolist())
        assert batch.to("cpu").vectors is not None
    assert len(copies_seen) > 3
