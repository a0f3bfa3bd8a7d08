"""Missing values in sequences, weights of time steps, and several labels, with random data."""

import numpy as np
from attacks.estimators import RNN, require_consistent
from attacks.verdicts import fit_or_refuse, require_close
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import batches, examples

from skrnn import EchoStateClassifier, RNNClassifier, RNNRegressor
from skrnn.preprocessing import Interpolator


@st.composite
def batches_with_gaps(draw):
    """Draw a list of sequences of two features in which some values are missing."""
    batch, _ = draw(batches())
    total = sum(map(len, batch))
    is_missing = draw(hnp.arrays(bool, (total, 2)))
    steps = np.where(is_missing, np.nan, np.concatenate(batch))
    return np.split(steps, np.cumsum([len(one) for one in batch])[:-1])


@examples(40)
@given(batch=batches_with_gaps())
def test_interpolator_add_time_since(batch):
    # The first sequence has a gap in each column, so that each column has an indicator.
    batch = [np.array([[1.0, 1.0], [np.nan, np.nan]]), *batch]
    model = Interpolator(causal=True, add_indicator=True, add_time_since="rows")
    found = model.fit_transform(batch)
    require_close([model.transform([one])[0] for one in batch], found, "alone")
    for steps, one in zip(batch, found, strict=True):
        missing = np.isnan(steps)
        assert one.shape == (len(steps), 6)
        np.testing.assert_array_equal(one[:, :2][~missing], steps[~missing])
        np.testing.assert_array_equal(one[:, 2:4], missing)
        # The time since the last known value in an earlier row, or since the first row.
        since = np.zeros(2)
        for t, row in enumerate(one[:, 4:]):
            np.testing.assert_array_equal(row, since)
            since = np.where(missing[t], since, 0) + 1


@examples(4)
@given(batch=batches_with_gaps())
def test_rnn_allow_nan(batch):
    model = RNNRegressor(**RNN, allow_nan=True)
    if not fit_or_refuse(model, batch, np.arange(len(batch)) / 4):
        require_consistent(model, batch)


@st.composite
def weighted_steps(draw):
    """Draw sequences, a target and a weight for each time step, and which targets are missing."""
    batch, _ = draw(batches())
    total = sum(map(len, batch))
    targets = draw(hnp.arrays(np.float64, total, elements=st.integers(-8, 8).map(float)))
    weights = draw(hnp.arrays(np.float64, total, elements=st.integers(0, 3).map(float)))
    is_missing = draw(hnp.arrays(bool, total))
    cuts = np.cumsum([len(one) for one in batch])[:-1]
    return batch, *(np.split(one, cuts) for one in (targets, weights, is_missing))


@examples(6)
@given(drawn=weighted_steps())
def test_missing_targets_are_those_of_weight_zero(drawn):
    batch, targets, weights, is_missing = drawn
    without = [np.where(gaps, np.nan, y) for gaps, y in zip(is_missing, targets, strict=True)]
    zero = [np.where(gaps, 0.0, w) for gaps, w in zip(is_missing, weights, strict=True)]
    models = [RNNRegressor(**RNN, return_sequences=True) for _ in range(2)]
    refused = [
        fit_or_refuse(models[0], batch, without, sample_weight=weights),
        fit_or_refuse(models[1], batch, targets, sample_weight=zero),
    ]
    assert refused[0] == refused[1]
    if not refused[0]:
        for one, other in zip(*(model.predict(batch) for model in models), strict=True):
            np.testing.assert_array_equal(one, other)


@st.composite
def labelled_batches(draw):
    """Draw sequences and an indicator matrix of three labels."""
    batch, _ = draw(batches())
    return batch, draw(hnp.arrays(np.int64, (len(batch), 3), elements=st.integers(0, 1)))


@examples(8)
@given(drawn=labelled_batches(), is_reservoir=st.booleans())
def test_several_labels(drawn, is_reservoir):
    batch, labels = drawn
    model = EchoStateClassifier(units=8, random_state=0) if is_reservoir else RNNClassifier(**RNN)
    if fit_or_refuse(model, batch, labels):
        return
    require_consistent(model, batch)
    found = model.predict_proba(batch)
    assert found.shape == labels.shape
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(model.predict(batch), found > 0.5)
