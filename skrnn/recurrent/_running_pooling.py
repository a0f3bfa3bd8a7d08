"""Pooling of the outputs of a recurrent layer, one time step after another.

Each pooling carries what it needs of the earlier time steps in a few arrays, whose size does not
depend on their number, and returns the pooled vector after each time step. Sums are in float64,
because float32 would round them more and more in a long stream.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skrnn.sequences._streams import Slot


class Pooling(NamedTuple):
    """A pooling that is computed one time step after another.

    Parameters
    ----------
    slots : callable
        ``slots(units, dtype)`` returns the arrays that are carried, as a list of `Slot`.
    update : callable
        ``update(h, carried, n_steps, attention)`` returns the pooled vectors, of shape (n, width),
        and the next values of the carried arrays as a tuple. `h` is the output of the recurrent
        layer, of shape (n, units), `n_steps` is the number of time steps including this one, of
        shape (n, 1), and `attention` is the list of the weights of attention.
    counts_steps : bool, default=False
        Whether `update` uses `n_steps`.
    """

    slots: Callable
    update: Callable
    counts_steps: bool = False


def _last_slots(units, dtype):
    return []


def _update_last(h, carried, n_steps, attention):
    return h, ()


def _max_slots(units, dtype):
    return [Slot("maximum", units, dtype, fresh=-np.inf)]


def _update_max(h, carried, n_steps, attention):
    highest = np.maximum(carried[0], h)
    return highest, (highest,)


def _mean_slots(units, dtype):
    return [Slot("sum", units, "float64")]


def _update_mean(h, carried, n_steps, attention):
    total = carried[0] + h
    return (total / n_steps).astype(h.dtype), (total,)


def _mean_max_slots(units, dtype):
    return [*_mean_slots(units, dtype), *_max_slots(units, dtype)]


def _update_mean_max(h, carried, n_steps, attention):
    mean, total = _update_mean(h, carried[:1], n_steps, attention)
    highest, _ = _update_max(h, carried[1:], n_steps, attention)
    return np.concatenate([mean, highest], axis=1), (*total, highest)


def _attention_slots(units, dtype):
    return [
        Slot("largest score", 1, "float64", fresh=-np.inf),
        Slot("sum of weights", 1, "float64"),
        Slot("weighted sum", units, "float64"),
    ]


def _update_attention(h, carried, n_steps, attention):
    """Update a softmax whose weights are relative to the largest score so far."""
    largest, weights, weighted = carried
    kernel, bias, score = attention
    scores = (np.tanh(h @ kernel + bias) @ score).astype(np.float64)
    new_largest = np.maximum(largest, scores)
    kept, weight = np.exp(largest - new_largest), np.exp(scores - new_largest)
    weights, weighted = weights * kept + weight, weighted * kept + weight * h
    return (weighted / weights).astype(h.dtype), (new_largest, weights, weighted)


POOLINGS = {
    "last": Pooling(_last_slots, _update_last),
    "mean": Pooling(_mean_slots, _update_mean, counts_steps=True),
    "max": Pooling(_max_slots, _update_max),
    "mean_max": Pooling(_mean_max_slots, _update_mean_max, counts_steps=True),
    "attention": Pooling(_attention_slots, _update_attention),
}


def pooling_of(spec):
    """Return the pooling of a specification; an output per time step is that of the time step."""
    return POOLINGS["last" if spec.return_sequences else spec.pooling]
