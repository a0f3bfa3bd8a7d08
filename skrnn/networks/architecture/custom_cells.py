"""Recurrent layers of a user's own Keras cell: a class or an instance of `keras.layers.Layer`.

Such a cell is run by `keras.layers.RNN`, without a mask: in both directions padding comes after
all real steps of a sequence, so that it reaches no output that is used.
"""

import inspect
import json

import keras
from keras import ops

from skrnn.networks.fingerprint import describe_class, describe_held


def check_custom_cell(spec):
    """Refuse what is not a Keras cell, and parameters that cannot apply to one.

    Parameters
    ----------
    spec : NetworkSpec
        With a `custom_cell`.

    Raises
    ------
    ValueError
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
                f"{name}={value!r} has no effect on the custom cell {kind.__name__}: leave {name} "
                "at its default, and set up the cell itself, as an instance or in its class."
            )


def make_custom_layer(cell, units, dtype, name):
    """Return a layer that gives the outputs at all time steps and the final states.

    Parameters
    ----------
    cell : class or instance of keras.layers.Layer
        A class is called with `units`. An instance is a description: the layer gets a new cell
        that is made from its configuration.
    units : int
    dtype : {"float32", "float64"}
        Passed to the cell if it takes a dtype.
    name : str
        Of the layer.

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
        config = cell.get_config()
        # Each layer's cell gets a name of its own.
        config.pop("name", None)
        new = type(cell).from_config(config | ({"dtype": dtype} if "dtype" in config else {}))
    if not hasattr(new, "state_size"):
        raise ValueError(
            f"cell must have a state_size, the size of its state or a list with the sizes of "
            f"several, but {type(new).__name__} has none."
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
        If trained weights of the cell are not of the layer's dtype: their gradients could not be
        combined with the others.
    """
    if steps.ndim == 2:
        steps = ops.one_hot(steps, n_features, dtype=layer.compute_dtype)
    outputs, *states = layer(steps)
    wrong = {v.dtype for v in layer.trainable_variables if v.dtype != layer.compute_dtype}
    if wrong:
        raise ValueError(
            f"The weights of the custom cell {type(layer.cell).__name__} must be of "
            f"dtype={layer.compute_dtype!r}, the estimator's, but some are of {sorted(wrong)}: let "
            "the cell accept a dtype and pass it to keras.layers.Layer."
        )
    return outputs, *keras.tree.flatten(states)


def describe_custom_layer(layer):
    """Return what a layer's cell is made of, as text that is equal for equal cells.

    A configuration names classes without their code, and may leave out what a cell holds.
    """
    config = {name: value for name, value in layer.cell.get_config().items() if name != "name"}
    text = json.dumps(config, default=repr, sort_keys=True)
    parts = layer.cell._flatten_layers()
    for i, part in enumerate(parts):
        text = text.replace(f'"{part.name}"', f'"#{i}"')
        text += f" {describe_class(type(part))} {describe_held(part)}"
    return text
