"""The forward pass of a recurrent network in NumPy, one time step after another.

The weights are those of `weights_`. One time step of a small network takes microseconds here, less
than a framework needs to begin its computation.
"""

from functools import partial

import numpy as np

from skrnn.recurrent._named_weights import (
    ATTENTION,
    CATEGORY,
    DECAY,
    DIFFERENCES,
    named_weights,
    weights_of_layer,
)
from skrnn.recurrent._numpy_activations import (
    ACTIVATIONS,
    grouped_softmax,
    numpy_activation,
    softmax,
)
from skrnn.recurrent._numpy_cells import numpy_cell
from skrnn.recurrent._running_pooling import pooling_of
from skrnn.recurrent._state import StateLayout


class NumpyHead:
    """Pooling and the output layer of a network.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    """

    def __init__(self, spec, weights):
        named = named_weights(spec, weights)
        self._update = pooling_of(spec).update
        self._attention = [named[name] for name in ATTENTION if name in named]
        self._kernel, self._bias = named["head/kernel"], named["head/bias"]
        name = spec.output_activation
        self._activation = softmax if name == "softmax" else ACTIVATIONS[name]
        if spec.output_groups:
            self._activation = partial(grouped_softmax, groups=spec.output_groups)

    def pool(self, h, carried, n_steps):
        """Return the pooled vectors after a time step, and what the pooling carries."""
        return self._update(h, carried, n_steps, self._attention)

    def outputs(self, pooled):
        """Return the outputs of the network for pooled vectors of shape (n, width)."""
        return self._activation(pooled @ self._kernel + self._bias)


class NumpyNetwork:
    """A network that reads one time step of each of some sequences at a time.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray

    Attributes
    ----------
    layout : StateLayout
    head : NumpyHead

    Raises
    ------
    ValueError
        If the network has a part that NumPy does not compute here.
    """

    def __init__(self, spec, weights):
        self.layout = StateLayout(spec)
        self.head = NumpyHead(spec, weights)
        named = named_weights(spec, weights)
        self._embedding = named.get("embedding/embeddings")
        self._categories = categories_of(spec, named)
        self._decay = [named.get(name) for name in DECAY]
        self._factor = named.get(DIFFERENCES)
        self._cell, self._activation = numpy_cell(spec.cell), numpy_activation(spec.activation)
        self._layers = [weights_of_layer(named, f"recurrent_{i}") for i in range(len(spec.units))]
        self._input_biases = [self._cell.input_bias(layer.get("bias", 0)) for layer in self._layers]

    def advance(self, x, state):
        """Read one time step.

        Parameters
        ----------
        x : ndarray of shape (n, n_features), or of int and shape (n,)
            Vectors, rows of the embedding, or the codes of one-hot vectors.
        state : tuple of ndarray
            The state before the time step.

        Returns
        -------
        pooled : ndarray of shape (n, width)
            The inputs of the output layer after the time step.
        state : tuple of ndarray
            The state after the time step.
        """
        layers, previous, n_steps, observed, carried = self.layout.split(state)
        if self._embedding is not None:
            x = self._embedding[x]
        x, vectors = split_categories(x, self._categories)
        indicators = []
        if observed:
            is_missing = np.isnan(x)
            x, observed = fill_missing(x, is_missing, observed, *self._decay)
            indicators = [is_missing]
        if previous is not None:
            differences = np.where(n_steps > 0, x - previous, 0) * self._factor
            x, previous = np.concatenate([x, differences], axis=1), x
        if indicators or vectors:
            x = np.concatenate([x, *indicators, *vectors], axis=1, dtype=x.dtype)
        if n_steps is not None:
            n_steps = n_steps + 1
        after = []
        for states, weights, bias in zip(layers, self._layers, self._input_biases, strict=True):
            projected = product(x, weights["kernel"]) + bias
            after.append(self._cell.step(projected, states, weights, self._activation))
            x = after[-1][0]
        pooled, carried = self.head.pool(x, carried, n_steps)
        return pooled, self.layout.join(after, previous, n_steps, observed, carried)


def categories_of(spec, named):
    """Return the index of each categorical feature, and its embedding."""
    return [(column, named[CATEGORY.format(i)]) for i, (column, *_) in enumerate(spec.categorical)]


def split_categories(x, categories):
    """Return the numeric features of time steps, and the vectors of each categorical feature."""
    if not categories:
        return x, []
    vectors = [rows[x[:, column].astype(np.intp)] for column, rows in categories]
    return np.delete(x, [column for column, _ in categories], axis=1), vectors


def fill_missing(x, is_missing, observed, kernel, bias, mean):
    """Return a time step without NaN, and the last observations after it."""
    values, since = observed
    decay = np.exp(-np.maximum(kernel * since + bias, 0))
    decayed = np.where(since > 0, decay * (values - mean) + mean, mean)
    still = np.where(since > 0, since + 1, since)
    filled = np.where(is_missing, decayed, x)
    return filled, (np.where(is_missing, values, x), np.where(is_missing, still, 1).astype(x.dtype))


def product(x, kernel):
    """Return the product of vectors with a kernel; the code -1 stands for a vector of zeros."""
    if x.ndim == 2:
        return x @ kernel
    return np.where((x >= 0)[:, None], kernel[np.maximum(x, 0)], 0)
