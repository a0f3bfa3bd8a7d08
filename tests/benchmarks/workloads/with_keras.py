"""The same workloads in plain Keras, written as in its guides."""

import itertools

import keras
import numpy as np

from workloads.data import documents, echoed_noise, pad_left, reviews, waves

LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def compiled(layers, loss="binary_crossentropy"):
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.001), loss)
    return model


def classifier(cell, steps, features, units):
    recurrent = LAYERS[cell](units)
    head = keras.layers.Dense(1, "sigmoid")
    return compiled([keras.Input((steps, features)), recurrent, head])


def epoch(cell, n, steps, features, units, batch_size, epochs):
    """Train for more epochs."""
    X, y = waves(n, steps, features)
    return more_epochs(classifier(cell, steps, features, units), X, y, batch_size, epochs)


def tokens_epoch(n, longest, vocabulary, dimensions, units, batch_size, epochs):
    """Train for more epochs on token ids, all padded to the longest."""
    X, y = documents(n, longest, vocabulary)
    layers = [
        keras.Input((longest,), dtype="int32"),
        keras.layers.Embedding(vocabulary, dimensions),
        keras.layers.LSTM(units),
        keras.layers.Dense(1, "sigmoid"),
    ]
    return more_epochs(compiled(layers), pad_left(X, longest), y, batch_size, epochs)


def more_epochs(model, X, y, batch_size, epochs):
    def run():
        history = model.fit(X, y, batch_size=batch_size, epochs=epochs, verbose=0)
        return {"loss": history.history["loss"][-1]}

    return run


def predict_one(n_calls, n_train, steps, features, units, epochs, call=False):
    """Predict for one sequence, again and again, with `predict` or by calling the model."""
    model, X, y = trained(n_train, n_calls, steps, features, units, epochs)

    def probability(one):
        return float(model(one)[0, 0]) if call else model.predict(one, verbose=0)[0, 0]

    def run():
        predicted = [probability(X[i : i + 1]) > 0.5 for i in range(n_calls)]
        return {"accuracy": float(np.mean(predicted == y))}

    return run


def predict_many(n, n_train, steps, features, units, epochs, batch_size=32):
    """Predict for many sequences at once; Keras' own size of a batch is 32."""
    model, X, y = trained(n_train, n, steps, features, units, epochs)

    def run():
        predicted = model.predict(X, batch_size=batch_size, verbose=0)[:, 0] > 0.5
        return {"accuracy": float(np.mean(predicted == y))}

    return run


def trained(n_train, n, steps, features, units, epochs):
    model = classifier("lstm", steps, features, units)
    model.fit(*waves(n_train, steps, features), epochs=epochs, verbose=0)
    return model, *waves(n, steps, features, seed=1)


def first_fit(n, steps, features, units, epochs):
    """Build, compile and fit a new model: each run has one unit more than the last one."""
    X, y = waves(n, steps, features)
    sizes = itertools.count(units)

    def run():
        model = classifier("lstm", steps, features, next(sizes))
        return {"loss": model.fit(X, y, epochs=epochs, verbose=0).history["loss"][-1]}

    return run


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and number their words, padded to the longest."""
    texts = reviews(n, real)

    def run():
        layer = keras.layers.TextVectorization(max_tokens=vocabulary)
        layer.adapt(texts)
        ids = np.asarray(layer(texts))
        return {"tokens": np.count_nonzero(ids) / n}

    return run


def windows(n, steps, features, units, batch_size):
    """Train for one more epoch on the complete windows of a series."""
    X, y = echoed_noise(n, features)
    layers = [keras.Input((steps, features)), keras.layers.LSTM(units), keras.layers.Dense(1)]
    model = compiled(layers, "mean_squared_error")
    data = keras.utils.timeseries_dataset_from_array(
        X, y[steps - 1 :], sequence_length=steps, batch_size=batch_size, shuffle=True
    )

    def run():
        return {"loss": model.fit(data, verbose=0).history["loss"][-1]}

    return run
