"""The generators of series: their equations, the order of the solvers, warm-up and seeds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._fitting import generator
from skrnn.datasets import (
    _makers,
    make_adding_problem,
    make_ladybug,
    make_lorenz,
    make_mackey_glass,
    make_memory_task,
    make_narma,
)

MAKERS = [make_lorenz, make_mackey_glass, make_memory_task, make_narma]


def arrays(made):
    return made if isinstance(made, tuple) else (made,)


@pytest.mark.parametrize("make", MAKERS)
def test_make_series_random_state(make):
    one, same, other = (arrays(make(300, random_state=seed)) for seed in (0, 0, 1))
    for a, b, c in zip(one, same, other, strict=True):
        assert len(a) == 300
        assert a.dtype == np.float64
        assert_array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n_steps", [0, -1, 1.5, "many"])
def test_make_series_invalid_n_steps(make, n_steps):
    with pytest.raises(ValueError, match="n_steps"):
        make(n_steps)


@pytest.mark.parametrize(
    ("make", "parameters", "message"),
    [
        (make_lorenz, {"rho": 1e30}, "The solution is not finite"),
        (make_mackey_glass, {"gamma": 1e30}, "The solution is not finite"),
        (make_lorenz, {"step": 1e30}, r"need more than 1e\+08 updates"),
        (make_mackey_glass, {"n_warmup": 2**31 - 1}, r"need more than 1e\+08 updates"),
        (make_lorenz, {"sigma": 10**400}, "'sigma' parameter"),
    ],
)
def test_make_series_without_a_usable_solution(make, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(20, **parameters)


@pytest.mark.parametrize("make", [make_ladybug, make_lorenz, make_mackey_glass])
def test_make_series_step_of_float32(make):
    step = np.float32(0.03)
    expected = make(20, step=float(step), random_state=0)
    assert_array_equal(make(20, step=step, random_state=0), expected)


@pytest.mark.parametrize("tau", [17.0, 17.03])
def test_make_mackey_glass_order_of_the_solver(tau):
    def end(h):
        return _makers._delayed_runge_kutta((0.2, 0.1, 10.0), tau, 1.2, h, round(16 / h))[-1]

    exact = end(1 / 256)
    coarse, fine = abs(end(1.0) - exact), abs(end(0.5) - exact)
    assert coarse < 1e-3
    assert fine < coarse / 8 or coarse < 1e-12


def test_make_mackey_glass_order_of_the_solver_after_the_history():
    def end(h):
        series = _makers._delayed_runge_kutta((0.2, 0.1, 10.0), 17.0, 1.2, h, round(150 / h))
        return series[-1]

    exact = end(1 / 64)
    assert abs(end(0.25) - exact) < abs(end(0.5) - exact) / 8
    assert abs(end(0.125) - exact) < 1e-5


def test_make_mackey_glass_resembles_the_published_series(need_data):
    published = np.loadtxt(need_data("mackey_glass/MackeyGlass_t17.txt"))
    made = make_mackey_glass(10_000, tau=17, random_state=0) - 1
    assert_allclose(np.tanh(made).std(), published.std(), rtol=0.03)
    assert_allclose(np.tanh(made).mean(), published.mean(), atol=0.02)


def test_make_lorenz_order_of_the_solver():
    def end(h):
        series = _makers._lorenz_runge_kutta((10.0, 28.0, 8 / 3), [1.0, 1.0, 25.0], h, round(1 / h))
        return np.array(series[-1])

    exact = end(1 / 4096)
    errors = [np.abs(end(h) - exact).max() for h in (1 / 128, 1 / 256)]
    assert 10 < errors[0] / errors[1] < 24


def test_make_lorenz_first_value_without_warmup():
    start = generator(0).normal([1.0, 1.0, 25.0])
    steps = _makers._lorenz_runge_kutta((10.0, 28.0, 8 / 3), start.tolist(), 0.005, 8)
    assert_array_equal(make_lorenz(2, n_warmup=0, random_state=0), steps[4::4])


def test_make_mackey_glass_first_value_without_warmup():
    start = generator(0).uniform(0.5, 1.5)
    steps = _makers._delayed_runge_kutta((0.2, 0.1, 10.0), 17.0, start, 0.1, 20)
    assert_array_equal(make_mackey_glass(2, n_warmup=0, random_state=0), steps[10::10])


@pytest.mark.parametrize("make", [make_lorenz, make_mackey_glass])
def test_make_series_n_warmup(make):
    from_start = make(50, n_warmup=0, random_state=0)
    assert_array_equal(make(45, n_warmup=5, random_state=0), from_start[5:])


def test_make_narma_first_value_without_warmup():
    _, y = make_narma(50, n_warmup=0, random_state=0)
    assert y[0] == 0.1


def test_make_lorenz_stays_on_the_attractor():
    series = make_lorenz(5000, random_state=0)
    assert series.shape == (5000, 3)
    assert np.abs(series[:, :2]).max() < 35
    assert 0 < series[:, 2].min() < series[:, 2].max() < 55


@pytest.mark.parametrize("order", [5, 10])
def test_make_narma_equation(order):
    u, y = make_narma(200, order=order, random_state=0)
    for t in range(order, 200):
        past = y[t - order : t]
        expected = 0.3 * y[t - 1] + 0.05 * y[t - 1] * past.sum() + 1.5 * u[t - order + 1] * u[t]
        assert_allclose(y[t], expected + 0.1)


def test_make_narma_equation_of_high_order():
    u, y = make_narma(200, order=20, random_state=0)
    for t in range(20, 200):
        inner = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 20 : t].sum() + 1.5 * u[t - 19] * u[t]
        assert_allclose(y[t], np.tanh(inner + 0.01) + 0.2)


def test_make_narma_is_bounded():
    assert all(make_narma(1000, random_state=seed)[1].max() < 2 for seed in range(30))


def test_make_memory_task_delays():
    u, y = make_memory_task(50, max_delay=4, random_state=0)
    assert u.shape == (50, 1)
    for k in range(1, 5):
        assert_array_equal(y[k:, k - 1], u[:-k, 0])
    assert np.abs(y).max() <= 1


@pytest.mark.parametrize("n_steps", [2, 9])
def test_make_adding_problem_marks_one_number_of_each_half(n_steps):
    X, y = make_adding_problem(200, n_steps=n_steps, random_state=0)
    numbers, marks = X[..., 0], X[..., 1]
    assert X.shape == (200, n_steps, 2)
    assert_allclose((numbers * marks).sum(axis=1), y, rtol=1e-15)
    first, second = np.split(marks, [n_steps // 2], axis=1)
    for half in (first, second):
        assert set(half.ravel()) <= {0, 1}
        assert_array_equal(half.sum(axis=1), 1)
        assert half.any(axis=0).all()  # every time step of a half is marked in some sequence
    assert 0 <= numbers.min() < numbers.max() < 1


def test_make_adding_problem_random_state():
    one, same, other = (make_adding_problem(5, random_state=seed) for seed in (0, 0, 1))
    assert_array_equal(one[0], same[0])
    assert_array_equal(one[1], same[1])
    assert not np.array_equal(one[1], other[1])


def test_make_adding_problem_one_sequence_as_a_boolean():
    assert_array_equal(
        make_adding_problem(True, random_state=0)[0], make_adding_problem(1, random_state=0)[0]
    )


@pytest.mark.parametrize("given", [{"n_steps": 1}, {"n_sequences": 0}, {"n_sequences": 2.0}])
def test_make_adding_problem_invalid_sizes(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        make_adding_problem(**given)


def test_make_mackey_glass_invalid_tau():
    with pytest.raises(ValueError, match="tau"):
        make_mackey_glass(10, tau=0.05)
