"""The comparison of defaults: its linear model, its inputs, and one trial."""

import numpy as np
from benchmarks import defaults
from numpy.testing import assert_allclose, assert_array_equal

FIRST = {name: levels[0] for name, levels in defaults.SETTINGS.items()}


def test_effects_recovers_the_difference_that_a_setting_makes():
    rng = np.random.default_rng(0)
    levels = [
        {name: given[rng.integers(len(given))] for name, given in defaults.SETTINGS.items()}
        for _ in range(400)
    ]
    scores = np.array(
        [0.7 + 0.1 * one["differences"] - 0.05 * one["bidirectional"] for one in levels]
    )
    rows = np.array([defaults.indicators(one, i % 4) for i, one in enumerate(levels)])
    values, errors = defaults.effects(rows, scores)
    changed = (defaults.indicators({**FIRST, "differences": True}, 0) > 0) & (
        np.arange(rows.shape[1]) > 0
    )
    other = (defaults.indicators({**FIRST, "bidirectional": True}, 0) > 0) & (
        np.arange(rows.shape[1]) > 0
    )
    assert_allclose([values[changed], values[other]], [[0.1], [-0.05]], atol=2e-3)
    assert_allclose(values[~(changed | other)][1:], 0, atol=2e-3)
    assert (errors < 1e-3).all()


def test_resampled_keeps_short_series_and_the_mean_of_long_ones():
    steps = np.arange(10.0)[:, None]
    assert defaults.resampled(steps, 10) is steps
    shorter = defaults.resampled(steps, 4)
    assert shorter.shape == (4, 1)
    assert_allclose(shorter.mean(), steps.mean())


def test_with_differences_begins_with_zero():
    assert_array_equal(
        defaults.with_differences(np.array([[1.0], [4.0], [2.0]])), [[1, 0], [4, 3], [2, -2]]
    )


def test_accuracy_of_one_setting_on_separable_series():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = [rng.normal(label, 0.1, (5, 1)) for label in y]
    setting = {**FIRST, "units": 4, "n_updates": 40, "learning_rate": 0.01, "differences": True}
    assert defaults.accuracy(X, y, setting, 0) == 1
