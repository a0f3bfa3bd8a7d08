"""TimeDistributed: compared with the transformer on one table of all time steps."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils.estimator_checks import (
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skrnn.preprocessing import TimeDistributed
from skrnn.sequences import Sequences


@pytest.fixture
def ragged():
    rng = np.random.default_rng(0)
    return [rng.normal(3.0, 2.0, size=(length, 4)) for length in (3, 1, 7, 5)]


@pytest.fixture
def cube():
    return np.random.default_rng(1).normal(3.0, 2.0, size=(6, 5, 4))


@pytest.fixture
def table():
    return np.random.default_rng(2).normal(3.0, 2.0, size=(8, 5))


def as_object_array(sequences):
    array = np.empty(len(sequences), dtype=object)
    for i, sequence in enumerate(sequences):
        array[i] = sequence
    return array


@parametrize_with_checks([TimeDistributed(StandardScaler())])
def test_time_distributed_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [check_transformer_get_feature_names_out, check_transformer_get_feature_names_out_pandas],
)
def test_time_distributed_scikit_learn_checks_of_names(check):
    check("TimeDistributed", TimeDistributed(StandardScaler()))


@pytest.mark.parametrize(
    "transformer",
    [StandardScaler(), MinMaxScaler(), PCA(2), make_pipeline(StandardScaler(), PCA(3))],
    ids=["standard", "minmax", "pca", "pipeline"],
)
def test_time_distributed_equals_the_transformer_on_all_steps(ragged, transformer):
    steps = np.concatenate(ragged)
    expected = clone(transformer).fit_transform(steps)
    distributed = TimeDistributed(transformer)
    result = distributed.fit_transform(ragged)
    assert_allclose(np.concatenate(result), expected, rtol=1e-12, atol=1e-12)
    assert [len(sequence) for sequence in result] == [3, 1, 7, 5]
    back = np.concatenate(distributed.inverse_transform(result))
    expected = clone(transformer).fit(steps).inverse_transform(expected)
    assert_allclose(back, expected, rtol=1e-12, atol=1e-12)


def test_time_distributed_table(table):
    distributed = TimeDistributed(StandardScaler()).fit(table)
    assert_allclose(distributed.transformer_.mean_, [table.mean()])
    assert_allclose(distributed.transform(table), (table - table.mean()) / table.std())
    assert distributed.n_features_in_ == 5


def test_time_distributed_windows_as_views_and_copies():
    values = np.random.default_rng(3).normal(size=(40, 2)).cumsum(axis=0)
    windows = Sequences(values, starts=np.arange(31), lengths=np.full(31, 10))
    copies = [np.array(window) for window in windows]
    from_views = TimeDistributed(StandardScaler()).fit(windows)
    from_copies = TimeDistributed(StandardScaler()).fit(copies)
    assert_allclose(from_views.transformer_.mean_, from_copies.transformer_.mean_)
    assert_allclose(from_views.transformer_.scale_, from_copies.transformer_.scale_)
    for view, copy in zip(
        from_views.transform(windows), from_copies.transform(copies), strict=True
    ):
        assert_allclose(view, copy)


def test_time_distributed_ignores_steps_of_other_folds():
    values = np.random.default_rng(4).normal(size=(30, 2))
    X = Sequences(values, starts=np.arange(0, 30, 5), lengths=np.full(6, 5))
    poisoned_values = values.copy()
    poisoned_values[10:15] = 1e9
    poisoned_values[20:25] = np.nan
    poisoned = X.with_values(poisoned_values)
    fold = [0, 1, 3, 5]
    clean = TimeDistributed(StandardScaler()).fit(X[fold])
    beside_poison = TimeDistributed(StandardScaler()).fit(poisoned[fold])
    assert_array_equal(clean.transformer_.mean_, beside_poison.transformer_.mean_)
    assert_array_equal(
        clean.transform(X[fold]).concatenate(),
        beside_poison.transform(poisoned[fold]).concatenate(),
    )


class CountingTransformer(BaseEstimator):
    """Stores the number of rows that it transforms."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        self.n_rows_ = len(X)
        return X


def test_time_distributed_transforms_shared_steps_once():
    values = np.arange(100.0).reshape(-1, 1)
    windows = Sequences(values, starts=[50, 10, 12, 14], lengths=[4, 10, 10, 10])
    distributed = TimeDistributed(CountingTransformer()).fit(windows)
    result = distributed.transform(windows)
    assert distributed.transformer_.n_rows_ == 4 + 14
    assert len(result.values) == 4 + 14
    for before, after in zip(windows, result, strict=True):
        assert_array_equal(before, after)


def test_time_distributed_returns_windows_as_views():
    values = np.arange(100.0).reshape(-1, 1)
    windows = Sequences(values, starts=np.arange(91), lengths=np.full(91, 10))
    result = TimeDistributed(StandardScaler()).fit_transform(windows)
    assert result.values.shape == (100, 1)
    assert_array_equal(result.starts, windows.starts)


def test_time_distributed_containers(ragged, cube, table):
    def through(X):
        return TimeDistributed(StandardScaler()).fit_transform(X)

    assert isinstance(through(ragged), list)
    assert isinstance(through(tuple(ragged)), tuple)
    assert through(cube).shape == cube.shape
    assert through(table).shape == table.shape
    assert isinstance(through(Sequences(cube.reshape(-1, 4), [0, 9], [5, 8])), Sequences)
    objects = through(as_object_array(ragged))
    assert objects.dtype == object
    assert objects[2].shape == (7, 4)
    univariate = through([sequence[:, 0] for sequence in ragged])
    assert [sequence.shape for sequence in univariate] == [(3,), (1,), (7,), (5,)]
    frame = pd.DataFrame(table, index=list("abcdefgh"), columns=list("vwxyz"))
    scaled = through(frame)
    assert_array_equal(scaled.index, frame.index)
    assert_array_equal(scaled.columns, frame.columns)
    assert_allclose(scaled.to_numpy(), through(table))


def test_time_distributed_table_with_several_output_features(table):
    result = TimeDistributed(PolynomialFeatures(2)).fit_transform(table)
    assert_allclose(result, np.stack([np.ones_like(table), table, table**2], axis=-1))


def test_time_distributed_sparse_input():
    X = [sparse.csr_array(np.eye(3)[:length]) for length in (1, 3)]
    result = TimeDistributed(MinMaxScaler()).fit_transform(X)
    assert_allclose(result[1], np.eye(3))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(np.float64, np.float64), (np.float32, np.float32), (np.int32, np.float64)],
)
def test_time_distributed_dtype(ragged, cube, given, expected):
    scaler = TimeDistributed(StandardScaler())
    assert scaler.fit_transform(cube.astype(given)).dtype == expected
    X = [sequence.astype(given) for sequence in ragged]
    assert {sequence.dtype for sequence in scaler.fit_transform(X)} == {np.dtype(expected)}


def test_time_distributed_does_not_modify_X(cube):
    before = cube.copy()
    TimeDistributed(StandardScaler()).fit_transform(cube)
    assert_array_equal(cube, before)


def test_time_distributed_imputer(ragged):
    ragged[2][4, 1] = np.nan
    steps = np.concatenate(ragged)
    result = TimeDistributed(SimpleImputer()).fit_transform(ragged)
    assert result[2][4, 1] == pytest.approx(np.nanmean(steps[:, 1]))
    assert not np.isnan(np.concatenate(result)).any()


def test_time_distributed_missing_values(ragged):
    ragged[2][4, 1] = np.nan
    with pytest.raises(ValueError, match=r"contains NaN.*X\[2\]"):
        TimeDistributed(PCA(2)).fit(ragged)
    # StandardScaler accepts NaN, and so does TimeDistributed.
    assert np.isnan(TimeDistributed(StandardScaler()).fit_transform(ragged)[2][4, 1])


def test_time_distributed_number_of_features(ragged, cube, table):
    scaler = TimeDistributed(StandardScaler()).fit(ragged)
    assert scaler.n_features_in_ == 4
    scaler.transform(cube)
    message = "X has 3 features, but TimeDistributed is expecting 4 features as input"
    with pytest.raises(ValueError, match=message):
        scaler.transform(cube[:, :, :3])
    scaler.fit(table)
    with pytest.raises(ValueError, match=r"X has 4 features, .* expecting 5 features"):
        scaler.transform(table[:, :4])


def test_time_distributed_reordered_columns(table):
    frame = pd.DataFrame(table, columns=list("vwxyz"))
    scaler = TimeDistributed(StandardScaler()).fit(frame)
    assert_array_equal(scaler.feature_names_in_, list("vwxyz"))
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(frame[list("zyxwv")])


def test_time_distributed_not_fitted(ragged):
    scaler = TimeDistributed(StandardScaler())
    for method in (scaler.transform, scaler.inverse_transform):
        with pytest.raises(NotFittedError):
            method(ragged)
    with pytest.raises(NotFittedError):
        scaler.get_feature_names_out()


def test_time_distributed_failed_fit_keeps_the_fitted_state(ragged, cube):
    scaler = TimeDistributed(StandardScaler()).fit(ragged)
    mean = scaler.transformer_.mean_.copy()
    scaler.set_params(transformer=PCA(100))
    with pytest.raises(ValueError, match="n_components=100"):
        scaler.fit(cube[:, :, :2])
    assert scaler.n_features_in_ == 4
    assert_array_equal(scaler.transformer_.mean_, mean)


@pytest.mark.parametrize("transformer", [3, "passthrough", LogisticRegression()])
def test_time_distributed_invalid_transformer(ragged, transformer):
    with pytest.raises(ValueError, match=r"The 'transformer' parameter .*'fit' and 'transform'"):
        TimeDistributed(transformer).fit(ragged)


def test_time_distributed_transformer_with_targets(ragged):
    with pytest.raises(ValueError, match=r"without targets, but LinearDiscr.* requires them"):
        TimeDistributed(LinearDiscriminantAnalysis()).fit(ragged, [0, 1, 0, 1])


def test_time_distributed_sparse_output():
    X = [np.array([[0], [1]]), np.array([[2]])]
    with pytest.raises(ValueError, match=r"OneHotEncoder\(\) returns sparse output.*sparse_output"):
        TimeDistributed(OneHotEncoder()).fit_transform(X)
    dense = TimeDistributed(OneHotEncoder(sparse_output=False)).fit_transform(X)
    assert_array_equal(np.concatenate(dense), np.eye(3))


def first_rows(steps):
    return steps[:2]


def test_time_distributed_output_of_another_length(ragged):
    with pytest.raises(ValueError, match=r"one row per time step.*\(16, n_feat.*got \(2, 4\)"):
        TimeDistributed(FunctionTransformer(first_rows)).fit_transform(ragged)


def test_time_distributed_feature_names_out(ragged, table):
    assert_array_equal(
        TimeDistributed(PCA(2)).fit(ragged).get_feature_names_out(), ["pca0", "pca1"]
    )
    scaler = TimeDistributed(StandardScaler()).fit(ragged)
    assert_array_equal(scaler.get_feature_names_out(), ["x0", "x1", "x2", "x3"])
    assert_array_equal(scaler.get_feature_names_out(list("abcd")), list("abcd"))
    frame = pd.DataFrame(table, columns=list("vwxyz"))
    assert_array_equal(scaler.fit(frame).get_feature_names_out(), list("vwxyz"))
    powers = TimeDistributed(PolynomialFeatures(2)).fit(frame)
    assert_array_equal(powers.get_feature_names_out(), ["1", "x0", "x0^2"])


def test_time_distributed_has_inverse_transform():
    assert hasattr(TimeDistributed(StandardScaler()), "inverse_transform")
    assert not hasattr(TimeDistributed(PolynomialFeatures()), "inverse_transform")


@pytest.mark.parametrize("how", ["set_output", "global", "inner"])
def test_time_distributed_pandas_output(ragged, cube, table, how):
    for X in (ragged, cube, table):
        expected = TimeDistributed(StandardScaler()).fit_transform(X)
        scaler = TimeDistributed(StandardScaler())
        if how == "set_output":
            assert scaler.set_output(transform="pandas") is scaler
        elif how == "inner":
            scaler.transformer.set_output(transform="pandas")
        with config_context(transform_output="pandas" if how == "global" else "default"):
            result = scaler.fit_transform(X)
            again = scaler.transform(X)
        assert type(result) is type(again) is type(X)
        assert_array_equal(np.concatenate(result), np.concatenate(expected))


def test_time_distributed_set_output_of_a_pipeline(cube):
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), TimeDistributed(PCA(2)))
    assert pipeline.set_output(transform="pandas").fit_transform(cube).shape == (6, 5, 2)


def test_time_distributed_nested_parameters():
    scaler = TimeDistributed(StandardScaler())
    assert scaler.get_params()["transformer__with_mean"] is True
    scaler.set_params(transformer__with_mean=False)
    assert clone(scaler).transformer.with_mean is False


def test_time_distributed_clones_the_transformer(ragged):
    inner = StandardScaler()
    TimeDistributed(inner).fit(ragged)
    assert not hasattr(inner, "mean_")


def test_time_distributed_tags():
    def tags(transformer):
        return TimeDistributed(transformer).__sklearn_tags__()

    assert tags(SimpleImputer()).input_tags.allow_nan
    assert not tags(PCA()).input_tags.allow_nan
    assert tags(PCA()).input_tags.two_d_array
    assert tags(PCA()).input_tags.three_d_array
    assert not tags(StandardScaler()).input_tags.sparse


@pytest.mark.parametrize("dump", [pickle, joblib])
def test_time_distributed_pickle(ragged, tmp_path, dump):
    scaler = TimeDistributed(StandardScaler()).fit(ragged)
    with (tmp_path / "scaler").open("wb") as file:
        dump.dump(scaler, file)
    with (tmp_path / "scaler").open("rb") as file:
        loaded = dump.load(file)
    assert_array_equal(
        np.concatenate(loaded.transform(ragged)), np.concatenate(scaler.transform(ragged))
    )


def last_step(X):
    return np.stack([sequence[-1] for sequence in X])


@pytest.mark.parametrize("container", ["list", "object", "sequences"])
def test_time_distributed_in_cross_validation(container):
    rng = np.random.default_rng(5)
    y = np.arange(30) % 2
    X = [rng.normal(1000 * label, 1.0, size=(2 + i % 5, 3)) for i, label in enumerate(y)]
    if container == "object":
        X = as_object_array(X)
    if container == "sequences":
        lengths = np.array([len(sequence) for sequence in X])
        X = Sequences(np.concatenate(X), np.cumsum(lengths) - lengths, lengths)
    model = make_pipeline(
        TimeDistributed(StandardScaler()), FunctionTransformer(last_step), LogisticRegression()
    )
    assert cross_val_score(model, X, y, cv=KFold(3)).min() == 1.0
    search = GridSearchCV(
        model, {"timedistributed__transformer__with_std": [True, False]}, cv=3
    ).fit(X, y)
    assert search.best_score_ == 1.0


def test_time_distributed_table_in_a_pipeline(table):
    y = table.mean(axis=1) > 3
    model = make_pipeline(TimeDistributed(StandardScaler()), LogisticRegression()).fit(table, y)
    assert model.score(table, y) == 1.0


def test_time_distributed_html_repr():
    assert "StandardScaler" in TimeDistributed(StandardScaler())._repr_html_()


@pytest.mark.parametrize("transformer", [StandardScaler(), MinMaxScaler(), PCA(1)])
def test_time_distributed_weights_of_shared_steps(transformer):
    values = np.random.default_rng(4).normal(size=(30, 2)).cumsum(axis=0)
    windows = Sequences(values, starts=[3, 5, 5, 20], lengths=[4, 9, 9, 2])
    distributed = TimeDistributed(transformer).fit(windows)
    repeated = np.concatenate(list(windows))
    expected = clone(transformer).fit(repeated)
    assert_allclose(distributed.transformer_.transform(values), expected.transform(values))


@pytest.mark.parametrize("transformer", [StandardScaler(), MinMaxScaler()])
def test_time_distributed_partial_fit_of_parts_equals_fit(ragged, transformer):
    parts = TimeDistributed(transformer)
    for part in (ragged[:2], ragged[2:]):
        parts.partial_fit(part)
    expected = TimeDistributed(transformer).fit(ragged).transform(ragged)
    for steps, other in zip(parts.transform(ragged), expected, strict=True):
        assert_allclose(steps, other)
    begun = parts.transformer_
    parts.fit(ragged[:1])  # begins again
    assert parts.transformer_ is not begun
    assert_allclose(parts.transform(ragged[:1])[0], transformer.fit_transform(ragged[0]))


def test_time_distributed_partial_fit_counts_windows():
    series = np.random.default_rng(0).normal(size=(9, 1))
    windows = Sequences(series, starts=[0, 1, 5], lengths=[4, 3, 2])
    found = TimeDistributed(StandardScaler()).partial_fit(windows[:2]).partial_fit(windows[2:])
    assert_allclose(found.transformer_.mean_, windows.concatenate().mean(axis=0))
    found = TimeDistributed(IncrementalPCA(1)).partial_fit(windows)
    assert found.transformer_.n_samples_seen_ == 9


def test_time_distributed_failed_partial_fit_keeps_the_fitted_state(ragged):
    scaler = TimeDistributed(StandardScaler()).partial_fit(ragged)
    before = scaler.transformer_.mean_.copy()
    with pytest.raises(ValueError, match="has 2 features, but TimeDistributed is expecting 4"):
        scaler.partial_fit([np.ones((3, 2))])
    with pytest.raises(ValueError, match="contains infinity"):
        scaler.partial_fit([np.full((3, 4), np.inf)])
    assert_array_equal(scaler.transformer_.mean_, before)
    assert scaler.transformer_.n_samples_seen_ == 16


def test_time_distributed_has_partial_fit_if_the_transformer_has_it():
    assert hasattr(TimeDistributed(StandardScaler()), "partial_fit")
    assert not hasattr(TimeDistributed(PCA()), "partial_fit")


def test_time_distributed_fit_warns_that_the_last_axis_may_be_time():
    first = np.random.default_rng(0).normal(size=(8, 1, 15))
    with pytest.warns(UserWarning, match="from_channels_first"):
        scaler = TimeDistributed(StandardScaler()).fit(first)
    assert scaler.transform(first).shape == first.shape  # without a warning
