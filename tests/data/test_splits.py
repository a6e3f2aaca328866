import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.data.splits import clustered_split, linked_clusters, stratified_split

busy = settings(deadline=None, max_examples=60)  # the machine may be loaded
rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["a", "b", "c"])), max_size=120)
weights = st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any)
seeds = st.integers(0, 2**31 - 1)


def split(examples, weight, seed):
    shares = [part / sum(weight) for part in weight]
    labels = [label for label, _ in examples]
    return shares, stratified_split(labels, [group for _, group in examples], shares, seed)


@busy
@given(rows, weights, seeds)
def test_parts_are_sorted_and_hold_every_row_once(examples, weight, seed):
    _, parts = split(examples, weight, seed)
    assert len(parts) == len(weight)
    assert sorted(row for part in parts for row in part.tolist()) == list(range(len(examples)))
    assert all(np.all(np.diff(part) > 0) for part in parts)


@busy
@given(rows, weights, seeds)
def test_sizes_are_the_shares_up_to_rounding(examples, weight, seed):
    shares, parts = split(examples, weight, seed)
    for share, part in zip(shares, parts, strict=True):
        assert abs(len(part) - share * len(examples)) < 1


@busy
@given(rows, weights, seeds)
def test_every_label_and_group_is_divided_alike(examples, weight, seed):
    shares, parts = split(examples, weight, seed)
    for stratum in set(examples):
        total = examples.count(stratum)
        for share, part in zip(shares, parts, strict=True):
            count = sum(examples[row] == stratum for row in part)
            assert abs(count - share * total) <= len(shares)


@busy
@given(rows, weights, seeds)
def test_the_same_seed_gives_the_same_parts(examples, weight, seed):
    _, first = split(examples, weight, seed)
    _, second = split(examples, weight, seed)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_another_seed_gives_other_parts():
    examples = [(row % 2, "a") for row in range(100)]
    _, first = split(examples, [1, 1], 1)
    _, second = split(examples, [1, 1], 2)
    assert not np.array_equal(first[0], second[0])


def test_many_small_groups_are_not_divided_by_their_names():
    names = [f"module{row:03}" for row in range(200)]
    half, _ = stratified_split([0] * 200, names, [0.5, 0.5], 3)
    steps = np.diff(half)
    assert len(set(steps.tolist())) > 2


@pytest.mark.parametrize("shares", [[0.5, 0.4], [1.2, -0.2], []])
def test_shares_that_do_not_divide_are_refused(shares):
    with pytest.raises(ValueError, match="sum to 1"):
        stratified_split([0, 1], ["", ""], shares, 1)


@busy
@given(st.lists(st.lists(st.integers(0, 12).map(str), min_size=1, max_size=3), max_size=25))
def test_linked_rows_are_in_one_cluster_and_others_are_not(keys):
    clusters = linked_clusters(keys)
    reach = [{row} for row in range(len(keys))]
    for _ in keys:  # closure of "shares a key" by brute force
        for row in range(len(keys)):
            for other in range(len(keys)):
                if set(keys[row]) & set(keys[other]):
                    reach[row] |= reach[other]
    for row in range(len(keys)):
        assert {other for other in range(len(keys)) if clusters[other] == clusters[row]} == reach[row]


@busy
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30)), min_size=1, max_size=80), weights, seeds)
def test_a_cluster_stays_whole(examples, weight, seed):
    clusters = np.asarray([cluster for _, cluster in examples])
    shares = [part / sum(weight) for part in weight]
    parts = clustered_split([label for label, _ in examples], [""] * len(examples), clusters, shares, seed)
    held = [set(clusters[part].tolist()) for part in parts]
    assert sum(len(names) for names in held) == len(set(clusters.tolist()))
    assert sorted(row for part in parts for row in part.tolist()) == list(range(len(examples)))
