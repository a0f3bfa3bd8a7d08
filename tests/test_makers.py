"""The makers: they solve their equations, to the order they claim, and seeds hold."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.datasets import _makers, make_lorenz, make_mackey_glass, make_memory_task, make_narma

MAKERS = [make_lorenz, make_mackey_glass, make_memory_task, make_narma]


def arrays(made):
    return made if isinstance(made, tuple) else (made,)


@pytest.mark.parametrize("make", MAKERS)
def test_a_seed_says_all(make):
    one, same, other = (arrays(make(300, random_state=seed)) for seed in (0, 0, 1))
    for a, b, c in zip(one, same, other, strict=True):
        assert len(a) == 300
        assert a.dtype == np.float64
        assert_array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n_steps", [0, -1, 1.5, "many"])
def test_bad_numbers_of_steps_are_refused(make, n_steps):
    with pytest.raises(ValueError, match="n_steps"):
        make(n_steps)


@pytest.mark.parametrize("tau", [17.0, 17.03])
def test_mackey_glass_is_solved_to_fourth_order(tau):
    def end(h):
        return _makers._delayed_runge_kutta((0.2, 0.1, 10.0), tau, 1.2, h, round(16 / h))[-1]

    exact = end(1 / 256)
    coarse, fine = abs(end(1.0) - exact), abs(end(0.5) - exact)
    assert coarse < 1e-3
    assert fine < coarse / 8 or coarse < 1e-12


def test_mackey_glass_is_fourth_order_once_its_history_moves():
    def end(h):
        series = _makers._delayed_runge_kutta((0.2, 0.1, 10.0), 17.0, 1.2, h, round(150 / h))
        return series[-1]

    exact = end(1 / 64)
    assert abs(end(0.25) - exact) < abs(end(0.5) - exact) / 8
    assert abs(end(0.125) - exact) < 1e-5


def test_mackey_glass_looks_like_the_published_series(need_data):
    published = np.loadtxt(need_data("mackey_glass/MackeyGlass_t17.txt"))
    made = make_mackey_glass(10_000, tau=17, random_state=0) - 1
    assert_allclose(np.tanh(made).std(), published.std(), rtol=0.03)
    assert_allclose(np.tanh(made).mean(), published.mean(), atol=0.02)


def test_lorenz_is_solved_to_fourth_order():
    def end(h):
        series = _makers._lorenz_runge_kutta((10.0, 28.0, 8 / 3), [1.0, 1.0, 25.0], h, round(1 / h))
        return np.array(series[-1])

    exact = end(1 / 4096)
    errors = [np.abs(end(h) - exact).max() for h in (1 / 128, 1 / 256)]
    assert 10 < errors[0] / errors[1] < 24


def test_lorenz_stays_on_its_attractor():
    series = make_lorenz(5000, random_state=0)
    assert series.shape == (5000, 3)
    assert np.abs(series[:, :2]).max() < 35
    assert 0 < series[:, 2].min() < series[:, 2].max() < 55


@pytest.mark.parametrize("order", [5, 10])
def test_narma_is_its_equation(order):
    u, y = make_narma(200, order=order, random_state=0)
    for t in range(order, 200):
        past = y[t - order : t]
        expected = 0.3 * y[t - 1] + 0.05 * y[t - 1] * past.sum() + 1.5 * u[t - order + 1] * u[t]
        assert_allclose(y[t], expected + 0.1)


def test_narma_of_a_high_order_is_its_equation():
    u, y = make_narma(200, order=20, random_state=0)
    for t in range(20, 200):
        inner = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 20 : t].sum() + 1.5 * u[t - 19] * u[t]
        assert_allclose(y[t], np.tanh(inner + 0.01) + 0.2)


def test_narma_never_grows_without_bound():
    assert all(make_narma(1000, random_state=seed)[1].max() < 2 for seed in range(30))


def test_memory_task_delays_its_inputs():
    u, y = make_memory_task(50, max_delay=4, random_state=0)
    assert u.shape == (50, 1)
    for k in range(1, 5):
        assert_array_equal(y[k:, k - 1], u[:-k, 0])
    assert np.abs(y).max() <= 1


def test_a_delay_below_the_step_of_the_solver_is_refused():
    with pytest.raises(ValueError, match="tau"):
        make_mackey_glass(10, tau=0.05)
