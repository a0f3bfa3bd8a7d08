"""Metrics and `train_dev_test_split`: identities on any data, and junk is refused."""

import functools

import numpy as np
import pandas as pd
from attacks.values import ArrayLike
from attacks.verdicts import argument_names, refused, unchanged
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from strategies import QUARTERS, batches, examples, sequences_of

from skrnn.metrics import flatten_steps, mase, sequence_accuracy_score, token_accuracy_score
from skrnn.model_selection import train_dev_test_split

LABELS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=6)
SERIES = st.lists(QUARTERS, min_size=1, max_size=9)


@examples(60)
@given(y_true=SERIES, y_train=SERIES, period=st.integers(1, 4), shift=QUARTERS)
def test_mase(y_true, y_train, period, shift):
    y_pred = [y + shift for y in y_true]
    is_refused, found = refused(
        lambda: mase(y_true, y_pred, y_train=y_train, period=period), argument_names(mase)
    )
    changes = np.abs(np.subtract(y_train[period:], y_train[: max(0, len(y_train) - period)]))
    # A scale within the rounding of the values counts as zero.
    assert is_refused == (len(changes) == 0 or changes.mean() == 0)
    if not is_refused:
        assert_allclose(found, abs(shift) / changes.mean(), atol=1e-12)
        frames = [pd.Series(y) for y in (y_true, y_pred, y_train)]
        assert mase(*frames[:2], y_train=frames[2], period=period) == found


@examples(60)
@given(y_true=LABELS, changes=st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_sequence_accuracy_score(y_true, changes):
    y_pred = [list(labels) for labels in y_true]
    for labels, change in zip(y_pred, changes, strict=False):
        if change < len(labels):
            labels[change] = "d"
    right = [one == other for one, other in zip(y_true, y_pred, strict=True)]
    arrays = [[np.array(labels) for labels in y] for y in (y_true, y_pred)]
    for given_labels in ((y_true, y_pred), arrays, map(tuple, (y_true, y_pred))):
        assert_allclose(sequence_accuracy_score(*given_labels), np.mean(right))
    assert_array_equal(flatten_steps(y_true), np.concatenate(y_true))


@examples(60)
@given(
    lengths=st.tuples(LABELS, LABELS),
    weights=st.none() | st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=1, max_size=6),
)
def test_sequence_scores_refuse_other_numbers_of_sequences(lengths, weights):
    y_true, y_pred = lengths
    for metric in (sequence_accuracy_score, token_accuracy_score):
        names = argument_names(metric) | {"sequence", "sequences"}
        with unchanged(y_true, y_pred, weights):
            is_refused, score = refused(
                functools.partial(metric, y_true, y_pred, sample_weight=weights), names
            )
        assert is_refused or (len(y_true) == len(y_pred) and 0 <= score <= 1)


@examples(80)
@given(
    drawn=batches(min_size=3, max_size=20),
    sizes=st.tuples(*[st.sampled_from([1, 2, 0.1, 0.2, 0.5])] * 2),
    train_size=st.sampled_from([None, 1, 0.3]),
    how=st.sampled_from(["plain", "in order", "stratify", "groups"]),
    labels=st.lists(st.integers(0, 2), min_size=20, max_size=20),
)
def test_train_dev_test_split(drawn, sizes, train_size, how, labels):
    batch, X = drawn
    labels, n = np.array(labels[: len(batch)]), len(batch)
    options = {"dev_size": sizes[0], "test_size": sizes[1], "train_size": train_size}
    options |= {"plain": {}, "in order": {"shuffle": False}}.get(how, {how: labels})
    with unchanged(X, labels):
        is_refused, parts = refused(
            lambda: train_dev_test_split(X, np.arange(n), random_state=0, **options),
            argument_names(train_dev_test_split) | {"sequences", "groups", "class"},
        )
    if is_refused:
        return
    X_parts, indices = parts[:3], parts[3:]
    everything = np.concatenate(indices)
    assert len(set(everything.tolist())) == len(everything)
    assert len(everything) == n or train_size is not None
    assert all(len(part) > 0 for part in indices)
    for part, rows in zip(X_parts, indices, strict=True):
        # A selection of a tuple is a list, and that of an object with the array protocol an array.
        assert type(part) is type(X) or isinstance(X, tuple | ArrayLike)
        for steps, i in zip(sequences_of(part), rows, strict=True):
            assert_array_equal(steps, batch[i])
    if how == "in order":
        assert all((np.diff(rows) > 0).all() for rows in indices)
    if how == "groups":
        of_part = [set(labels[rows].tolist()) for rows in indices]
        assert sum(map(len, of_part)) == len(set.union(*of_part))
    if how == "stratify":
        assert all(len(set(labels[rows].tolist())) == len(set(labels.tolist())) for rows in indices)


def is_moderate(junk):
    # From 1e19 on, a check of scikit-learn issues a NumPy warning.
    return junk.dtype.kind not in "fc" or bool((np.abs(junk) < 1e4).all())


JUNK = hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))


@examples(40)
@given(junk=JUNK.filter(is_moderate))
def test_metrics_refuse_junk(junk):
    names = argument_names(mase, sequence_accuracy_score) | {"Labels", "sequence"}
    refused(lambda: sequence_accuracy_score(junk, junk), names)
    refused(lambda: token_accuracy_score(junk, junk), names)
    refused(lambda: mase([1.0, 2.0], [1.0, 2.0], y_train=junk), names)
    refused(lambda: mase(junk, junk, y_train=[1.0, 2.0, 4.0]), names)
