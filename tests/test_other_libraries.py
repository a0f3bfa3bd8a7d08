"""Containers of awkward, xarray, pyarrow, TensorFlow and PyTorch as sequences."""

import pandas as pd
import pytest
from sequence_data import RAGGED, STEPS, UNIVARIATE, assert_same
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MaxAbsScaler

from skrnn import EchoStateClassifier, SlidingWindow, TimeDistributed
from skrnn.model_selection import train_dev_test_split
from skrnn.sequences import check_sequences

LISTS = [x.tolist() for x in RAGGED]


def test_awkward_arrays():
    awkward = pytest.importorskip("awkward")
    assert_same(check_sequences(awkward.Array(LISTS)), RAGGED)
    univariate = awkward.Array([x.tolist() for x in UNIVARIATE])
    assert_same(check_sequences(univariate), [x[:, None] for x in UNIVARIATE])
    assert check_sequences(awkward.Array([[1, 2], [3]]), tokens=True).lengths.tolist() == [2, 1]
    with pytest.raises(ValueError, match=r"contains NaN.*X\[0\]"):
        check_sequences(awkward.Array([[1.0, None], [3.0]]))
    with pytest.raises(ValueError, match="different numbers of features"):
        check_sequences(awkward.Array([[[1, 2], [3]], [[5, 6]]]))
    with pytest.raises(ValueError, match=r"records with the fields \['a'\].*concatenate"):
        check_sequences(awkward.Array([[{"a": 1}], [{"a": 2}]]))


def test_parts_of_awkward_arrays():
    awkward = pytest.importorskip("awkward")
    X = awkward.Array(LISTS * 3)
    parts = train_dev_test_split(X, range(len(X)), random_state=0)
    assert all(isinstance(part, awkward.Array) for part in parts[:3])
    # Splits of scikit-learn are lists of awkward arrays.
    parts += train_test_split(X, range(len(X)), random_state=0)
    for part, rows in zip(parts[:3] + parts[6:8], parts[3:6] + parts[8:], strict=True):
        assert_same(check_sequences(part), [RAGGED[i % len(RAGGED)] for i in rows])


def test_xarray_arrays():
    xarray = pytest.importorskip("xarray")
    names = {"feature": ["a", "b", "c"]}
    X = xarray.DataArray(STEPS, dims=["id", "time", "feature"], coords=names)
    assert_same(check_sequences(X), STEPS)
    assert check_sequences(X).feature_names == ("a", "b", "c")
    with pytest.raises(ValueError, match=r"'time' is not the second one.*transpose"):
        check_sequences(X.transpose("id", "feature", "time"))
    with pytest.raises(TypeError, match=r"an xarray Dataset.*to_dataarray"):
        check_sequences(X.to_dataset("feature"))


def test_pyarrow_tables_and_arrays():
    pyarrow = pytest.importorskip("pyarrow")
    assert_same(check_sequences(pyarrow.array(LISTS)), RAGGED)
    assert_same(check_sequences(pyarrow.table({"x": LISTS})), RAGGED)
    dtype = pd.ArrowDtype(pyarrow.list_(pyarrow.float64()))
    column = pd.DataFrame({"load": pd.Series([x.tolist() for x in UNIVARIATE], dtype=dtype)})
    assert_same(check_sequences(column), [x[:, None] for x in UNIVARIATE])
    assert check_sequences(column).feature_names == ("load",)


def test_tensorflow_ragged_tensors():
    tensorflow = pytest.importorskip("tensorflow")
    for ragged_rank in (1, 2):
        X = tensorflow.ragged.constant(LISTS, ragged_rank=ragged_rank)
        assert_same(check_sequences(X), RAGGED)
    data = tensorflow.data.Dataset.from_tensor_slices(STEPS)
    with pytest.raises(TypeError, match=r"got _TensorSliceDataset. .* partial_fit"):
        check_sequences(data)


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    items = [torch.tensor(x, requires_grad=True) for x in RAGGED]
    assert_same(check_sequences(items), RAGGED)
    assert_same(check_sequences(torch.nn.utils.rnn.pack_sequence(items)), RAGGED)
    jagged = torch.nested.as_nested_tensor(items, layout=torch.jagged)
    assert_same(check_sequences(jagged), RAGGED)
    assert_same(check_sequences(torch.tensor(STEPS, dtype=torch.bfloat16)), STEPS)


@pytest.mark.parametrize("library", ["awkward", "torch"])
def test_transformers_return_ragged_arrays_as_lists(library):
    module = pytest.importorskip(library)
    if library == "awkward":
        X = module.Array(LISTS)
    else:
        X = module.nested.as_nested_tensor([*map(module.tensor, RAGGED)], layout=module.jagged)
    scaler = TimeDistributed(MaxAbsScaler()).fit(X)
    assert_same(scaler.transform(X), scaler.transform(RAGGED))


def test_generators_are_read_once():
    assert_same(check_sequences(x for x in RAGGED), RAGGED)
    with pytest.raises(TypeError, match=r"got generator\. .*pass a list of them"):
        EchoStateClassifier().fit((x for x in RAGGED), [0, 1])


def test_polars_tables_in_a_list_keep_the_names_of_their_columns():
    polars = pytest.importorskip("polars")
    tables = [polars.DataFrame(x[:, :2], schema=["a", "b"]) for x in RAGGED]
    X = check_sequences(tables)
    assert X.feature_names == ("a", "b")
    assert_same(X, [x[:, :2] for x in RAGGED])
    model = EchoStateClassifier(units=5, random_state=0).fit(tables, range(len(tables)))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict([table.select(["b", "a"]) for table in tables])


def test_polars_column_of_times_is_not_a_feature():
    polars = pytest.importorskip("polars")
    days = pd.date_range("2026-01-01", periods=5).to_numpy()
    table = polars.DataFrame({"day": days, "load": [1.0, 2.0, 3.0, 4.0, 5.0]})
    with pytest.raises(TypeError, match=r"X has columns of times: \['day'\]"):
        SlidingWindow(2).fit_transform(table)
