"""Let static features into a network: next to the inputs of the output layer, or as first states.

With "concat", the output layer receives the pooled vector of a sequence, or the output at each of
its time steps, and the static features side by side. With "initial_state", a dense layer without
activation maps them to the first states of all recurrent layers, in place of zeros, as in A.
Karpathy, L. Fei-Fei, "Deep visual-semantic alignments for generating image descriptions", CVPR
2015, where the features of an image begin the sentence.
"""

import keras
from keras import ops

from skrnn.networks.architecture.head import dense
from skrnn.networks.cells import get_cell
from skrnn.networks.static_input import STATIC

# The name of the layer from static features to the first states of all recurrent layers.
FIRST_STATES = "first_states"


def static_inputs(spec):
    """Return a list of the input of static features, which is empty if there are none."""
    if not spec.n_static:
        return []
    return [keras.Input((spec.n_static,), dtype=spec.dtype, name=STATIC)]


def with_static(summary, static, spec):
    """Return the inputs of the output layer, with static features next to each of them.

    Parameters
    ----------
    summary : tensor of shape (batch, width) or (batch, T, width)
    static : list of tensor of shape (batch, n_static)
        The return value of `static_inputs`.
    spec : NetworkSpec
    """
    if spec.static != "concat":
        return summary
    [features] = static
    if len(summary.shape) == 3:
        ones = ops.ones_like(summary[:, :, :1])
        features = ops.expand_dims(features, 1) * ones
    return ops.concatenate([summary, features], axis=-1)


def first_states(static, spec, seeds):
    """Return a function that returns the first states of one layer after another, or None.

    Parameters
    ----------
    static : list of tensor of shape (batch, n_static)
    spec : NetworkSpec
    seeds : iterator of int or None

    Returns
    -------
    callable or None
        A function of the number of units of a layer, which is called once for each layer and each
        direction. It returns a list of tensors of shape (batch, units). None if states begin with
        zeros.
    """
    if spec.static != "initial_state":
        return None
    [features] = static
    n_states, n_directions = get_cell(spec.cell).n_states, 2 if spec.bidirectional else 1
    width = n_states * n_directions * sum(spec.units)
    remaining = [dense(width, FIRST_STATES, spec, next(seeds))(features)]

    def states_of(units):
        mapped = remaining.pop()
        end = n_states * units
        remaining.append(mapped[:, end:])
        return [mapped[:, i : i + units] for i in range(0, end, units)]

    return states_of
