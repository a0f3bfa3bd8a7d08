"""Recurrent layers of a custom Keras cell, which is a class or an instance of `keras.layers.Layer`.

`keras.layers.RNN` runs such a cell without a mask. In both directions, the padding comes after all
real time steps of a sequence, so that padding does not affect the outputs that are used.
"""

import inspect

import keras
from keras import ops

from skrnn.networks.keras_objects import rebuild_whole


def check_custom_cell(spec):
    """Check that a custom cell is a Keras layer, and that all parameters apply to it.

    Parameters
    ----------
    spec : NetworkSpec
        A specification with a `custom_cell`.

    Raises
    ------
    ValueError
        If the cell is not a Keras layer, or if a parameter that has no effect on a custom cell is
        not at its default.
    """
    cell = spec.custom_cell
    kind = cell if inspect.isclass(cell) else type(cell)
    if not issubclass(kind, keras.layers.Layer) or not callable(getattr(kind, "call", None)):
        raise ValueError(
            "cell must be the name of a cell, or a class or an instance of keras.layers.Layer with "
            f"state_size, such as keras.layers.GRUCell, got {cell!r}."
        )
    settings = {
        "activation": (spec.activation, "tanh"),
        "dropout": (spec.dropout, 0),
        "recurrent_dropout": (spec.recurrent_dropout, 0),
        "l2": (spec.l2, 0),
    }
    for name, (value, default) in settings.items():
        if value != default:
            raise ValueError(
                f"{name}={value!r} has no effect on the custom cell {kind.__name__}. Leave {name} "
                "at its default, and configure the cell instead: pass an instance, or change the "
                "class."
            )


def make_custom_layer(cell, units, dtype, name):
    """Return a layer that returns the outputs at all time steps and the final states.

    Parameters
    ----------
    cell : class or instance of keras.layers.Layer
        A class is called with `units`. An instance serves as a description: the layer has a new
        cell, which is made from the configuration of the instance.
    units : int
    dtype : {"float32", "float64"}
        Passed to the cell if it takes a dtype.
    name : str
        The name of the layer.

    Returns
    -------
    keras.layers.RNN

    Raises
    ------
    ValueError
        If the cell has no `state_size`.
    """
    if inspect.isclass(cell):
        new = cell(units, dtype=dtype) if _takes_dtype(cell) else cell(units)
    else:
        changes = {"dtype": dtype} if "dtype" in cell.get_config() else {}
        # Keras gives the cell of each layer a different name.
        new = rebuild_whole(cell, changes, without=("name",))
    if not hasattr(new, "state_size"):
        raise ValueError(
            "cell must have a state_size (the size of its state, or a list with the sizes of "
            f"several states), but {type(new).__name__} has none."
        )
    return keras.layers.RNN(new, return_sequences=True, return_state=True, dtype=dtype, name=name)


def _takes_dtype(cell):
    parameters = inspect.signature(cell).parameters.values()
    return any(p.name == "dtype" or p.kind is p.VAR_KEYWORD for p in parameters)


def run_custom_layer(layer, steps, n_features):
    """Run a layer over steps, or over codes of one-hot vectors.

    Returns
    -------
    outputs : KerasTensor of shape (batch, T, any)
    *states : KerasTensor

    Raises
    ------
    ValueError
        If trained weights of the cell do not have the layer's dtype, because their gradients could
        not be combined with the others.
    """
    if steps.ndim == 2:
        steps = ops.one_hot(steps, n_features, dtype=layer.compute_dtype)
    outputs, *states = layer(steps)
    wrong = {v.dtype for v in layer.trainable_variables if v.dtype != layer.compute_dtype}
    if wrong:
        raise ValueError(
            f"The weights of the custom cell {type(layer.cell).__name__} must be of "
            f"the estimator's dtype={layer.compute_dtype!r}, but some are of {sorted(wrong)}. "
            "Change the cell to accept a dtype, and to pass it to keras.layers.Layer."
        )
    return outputs, *keras.tree.flatten(states)
