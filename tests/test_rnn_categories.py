"""The parameter `categorical_features`: numbers and categories in one time step."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from event_data import CODES, event_classifier, make_events
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from small_data import TINY, assert_same_weights

from skrnn import EchoStateClassifier, RNNClassifier, RNNRegressor, Sequences
from skrnn.export import from_safetensors, to_keras, to_onnx, to_safetensors
from skrnn.inspection import feature_attributions
from skrnn.recurrent._category_tables import CategoryTables, embedding_sizes
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._named_weights import named_weights
from skrnn.sequences import from_long, to_padded
from skrnn.sequences._read_categories import read_categories

X, Y = make_events()


def sums_of_steps(steps, lengths):
    """Return the sums over all time steps, which are wrong if padding is not zero."""
    return keras.layers.Dense(3, activation="tanh")(keras.ops.sum(steps, axis=1))


HOW = {
    "small": {},
    "numbers alone": {"add_differences": False, "standardize": False, "cell": "lstm"},
    "missing numbers": {"allow_nan": True, "bidirectional": True, "pooling": "attention"},
    "body": {"body": sums_of_steps},
    "category alone": {"categorical_features": [0, 1, 2]},
}
CODES_OF = {code: i for i, code in enumerate(CODES)}


def integers(frames):
    """Return events with integers in place of the codes."""
    return [frame.assign(code=frame["code"].map(CODES_OF).astype(int)) for frame in frames]


def fitted(how="small", frames=X, **more):
    if "category alone" in how:
        frames = [frame.assign(amount=frame["amount"].round()) for frame in frames]
    return event_classifier(**HOW[how], **more).fit(frames, Y)


@pytest.mark.parametrize("how", HOW)
def test_rnn_categories_do_not_depend_on_the_batch(how):
    model = fitted(how)
    frames = make_events(8, seed=1)[0]
    if how == "category alone":
        frames = [frame.assign(amount=frame["amount"].round()) for frame in frames]
    together = model.predict_proba(frames)
    alone = np.concatenate([model.predict_proba([frame]) for frame in frames])
    assert_allclose(alone, together, atol=1e-6)
    assert len(np.unique(together[:, 0])) > 4
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(frames), together)


def test_rnn_categories_containers_give_the_same_fit():
    table = pd.concat([frame.assign(who=i, day=frame.index) for i, frame in enumerate(X)])
    long, _ = from_long(table, id="who", time="day")
    first = fitted()
    assert list(first.categories_) == ["code", "weekday"]
    assert first.categories_["code"].tolist() == list(CODES)
    assert first.categories_["weekday"].tolist() == list(range(7))
    for given in (long, [frame.astype({"weekday": "category"}) for frame in X]):
        other = event_classifier().fit(given, Y)
        assert_same_weights(other, first)
        assert_array_equal(other.predict_proba(X), first.predict_proba(given))
        assert_array_equal(other.predict_proba(long[::-1]), first.predict_proba(X)[::-1])


@pytest.mark.parametrize("container", ["arrays", "3-D", "Sequences"])
def test_rnn_integer_codes_in_arrays(container):
    frames = integers(X)
    arrays = [frame.to_numpy() for frame in frames]
    if container == "3-D":
        frames = [frame[:2] for frame in frames]
        given = np.stack([array[:2] for array in arrays])
    else:
        lengths = [len(array) for array in arrays]
        steps = np.concatenate(arrays)
        whole = Sequences(steps, np.cumsum(lengths) - lengths, lengths)
        given = arrays if container == "arrays" else whole
    expected = fitted(frames=frames)
    found = event_classifier(categorical_features=[0, 2]).fit(given, Y)
    assert_same_weights(found, expected)
    assert found.categories_[0].tolist() == [0, 1, 2, 3]
    masked = event_classifier(categorical_features=[True, False, True])
    assert_same_weights(masked.fit(given, Y), expected)


def test_rnn_categories_are_compared_by_value():
    model = fitted()
    frames, _ = make_events(6, seed=2, codes=("C", "B"))
    expected = model.predict_proba(frames)
    with_others = model.predict_proba([*frames, *X])
    assert_array_equal(np.round(with_others[:6], 6), np.round(expected, 6))
    renamed = [frame.assign(code=frame["code"].astype("category")) for frame in frames]
    assert_array_equal(model.predict_proba(renamed), expected)


def vectors_of(model, feature=0):
    return named_weights(model._spec, model.weights_)[f"category_{feature}/embeddings"]


def test_rnn_unseen_and_missing_categories_have_the_mean_vector():
    model = fitted()
    vectors = vectors_of(model)
    assert_allclose(vectors[:2], np.tile(vectors[2:6].mean(axis=0), (2, 1)), atol=1e-7)
    new, missing = X[0].copy(), X[0].copy()
    new.loc[0, "code"], missing.loc[0, "code"] = "Z", None
    assert_array_equal(model.predict_proba([new]), model.predict_proba([missing]))
    assert (model.predict_proba([new]) != model.predict_proba(X[:1])).any()


def test_rnn_missing_categories_train_their_vector():
    frames = [frame.copy() for frame in X]
    for frame in frames[::2]:
        frame.loc[0, "code"] = None
    vectors = vectors_of(fitted(frames=frames))
    mean = vectors[2:6].mean(axis=0)
    assert_allclose(vectors[0], mean, atol=1e-7)
    assert not np.allclose(vectors[1], mean, atol=1e-4)


def test_rnn_categories_are_those_of_the_first_fit():
    model = fitted()
    known = model.categories_["code"].tolist()
    others, y = make_events(20, seed=3, codes=("B", "Z"))
    model.partial_fit(others, y)
    assert model.categories_["code"].tolist() == known
    vectors = vectors_of(model)
    assert not np.allclose(vectors[0], vectors[2:6].mean(axis=0), atol=1e-5)
    assert model.set_params(warm_start=True).fit(X, Y).n_iter_ == 5
    refitted = model.set_params(warm_start=False).fit(others, y)
    assert refitted.categories_["code"].tolist() == ["B", "Z"]


def test_rnn_categories_of_held_out_sequences_are_unseen():
    frames = [frame.copy() for frame in X]
    for i, frame in enumerate(frames):
        frame["code"] = f"code {i}"
    model = fitted(frames=frames, validation_split=0.3)
    assert len(model.categories_["code"]) == 21
    weights = np.ones(len(X))
    weights[:5] = 0
    model = event_classifier().fit(frames, Y, sample_weight=weights)
    assert len(model.categories_["code"]) == 25


@pytest.mark.parametrize(
    ("embedding", "sizes"),
    [(None, [4, 6]), (3, [3, 3]), ({"code": 5}, [5, 6]), ({2: 2, 0: 1}, [1, 2]), ({}, [4, 6])],
)
def test_embedding_sizes(embedding, sizes):
    tables = CategoryTables.of(read_categories(X, ["code", "weekday"]))
    assert tables.n_rows == [6, 10]
    assert embedding_sizes(embedding, tables) == sizes


def test_default_embedding_size_of_many_categories():
    steps = np.arange(100)[None, :, None]
    tables = CategoryTables.of(read_categories(steps, [0]))
    assert (tables.n_rows, embedding_sizes(None, tables)) == ([112], [22])


def test_rnn_embedding_sizes():
    model = fitted("small")
    assert [vectors_of(model, i).shape for i in range(2)] == [(6, 2), (10, 2)]


def test_rnn_train_embedding_keeps_the_first_vectors():
    one, two = (fitted(epochs=n, train_embedding=False) for n in (1, 2))
    assert_array_equal(vectors_of(one), vectors_of(two))
    assert (one.weights_[-2] != two.weights_[-2]).any()


def test_rnn_auto_without_categories_is_an_ordinary_fit():
    numbers = [frame[["amount"]] for frame in X]
    auto = RNNClassifier(**TINY, categorical_features="auto").fit(numbers, Y)
    plain = RNNClassifier(**TINY).fit(numbers, Y)
    assert plain.categories_ == auto.categories_ == {}
    assert_same_weights(auto, plain)


@pytest.mark.parametrize("how", ["small", "numbers alone"])
def test_rnn_categories_stream(how):
    model = fitted(how)
    events = X[1].copy()
    events.loc[0, "code"], events.loc[1, "code"] = "Z", None
    expected = [model.predict_proba([events[: t + 1]])[0] for t in range(len(events))]
    for send in (dict, list, tuple, pd.Series):
        stream = model.stream(method="predict_proba")
        rows = (dict(row) for _, row in events.iterrows())
        found = [
            stream.send(send(row if send in (dict, pd.Series) else row.values())) for row in rows
        ]
        assert_allclose(found, expected, atol=1e-6)
    assert_allclose(model.stream(method="predict_proba").send_many(events), expected, atol=1e-6)
    pair = model.stream(method="predict_proba", n_streams=2)
    found = [pair.send(events.iloc[[t, t]])[1] for t in range(len(events))]
    assert_allclose(found, expected, atol=1e-6)
    _, state = model.predict_proba([events[:1]], return_state=True)
    later = model.predict_proba([events[1:]], initial_state=state)
    assert_allclose(later[0], expected[-1], atol=1e-6)


def test_rnn_categories_stream_errors():
    stream = fitted().stream()
    for wrong in (["A", 1.0], [["A", 1.0, 2]], {"code": "A", "amount": 1.0}, 3.0):
        with pytest.raises(ValueError, match="x must be one time step of shape"):
            stream.send(wrong)
    with pytest.raises(ValueError, match="NaN"):
        stream.send(["A", np.nan, 3])
    with pytest.raises(ValueError, match="do not hold numbers: 'amount'"):
        stream.send(["A", "B", 3])
    with pytest.raises(TypeError, match=r"x\[0\] holds .* not a number: int too large"):
        stream.send(["A", 10**400, 3])
    with pytest.raises(ValueError, match=r"integer beyond 64 bits in .* 'code'.*astype"):
        stream.send([10**400, 1.0, 3])


def test_rnn_categories_per_time_step_and_truncation():
    amounts = [frame["amount"].to_numpy() for frame in X]
    parameters = {"units": 2, "epochs": 1, "cell": "simple", "return_sequences": True}
    model = RNNRegressor(categorical_features="auto", truncation=2, **parameters)
    predicted = model.fit(X, amounts).predict(X[:3])
    alone = [model.predict([frame])[0] for frame in X[:3]]
    for one, other in zip(predicted, alone, strict=True):
        assert_allclose(one, other, rtol=1e-5)


def test_rnn_categories_in_a_search():
    search = GridSearchCV(
        event_classifier(), {"learning_rate": [0.01, 0.02]}, cv=2, error_score="raise"
    ).fit(X, Y)
    assert search.best_estimator_.categories_["code"].tolist() == list(CODES)
    other = clone(search.best_estimator_).fit(X, Y)
    assert_same_weights(other, search.best_estimator_)


def test_rnn_folds_with_other_categories_share_a_program(monkeypatch):
    def fit(n_codes):
        codes = np.resize(np.arange(n_codes), sum(map(len, X))).astype(str)
        ends = np.cumsum([len(frame) for frame in X])
        frames = zip(X, np.split(codes, ends[:-1]), strict=True)
        event_classifier().fit([frame.assign(code=some) for frame, some in frames], Y)

    built = count_programs(monkeypatch)
    fit(18)
    fit(17)
    assert len(built) == 1


def test_rnn_categories_export(tmp_path):
    model = fitted("missing numbers")
    known = model.predict_proba(X[:5])[:, 1]
    rows = ids_as_rows(model._vocabulary, read_sequences(model, X[:5])).sequences
    padded = to_padded(rows, value=0).astype("float32")
    outputs = to_keras(model)([padded, rows.lengths.astype("int32")])
    outputs = keras.ops.convert_to_numpy(outputs)
    assert_allclose(outputs[:, 0], known, atol=1e-6)
    path = tmp_path / "weights.safetensors"
    to_safetensors(model, path)
    other = fitted("missing numbers", random_state=1)
    assert_array_equal(from_safetensors(other, path).predict_proba(X[:5])[:, 1], known)
    renamed = fitted("missing numbers", frames=[frame.replace("A", "Z") for frame in X])
    with pytest.raises(ValueError, match=r'categories is .*"A".* but .*"Z"'):
        from_safetensors(renamed, path)
    with pytest.raises(
        ValueError, match="categorical features, which cannot be written as an ONNX"
    ):
        to_onnx(model, tmp_path / "model.onnx")


def test_rnn_categories_attributions():
    model = fitted(add_differences=False, pooling="last")
    attributions = feature_attributions(model, X[:2], method="occlusion")
    unseen = X[0].copy()
    unseen.loc[0, "code"] = "Z"
    predicted = model.predict_proba([X[0], unseen])
    column = predicted[0].argmax()
    expected = predicted[0, column] - predicted[1, column]
    assert_allclose(attributions[0][0, 0], expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"'integrated_gradients'.*'code', 'weekday'.*occlusion"):
        feature_attributions(model, X[:2])
    with pytest.raises(ValueError, match="baseline must be None with categorical features"):
        feature_attributions(model, X[:2], method="occlusion", baseline=0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"categorical_features": None}, r"do not hold numbers: 'code'.*categorical_features"),
        ({"categorical_features": ["weekday"]}, r"do not hold numbers: 'code'"),
        ({"categorical_features": ["kind"]}, r"contains 'kind', but X has the features \['code'"),
        ({"categorical_features": "all"}, "categorical_features.* must be .*'auto'"),
        ({"categorical_features": ["code", "amount"]}, r"holds [\d.]+ in .* 'amount'"),
        ({"embedding": {"amount": 3}}, r"embedding contains 'amount'.*\['code', 'weekday'\]"),
        ({"embedding": {"code": 0}}, r"embedding\['code'\] must be a positive int, got 0"),
        ({"embedding": np.ones((9, 2))}, "must be an int, a dict .* or None if categorical_feat"),
        ({"categorical_features": None, "embedding": {"code": 3}}, "set categorical_features too"),
        ({"categorical_features": [], "embedding": 3}, r"embedding=3 .* finds none in X|hold num"),
    ],
)
def test_rnn_categories_errors_in_fit(parameters, message):
    model = fitted()
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(X, Y)
    model.set_params(categorical_features=["code", "weekday"], embedding=2)
    assert pickle.dumps(vars(model)) == before


def test_rnn_categories_errors_in_predict():
    model = fitted()
    with pytest.raises(ValueError, match=r"holds numbers in .* 'code'.* fitted on strings.*'A'"):
        model.predict(integers(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict([frame[["amount", "code", "weekday"]] for frame in X])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict([frame[["code", "amount"]] for frame in X])
    with pytest.raises(ValueError, match="NaN"):
        model.predict([frame.assign(amount=np.nan) for frame in X])
    for changed in (["code"], [0]):
        with pytest.raises(
            ValueError, match="categorical_features has changed since it was fitted"
        ):
            clone(model).fit(X, Y).set_params(categorical_features=changed).partial_fit(X, Y)


def test_codes_are_refused_without_the_parameter():
    table = pd.concat([frame.assign(who=i, day=frame.index) for i, frame in enumerate(X)])
    long, _ = from_long(table, id="who", time="day")
    for model in (RNNClassifier(), EchoStateClassifier()):
        with pytest.raises(ValueError, match=r"categories in \['code'\].*categorical_features"):
            model.fit(long, Y)
    with pytest.raises(ValueError, match="categorical_features"):
        EchoStateClassifier().fit(X, Y)
