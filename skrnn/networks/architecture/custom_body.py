"""A body of the network that a user's function builds, in place of recurrent layers."""

import json
import re

import keras

from skrnn.networks.architecture.stack import last_step
from skrnn.networks.fingerprint import describe_class, describe_held


def custom_body(steps, lengths, spec):
    """Return steps (or None), final vector and a description of what a user's callable builds."""
    body = spec.body(steps, lengths)
    hidden, ends = _check_body(body, lengths, spec)
    layers = keras.Model([steps, lengths], body)
    _check_dtypes(layers, spec.dtype)
    return hidden, ends, _describe_body(layers)


def _check_body(body, lengths, spec):
    """Return steps (or None) and final vector of what a user's body gave."""
    rank = len(body.shape) if isinstance(body, keras.KerasTensor) else None
    if rank == 3:
        return body, last_step(body, lengths)
    if rank == 2 and not spec.return_sequences:
        return None, body
    expected = "3-D (batch, steps, features)"
    if not spec.return_sequences:
        expected = "2-D (batch, features) or " + expected
    raise ValueError(
        f"body(steps, lengths) must return a {expected} Keras tensor, "
        f"got {repr(body) if rank is None else f'shape {body.shape}'}."
    )


def _check_dtypes(layers, dtype):
    """Refuse layers whose trained weights are of another dtype: gradients would not add up."""
    wrong = {
        layer.name: variable.dtype
        for layer in layers.layers
        for variable in layer.trainable_variables
        if variable.dtype != dtype
    }
    if wrong:
        names = ", ".join(f"{name!r} of {found}" for name, found in wrong.items())
        raise ValueError(
            f"body(steps, lengths) must build layers of dtype={dtype!r}, the estimator's, but it "
            f"built {names}: give each layer dtype=steps.dtype."
        )


def _describe_body(layers):
    """Return the configuration of a user's layers, without the numbers Keras names them by."""
    config = json.dumps(layers.get_config(), default=repr, sort_keys=True)
    names = [layers.name] + [operation.name for operation in layers.operations]
    for i, name in enumerate(names):
        config = re.sub(rf'"{re.escape(name)}"', f'"#{i}"', config)
    # A configuration names classes and functions without their code.
    return config + "".join(
        f" {describe_class(type(operation))} {describe_held(operation)}"
        for operation in layers.operations
    )
