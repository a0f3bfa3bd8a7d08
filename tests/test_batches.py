"""Which sequences share a batch in training and in prediction, and which values are sent."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from recurrences import random_sequences

from skrnn.networks import batches
from skrnn.networks.batches import compact, inference_batches, training_batches
from skrnn.sequences import Sequences, check_sequences

LENGTHS = np.random.default_rng(0).integers(1, 60, 101)


@pytest.mark.parametrize("batch_size", [1, 7, 101, 500, None])
@pytest.mark.parametrize("seed", [None, 0])
def test_training_batches_contain_each_sequence_once(batch_size, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    order, bounds = training_batches(LENGTHS, batch_size, rng)
    assert_array_equal(np.sort(order), np.arange(101))
    assert order.dtype == bounds.dtype == np.int32
    sizes = np.diff(bounds)
    size = min(batch_size or 101, 101)
    assert bounds[0] == 0
    assert bounds[-1] == 101
    expected = [size] * (101 // size) + [101 % size] * (101 % size > 0)
    assert sorted(sizes, reverse=True) == expected


def test_training_batches_without_shuffling_keep_the_order():
    order, bounds = training_batches(LENGTHS, 25, None)
    assert_array_equal(order, np.arange(101))
    assert_array_equal(bounds, [0, 25, 50, 75, 100, 101])


@pytest.mark.parametrize("lengths", [LENGTHS, np.full(101, 5)])
def test_training_batches_do_not_depend_on_the_parts_that_are_sorted(lengths, monkeypatch):
    at_once, in_parts = (np.random.default_rng(0) for _ in range(2))
    expected = [training_batches(lengths, 8, at_once) for _ in range(3)]
    monkeypatch.setattr(batches, "_BLOCK", 10)
    monkeypatch.setattr(batches, "_PARTS", 4)
    monkeypatch.setattr(batches, "_SAMPLED", 3)
    for order, bounds in expected:
        found = training_batches(lengths, 8, in_parts)
        assert_array_equal(found[0], order)
        assert_array_equal(found[1], bounds)
    assert at_once.bit_generator.state == in_parts.bit_generator.state


def test_training_batches_follow_the_seed_and_change_in_each_epoch():
    rng = np.random.default_rng(0)
    epochs = [training_batches(LENGTHS, 8, rng)[0] for _ in range(3)]
    rng = np.random.default_rng(0)
    for epoch in epochs:
        assert_array_equal(epoch, training_batches(LENGTHS, 8, rng)[0])
    assert (epochs[0] != epochs[1]).any()


def batch_sets(epoch):
    order, bounds = epoch
    return {frozenset(batch.tolist()) for batch in np.split(order, bounds[1:-1])}


def test_training_batches_join_similar_lengths_and_are_mixed_in_each_epoch():
    rng = np.random.default_rng(0)
    first, second = (training_batches(LENGTHS, 8, rng) for _ in range(2))
    assert len(batch_sets(first) & batch_sets(second)) < 4
    order, bounds = first
    batches = np.split(LENGTHS[order], bounds[1:-1])
    assert all(batch.max() <= 1.25 * batch.min() + 8 for batch in batches)
    padded = sum(len(batch) * batch.max() for batch in batches)
    assert padded < 1.3 * LENGTHS.sum()
    means = [batch.mean() for batch in batches]
    assert np.abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.6


@pytest.mark.parametrize("n", [22, 29, 31])
def test_training_batches_smaller_batch_contains_each_sequence_equally_often(n):
    lengths = np.arange(1, n + 1) ** 2
    rng = np.random.default_rng(0)
    n_epochs, counts = 4000, np.zeros(n)
    for _ in range(n_epochs):
        order, bounds = training_batches(lengths, 10, rng)
        sizes = np.diff(bounds)
        assert sizes.min() == n % 10
        smallest = sizes.argmin()
        counts[order[bounds[smallest] : bounds[smallest + 1]]] += 1
    share = (n % 10) / n
    deviation = np.sqrt(n_epochs * share * (1 - share))
    assert np.abs(counts - n_epochs * share).max() < 5 * deviation


def test_training_batches_of_equal_lengths_are_shuffled():
    order, bounds = training_batches(np.full(64, 5), 8, np.random.default_rng(0))
    spread = [np.ptp(batch) for batch in np.split(order, bounds[1:-1])]
    assert min(spread) > 16


@pytest.mark.parametrize("equal_lengths", [False, True])
def test_inference_batches_are_bounded_in_steps_and_sequences(equal_lengths):
    lengths = np.random.default_rng(0).permutation(
        np.append(np.repeat(np.arange(1, 60), 500), 10**6)
    )
    blocks = list(inference_batches(lengths, equal_lengths=equal_lengths))
    assert_array_equal(np.sort(np.concatenate(blocks)), np.arange(len(lengths)))
    for block in blocks:
        assert len(block) <= 2**11
        assert len(block) == 1 or len(block) * lengths[block].max() <= 2**16
        assert not equal_lengths or len(set(lengths[block])) == 1
    longest = [lengths[block].max() for block in blocks]
    assert longest == sorted(longest)
    assert equal_lengths or len(blocks) < 40


def test_compact_keeps_only_the_steps_that_are_used():
    sequences = random_sequences()
    whole = check_sequences(sequences)
    assert compact(whole) is whole
    part = whole[[5, 0]]
    small = compact(part)
    assert len(small.values) == len(sequences[5]) + len(sequences[0])
    for one, other in zip(small, part, strict=True):
        assert_array_equal(one, other)
    windows = Sequences(whole.values, np.arange(20), np.full(20, 5))
    assert compact(windows) is windows
