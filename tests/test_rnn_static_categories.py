"""Static features and categories in one batch: neither loses the other."""

import pickle

import numpy as np
import pandas as pd
import pytest
from event_data import event_classifier, make_events
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.recurrent._named_weights import named_weights
from skrnn.sequences import MixedSequences, from_long
from skrnn.sequences._read_categories import read_categories

EVENTS, Y = make_events()
AGES = np.linspace(20, 80, len(EVENTS))[:, None]
X = read_categories(EVENTS, ["code", "weekday"]).with_static(AGES, ["age"])


def test_mixed_sequences_keep_static_features():
    for same in (X[::2], pickle.loads(pickle.dumps(X))[::2]):
        assert isinstance(same, MixedSequences)
        assert list(same.categories) == ["code", "weekday"]
        assert_array_equal(same.static, AGES[::2])
        assert same.static_names == ("age",)
    table = [frame.assign(id=i, time=range(len(frame))) for i, frame in enumerate(EVENTS)]
    table = [frame.assign(age=age) for frame, age in zip(table, AGES[:, 0], strict=True)]
    read, _ = from_long(pd.concat(table, ignore_index=True), id="id", time="time", static="age")
    assert list(read.categories) == ["code"]
    assert_array_equal(read.static, AGES)


@pytest.mark.parametrize("static", ["concat", "initial_state"])
@pytest.mark.parametrize("allow_nan", [False, True])
def test_rnn_static_and_categories_batched_equals_one_by_one(static, allow_nan):
    model = event_classifier(static=static, allow_nan=allow_nan, add_differences=True).fit(X, Y)
    alone = np.concatenate([model.predict_proba(X[[i]]) for i in range(len(X))])
    assert_allclose(model.predict_proba(X), alone, atol=1e-6)
    others = X.with_static(AGES[::-1].copy(), ["age"])
    assert not np.allclose(model.predict_proba(others), alone, atol=1e-6)
    paths = [weight.path for weight in model.model_.weights if "seed" not in weight.path]
    names = list(named_weights(model._spec, model.weights_))
    assert [path.split("/")[0] for path in paths] == [name.split("/")[0] for name in names]
