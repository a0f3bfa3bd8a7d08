"""The workloads of skrnn.

Except in `defaults`, every setting is that of the peers: Adam's learning rate is theirs and stays
constant, gradients are not clipped, features are not standardized, and the output layer receives
the last state.
"""

import itertools
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EmbeddingTokenizer, RNNClassifier, RNNRegressor
from skrnn.preprocessing import SlidingWindow
from skrnn.recurrent import RandomConvBody, RecurrentFeatures
from skrnn.sequences import Sequences
from workloads.data import documents, echoed_noise, reviews, waves
from workloads.real_sequences import CLASSES, conv_body

FLOAT_BYTES, MIB = 4, 2**20
AS_PEERS = {
    "learning_rate": 0.001,
    "schedule": "constant",
    "global_clipnorm": None,
    "standardize": False,
    "add_differences": False,
    "pooling": "last",
    "random_state": 0,
}


def classifier(**parameters):
    return RNNClassifier(**{**AS_PEERS, **parameters})


def load_framework():
    """Fit a tiny network, so that later memory does not include what the first fit loads."""
    X, y = waves(4, 2, 1)
    classifier(cell="simple", units=1, epochs=1).fit(X, y)


def grid_search(n, steps, features, epochs, rates, units, folds, compiled=True):
    """Search over learning rates and units; compile all programs again unless `compiled`."""
    X, y = waves(n, steps, features)
    search = GridSearchCV(
        classifier(epochs=epochs, batch_size=32),
        {"learning_rate": rates, "units": units},
        cv=StratifiedKFold(folds),
        refit=False,
    )

    def run():
        if not compiled:
            clear_programs()
        search.fit(X, y)
        return {"accuracy": float(search.best_score_)}

    return run


def clear_programs():
    from skrnn.networks import programs

    programs.clear()


def epoch(cell, n, steps, features, units, batch_size, epochs):
    """Train for more epochs."""
    X, y = waves(n, steps, features)
    return more_epochs(classifier(cell=cell, units=units, batch_size=batch_size), X, y, epochs)


def tokens_epoch(n, longest, vocabulary, dimensions, units, batch_size, epochs):
    """Train for more epochs on token ids."""
    load_framework()
    X, y = documents(n, longest, vocabulary)
    model = classifier(embedding=dimensions, units=units, batch_size=batch_size)
    return more_epochs(model, X, y, epochs)


def one_hot_epoch(n, longest, vocabulary, units, batch_size, epochs):
    """Train for more epochs on the same tokens as sparse one-hot rows."""
    load_framework()
    X, y = documents(n, longest, vocabulary)
    X = [one_hot(tokens, vocabulary) for tokens in X]
    return more_epochs(classifier(units=units, batch_size=batch_size), X, y, epochs)


def one_hot(tokens, vocabulary):
    ones = np.ones(len(tokens), np.float32)
    return csr_array((ones, tokens, np.arange(len(tokens) + 1)), (len(tokens), vocabulary))


def more_epochs(model, X, y, epochs):
    model.set_params(warm_start=True, epochs=epochs)

    def run():
        model.fit(X, y)
        return {"loss": model.history_["loss"][-1]}

    return run


def predict_one(n_calls, n_train, steps, features, units, epochs):
    """Predict for one sequence, again and again."""
    model, X, y = trained(n_train, n_calls, steps, features, units, epochs)

    def run():
        predicted = [model.predict(X[i : i + 1])[0] for i in range(n_calls)]
        return {"accuracy": float(np.mean(predicted == y))}

    return run


def predict_many(n, n_train, steps, features, units, epochs):
    """Predict for many sequences at once."""
    model, X, y = trained(n_train, n, steps, features, units, epochs)
    return lambda: {"accuracy": float(np.mean(model.predict(X) == y))}


def trained(n_train, n, steps, features, units, epochs):
    model = classifier(units=units, epochs=epochs)
    model.fit(*waves(n_train, steps, features))
    return model, *waves(n, steps, features, seed=1)


def first_fit(n, steps, features, units, epochs):
    """Fit a new architecture: each run has one unit more than the last one."""
    X, y = waves(n, steps, features)
    sizes = itertools.count(units)

    def run():
        model = classifier(units=next(sizes), epochs=epochs).fit(X, y)
        return {"loss": model.history_["loss"][-1]}

    return run


def blocks(mib, steps, features, units, batch_size):
    """Fit for one epoch on steps that are in a file of `mib` MiB."""
    load_framework()
    n = mib * MIB // (FLOAT_BYTES * steps * features)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "steps"
    y = write_steps(path, n, steps, features)
    values = np.memmap(path, np.float32, "r", shape=(n * steps, features))
    X = Sequences(values, np.arange(n) * steps, np.full(n, steps))
    model = classifier(units=units, batch_size=batch_size, epochs=1)

    def run(folder=folder):  # keeps the folder until the workload is deleted
        return {"loss": model.fit(X, y).history_["loss"][-1]}

    return run


def write_steps(path, n, steps, features, n_at_once=1000):
    """Write sequences to a file, part by part, and return their classes."""
    classes = []
    with path.open("wb") as file:
        for begin in range(0, n, n_at_once):
            X, y = waves(min(n_at_once, n - begin), steps, features, seed=begin)
            X.tofile(file)
            classes.append(y)
    return np.concatenate(classes)


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and number their words."""
    texts = reviews(n, real)

    def run():
        ids = EmbeddingTokenizer(max_tokens=vocabulary).fit_transform(texts)
        return {"tokens": sum(map(len, ids)) / n}

    return run


def windows(n, steps, features, units, batch_size):
    """Cut a window that ends at each row of a series, and train for one more epoch."""
    X, y = echoed_noise(n, features)
    network = RNNRegressor(
        units=units, batch_size=batch_size, epochs=1, warm_start=True, **AS_PEERS
    )
    model = make_pipeline(SlidingWindow(steps), network)
    few = slice(2 * batch_size)  # the memory of a fit is not that of the first compilation
    model.fit(X[few], y[few])

    def run():
        return {"loss": model.fit(X, y)[-1].history_["loss"][-1]}

    return run


def defaults(predicted, longest, seed):
    """Return the estimator with its defaults, on raw sequences of any length."""
    return (RNNClassifier if predicted == CLASSES else RNNRegressor)(random_state=seed)


def with_conv_body(predicted, longest, seed):
    """Return the same with the convolutional body."""
    return defaults(predicted, longest, seed).set_params(body=conv_body()())


def random_convolutions(predicted, longest, seed):
    """Return a ridge model on the features of random convolutions."""
    network = defaults(predicted, longest, seed)
    network.set_params(body=RandomConvBody(), add_differences=False, epochs=1)
    alphas = np.logspace(-3, 4, 10)
    ridge = RidgeClassifierCV(alphas) if predicted == CLASSES else RidgeCV(alphas)
    return make_pipeline(RecurrentFeatures(network), StandardScaler(), ridge)
