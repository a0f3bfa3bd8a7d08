"""Readouts: statistics that do not depend on the blocks of rows, and ridge regression from them."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import LinAlgWarning
from sklearn.linear_model import Ridge, RidgeCV

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir
from skrnn.reservoir._ridge import RecursiveLeastSquares, is_above_rounding, solve
from skrnn.reservoir._statistics import Moments, TriangularFactor, merged_statistics

KINDS = pytest.mark.parametrize("kind", [Moments, TriangularFactor])
SOME = settings(max_examples=25)
CUTS = st.lists(st.integers(1, 29), unique=True, max_size=6).map(sorted)


def make_data(n=30, n_features=4, n_targets=2, seed=0, offset=3.0):
    """Return rows, targets and weights; no mean is zero."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_features)) + offset
    y = x @ rng.normal(size=(n_features, n_targets)) + rng.normal(size=(n, n_targets)) - offset
    return x, y, rng.uniform(0.1, 3, n)


def statistics_of(kind, x, y, weights=None, cuts=()):
    """Return statistics of rows, added in blocks."""
    statistics = kind(x.shape[1], y.shape[1])
    for block in np.split(np.arange(len(x)), cuts):
        # Rows that are added may be overwritten.
        statistics.add(
            x[block].copy(), y[block].copy(), None if weights is None else weights[block]
        )
    return statistics


def products(x, y, weights=None):
    """Return total weight, means and centred products, by their definitions."""
    w = np.ones(len(x)) if weights is None else weights
    x_mean, y_mean = np.average(x, axis=0, weights=w), np.average(y, axis=0, weights=w)
    x, y = x - x_mean, y - y_mean
    return w.sum(), x_mean, y_mean, x.T * w @ x, x.T * w @ y, (w[:, None] * y**2).sum(axis=0)


def products_in(statistics):
    """Return the same from statistics of either kind."""
    if isinstance(statistics, Moments):
        last = statistics.xx, statistics.xy, statistics.yy
    else:
        x, y = statistics.centred
        last = x.T @ x, x.T @ y, (y**2).sum(axis=0)
    return statistics.weight, statistics.x_mean, statistics.y_mean, *last


def assert_same_products(one, other, rtol=1e-10, atol=1e-10):
    for ours, theirs in zip(one, other, strict=True):
        assert_allclose(ours, theirs, rtol=rtol, atol=atol)


# --- statistics -------------------------------------------------------------------------------


@SOME
@given(
    kind=st.sampled_from([Moments, TriangularFactor]),
    cuts=CUTS,
    seed=st.integers(0, 99),
    n_features=st.sampled_from([1, 4, 40]),
    is_weighted=st.booleans(),
)
def test_statistics_of_blocks_equal_products_of_all_rows(kind, cuts, seed, n_features, is_weighted):
    x, y, weights = make_data(n_features=n_features, seed=seed)
    weights = weights if is_weighted else None
    order = np.random.default_rng(seed).permutation(len(x))
    shuffled = None if weights is None else weights[order]
    expected = products(x, y, weights)
    assert_same_products(products_in(statistics_of(kind, x, y, weights)), expected)
    in_blocks = statistics_of(kind, x[order], y[order], shuffled, cuts)
    assert_same_products(products_in(in_blocks), expected)
    assert_same_products(products_in(in_blocks.as_moments()), expected)


@KINDS
def test_statistics_weights_equal_repeated_rows(kind):
    x, y, _ = make_data()
    times = np.random.default_rng(1).integers(0, 4, len(x))
    times[:5] = 0  # a first block without any weight
    weighted = statistics_of(kind, x, y, times.astype(float), cuts=[5, 6, 20])
    repeated = statistics_of(kind, np.repeat(x, times, axis=0), np.repeat(y, times, axis=0))
    assert_same_products(products_in(weighted), products_in(repeated))


@KINDS
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, "every other"])
def test_statistics_memory_layout_of_rows(kind, layout):
    x, y, weights = make_data()
    if layout == "every other":
        laid_out = np.repeat(x, 2, axis=1)[:, ::2]
    else:
        laid_out = layout(x)
    statistics = kind(*(a.shape[1] for a in (x, y)))
    statistics.add(laid_out.copy(order="K"), y, weights)
    assert_same_products(products_in(statistics), products(x, y, weights))


@KINDS
@pytest.mark.parametrize("cuts", [(), (1,), (1, 2, 3), (15,)])
def test_statistics_of_large_offsets(kind, cuts):
    x, y, _ = make_data(n=300)
    far_x, far_y = x + 1e6, y - 1e6
    # The rows as the offset has rounded them, exactly.
    expected = products(far_x - 1e6, far_y + 1e6)[3:]
    found = products_in(statistics_of(kind, far_x, far_y, cuts=cuts))[3:]
    if kind is TriangularFactor:  # R holds the sums too, whose rounding is relative to their size
        assert_same_products(found, expected, rtol=1e-6, atol=1e-6)
    else:
        assert_same_products(found, expected, rtol=1e-11)


@KINDS
def test_merged_statistics_are_associative(kind):
    x, y, weights = make_data()
    blocks = np.split(np.arange(len(x)), [3, 17])
    parts = [statistics_of(kind, x[b] + 0.0, y[b], weights[b]) for b in blocks]
    before = [products_in(part) for part in parts]
    expected = products(x, y, weights)
    for a, b, c in permutations(parts):
        left = merged_statistics(merged_statistics(a, b), c)
        right = merged_statistics(a, merged_statistics(b, c))
        assert_same_products(products_in(left), expected)
        assert_same_products(products_in(right), expected)
    for part, as_it_was in zip(parts, before, strict=True):
        for one, other in zip(products_in(part), as_it_was, strict=True):
            assert_array_equal(one, other)


@KINDS
def test_merged_statistics_with_empty_ones(kind):
    x, y, weights = make_data()
    full, empty = statistics_of(kind, x, y, weights), kind(x.shape[1], y.shape[1])
    for both in (merged_statistics(full, empty), merged_statistics(empty, full)):
        assert_same_products(products_in(both), products(x, y, weights))
    nothing = merged_statistics(empty, empty)
    assert nothing.weight == 0
    nothing.add(x.copy(), y, weights)
    assert_same_products(products_in(nothing), products(x, y, weights))


def test_merged_statistics_of_both_kinds():
    x, y, weights = make_data()
    early, late = slice(None, 9), slice(9, None)
    factor = statistics_of(TriangularFactor, x[early], y[early], weights[early])
    moments = statistics_of(Moments, x[late], y[late], weights[late])
    for both in (merged_statistics(factor, moments), merged_statistics(moments, factor)):
        assert_same_products(products_in(both), products(x, y, weights))
        assert both.n_rows == len(x)


@KINDS
def test_statistics_forget(kind):
    x, y, weights = make_data()
    statistics = statistics_of(kind, x[:20], y[:20], weights[:20])
    whole = statistics.copy()
    statistics.forget(0.25)
    statistics.add(x[20:].copy(), y[20:], weights[20:])
    faded = np.where(np.arange(len(x)) < 20, 0.25, 1) * weights
    assert_same_products(products_in(statistics), products(x, y, faded))
    assert_same_products(products_in(whole), products(x[:20], y[:20], weights[:20]))


# --- ridge regression -------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("shape", [(60, 5), (12, 30), (30, 1)])
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_solve_equals_ridge(kind, shape, n_targets, is_weighted, alpha):
    x, y, weights = make_data(*shape, n_targets)
    weights = weights if is_weighted else None
    theirs = Ridge(alpha=alpha, solver="svd").fit(x, y, sample_weight=weights)
    for options in ({}, {"alphas": np.array([alpha])}):
        solution = solve(statistics_of(kind, x, y, weights), alpha, **options)
        assert_allclose(solution.coef, theirs.coef_.reshape(n_targets, -1).T, rtol=1e-8, atol=1e-8)
        assert_allclose(solution.intercept, theirs.intercept_, rtol=1e-8, atol=1e-8)
        assert solution.alpha == alpha


@KINDS
def test_solve_alphas_equals_each_alpha(kind):
    x, y, weights = make_data()
    statistics, alphas = statistics_of(kind, x, y, weights), np.logspace(-4, 4, 9)
    together = solve(statistics, 1.0, alphas)
    alone = [solve(statistics, 1.0, np.array([alpha])) for alpha in alphas]
    assert_allclose(together.errors, [one.errors[0] for one in alone], rtol=1e-12)
    best = int(np.argmin(together.errors))
    assert together.alpha == alphas[best]
    assert_allclose(together.coef, solve(statistics, alphas[best]).coef, rtol=1e-9)
    assert solve(statistics, 1.0).errors is None


def gcv_error(x, y, alpha):
    """Return (|e|²/n) / (1 - trace(H)/n)² (Golub, Heath & Wahba 1979) with the matrix H itself."""
    n, centred = len(x), x - x.mean(axis=0)
    penalised = centred.T @ centred + alpha * np.eye(x.shape[1])
    hat = np.full((n, n), 1 / n) + centred @ np.linalg.solve(penalised, centred.T)
    return ((y - hat @ y) ** 2).sum() / n / (1 - np.trace(hat) / n) ** 2


@KINDS
@pytest.mark.parametrize("shape", [(60, 5), (12, 30)])
def test_solve_gcv_errors(kind, shape):
    x, y, _ = make_data(*shape)
    alphas = np.logspace(-2, 4, 7)
    errors = solve(statistics_of(kind, x, y), 1.0, alphas).errors
    assert_allclose(errors, [gcv_error(x, y, alpha) for alpha in alphas], rtol=1e-8)
    # As in RidgeCV, weights do not change the number of rows.
    heavy = statistics_of(kind, x, y, np.full(len(x), 2.0))
    assert_allclose(solve(heavy, 1.0, 2 * alphas).errors, 2 * errors, rtol=1e-8)
    # Rows that are half forgotten count as half as many.
    twice = statistics_of(kind, np.vstack([x, x]), np.vstack([y, y]))
    twice.forget(0.5)
    assert_allclose(solve(twice, 1.0, alphas).errors, errors, rtol=1e-8)


@KINDS
@pytest.mark.parametrize("n", [12, 20, 40, 47])
def test_solve_gcv_errors_of_few_rows(kind, n):
    # Every row is fitted: |e|² and 1 - trace(H)/n vanish together, and their ratio does not.
    x, y, _ = make_data(n, 3 * n)
    errors = solve(statistics_of(kind, x, y), 1.0, np.array([1e-12, 1e-9, 1e-3])).errors
    assert_allclose(errors, gcv_error(x, y, 1e-3), rtol=1e-3)


@KINDS
@pytest.mark.parametrize("seed", range(4))
def test_solve_alphas_chooses_as_leave_one_out(kind, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, 20))
    y = 0.3 * x @ rng.normal(size=(20, 1)) + 3 * rng.normal(size=(300, 1))
    alphas = np.logspace(-2, 6, 5)
    solution = solve(statistics_of(kind, x, y), 1.0, alphas)
    assert solution.alpha == RidgeCV(alphas=alphas).fit(x, y[:, 0]).alpha_


# --- small penalties --------------------------------------------------------------------------


def exact_ridge(x, y, alpha):
    """Return the coefficients in fractions: nothing is rounded before the end."""
    x = [[Fraction(value) for value in row] for row in x.tolist()]
    y = [Fraction(value) for value in y.tolist()]
    n, size = len(x), len(x[0])
    means = [sum(row[j] for row in x) / n for j in range(size)]
    y_mean = sum(y) / n
    x = [[value - mean for value, mean in zip(row, means, strict=True)] for row in x]
    system = [
        [
            sum(row[i] * row[j] for row in x) + (Fraction(alpha) if i == j else 0)
            for j in range(size)
        ]
        + [sum(row[i] * (target - y_mean) for row, target in zip(x, y, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = system[i][i]
        system[i] = [value / pivot for value in system[i]]
        for j in range(size):
            if j != i:
                factor = system[j][i]
                pairs = zip(system[j], system[i], strict=True)
                system[j] = [a - factor * b for a, b in pairs]
    return np.array([float(row[-1]) for row in system])


def nearly_collinear(distance=3e-8, n=40):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    x[:, 1] = x[:, 0] + distance * x[:, 1]
    return x, x @ [[1.0], [-2.0], [0.5]] + 1e-7 * rng.normal(size=(n, 1))


def test_solve_small_penalty_on_collinear_rows():
    x, y = nearly_collinear()
    expected = exact_ridge(x, y[:, 0], 1e-14)
    moments, factor = (statistics_of(kind, x, y) for kind in (Moments, TriangularFactor))
    assert_allclose(solve(factor, 1e-14).coef[:, 0], expected, rtol=1e-6)
    off = np.abs(solve(moments, 1e-14).coef[:, 0] / expected - 1).max()
    assert off > 1e-3
    assert not is_above_rounding(moments, 1e-14)
    assert is_above_rounding(moments, 1e-3)
    assert_allclose(solve(moments, 1e-3).coef[:, 0], exact_ridge(x, y[:, 0], 1e-3), rtol=1e-8)


def test_solve_both_kinds_on_independent_rows():
    x, y, _ = make_data(200, 20)
    moments, factor = (statistics_of(kind, x, y) for kind in (Moments, TriangularFactor))
    assert is_above_rounding(moments, 1e-14)
    for alpha in (1e-14, 1.0):
        assert_allclose(solve(factor, alpha).coef, solve(moments, alpha).coef, rtol=1e-10)


@KINDS
def test_solve_repeated_column(kind):
    x, y, _ = make_data()
    twice = statistics_of(kind, np.hstack([x, x[:, :1]]), y)
    coef = solve(twice, 1e-300).coef
    plain = np.linalg.lstsq(x - x.mean(axis=0), y - y.mean(axis=0), rcond=None)[0]
    assert_allclose(coef[[0, -1]], np.array([plain[0], plain[0]]) / 2, rtol=1e-6)
    assert_allclose(coef[1:-1], plain[1:], rtol=1e-6)


def wave(n=400):
    series = 0.1 * np.sin(0.3 * np.arange(n))
    return series[:-1, None], series[1:]


def network(**params):
    reservoir = Reservoir(units=30, dtype="float64")
    plain = {"input_scaling": 1.0, "washout": 20, "rows": "steps", "random_state": 0}
    params = {"alpha": 1e-14, "standardize": False, **plain, **params}
    return EchoStateRegressor(reservoir=reservoir, **params)


def test_solver_auto_small_penalty():
    X, y = wave()
    auto, svd = network().fit(X, y), network(solver="svd").fit(X, y)
    assert isinstance(auto._readout.statistics, TriangularFactor)
    assert_array_equal(auto.coef_, svd.coef_)
    assert isinstance(network(alpha=1.0).fit(X, y)._readout.statistics, Moments)
    with pytest.warns(
        LinAlgWarning, match="alpha=1e-14 is below the rounding errors.*solver='svd'"
    ):
        network(solver="cholesky").fit(X, y)


def test_solver_auto_few_rows():
    X, y = wave()
    few = network(alpha=1.0).fit(X[:28], y[:28])
    assert isinstance(few._readout.statistics, TriangularFactor)
    few.partial_fit(X, y)
    assert isinstance(few._readout.statistics, TriangularFactor)


def test_partial_fit_warns_of_a_small_penalty():
    X, y = wave()
    with pytest.warns(
        LinAlgWarning, match="alpha=1e-14 is below the rounding errors.*solver='svd'"
    ):
        network().partial_fit(X, y)
    network(solver="svd").partial_fit(X, y)


# --- recursive least squares ------------------------------------------------------------------


@pytest.mark.parametrize("forgetting", [1.0, 0.99, 0.8])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_recursive_least_squares_equals_weighted_ridge(forgetting, n_targets):
    x, y, _ = make_data(60, 5, n_targets)
    alpha, n_new = 0.5, 40
    recursive = RecursiveLeastSquares(statistics_of(Moments, x[:20], y[:20]), alpha)
    as_it_was = recursive.copy()
    for block in (slice(20, 21), slice(21, 45), slice(45, 60)):
        recursive.update(x[block], y[block], np.ones(len(y[block])), forgetting)
    ages = np.minimum(np.arange(60)[::-1], n_new)
    penalty = alpha * forgetting**n_new
    theirs = Ridge(alpha=penalty, solver="svd").fit(x, y, sample_weight=forgetting**ages)
    coef, intercept = recursive.solution
    assert_allclose(coef, theirs.coef_.reshape(n_targets, -1).T, rtol=1e-7, atol=1e-9)
    assert_allclose(intercept, theirs.intercept_, rtol=1e-7)
    before = Ridge(alpha=alpha, solver="svd").fit(x[:20], y[:20])
    assert_allclose(as_it_was.solution[1], before.intercept_, rtol=1e-8)


@pytest.mark.parametrize("solver", ["cholesky", "svd"])
def test_update_equals_fit_for_each_solver(solver):
    X = np.random.default_rng(0).uniform(-1, 1, (300, 1))
    y = np.roll(X[:, 0], 2)
    params = {"alpha": 1e-2, "solver": solver, "initial_state": "fit_end"}
    at_once = network(**params).fit(X, y)
    updated = network(**params).fit(X[:200], y[:200])
    for step in (slice(200, 201), slice(201, 300)):
        updated.update(X[step], y[step])
    assert_allclose(updated.coef_, at_once.coef_, rtol=1e-6, atol=1e-9)
    assert_allclose(updated.intercept_, at_once.intercept_, atol=1e-9)
    assert_same_products(
        products_in(updated._readout.statistics), products_in(at_once._readout.statistics)
    )


@pytest.mark.parametrize("forgetting", [0.95, 0.98, 0.99])
def test_recursive_least_squares_on_collinear_rows(forgetting):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 30)) @ np.diag(10.0 ** -np.linspace(0, 5, 30))
    y = x @ rng.normal(size=(30, 1)) + 0.01 * rng.normal(size=(4000, 1))
    recursive = RecursiveLeastSquares(statistics_of(Moments, x[:500], y[:500]), 1e-8)
    for block in np.split(np.arange(500, 4000), 35):
        recursive.update(x[block], y[block], np.ones(len(block)), forgetting)
    exact = TriangularFactor(30, 1)
    exact.add(x, y, forgetting ** np.arange(4000)[::-1])
    coef, intercept = recursive.solution
    expected = solve(exact, 1e-8 * forgetting**3500)
    assert_allclose(x @ coef + intercept, x @ expected.coef + expected.intercept, atol=1e-6)


def test_recursive_least_squares_of_constant_inputs():
    x, y, _ = make_data(50, 8)
    recursive = RecursiveLeastSquares(statistics_of(Moments, x, y[:, :1]), 1e-6)
    for _ in range(100):
        recursive.update(np.full((100, 8), 0.25), np.full((100, 1), 0.4), np.ones(100), 0.9)
        coef, intercept = recursive.solution
        assert np.isfinite(coef).all()
    assert_allclose(0.25 * coef.sum() + intercept, 0.4, rtol=1e-6)
