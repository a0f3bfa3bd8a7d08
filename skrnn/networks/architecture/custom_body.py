"""Build and check a custom body of the network, which replaces the recurrent layers."""

import json
import re

import keras

from skrnn.networks.architecture.stack import last_step
from skrnn.networks.fingerprint import describe_class, describe_held


def custom_body(steps, lengths, spec):
    """Return the time steps (or None), the final vector and the description of a custom body."""
    body = spec.body(steps, lengths)
    hidden, ends = _check_body(body, lengths, spec)
    layers = keras.Model([steps, lengths], body)
    _check_dtypes(layers, spec.dtype)
    return hidden, ends, _describe_body(layers)


def _check_body(body, lengths, spec):
    """Return the time steps (or None) and the final vector that a custom body returned."""
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
    """Refuse trained weights of another dtype, because their gradients cannot be combined."""
    wrong = {
        layer.name: variable.dtype
        for layer in layers.layers
        for variable in layer.trainable_variables
        if variable.dtype != dtype
    }
    if wrong:
        names = ", ".join(f"{name!r} of {found}" for name, found in wrong.items())
        raise ValueError(
            f"body(steps, lengths) must build layers of the estimator's dtype={dtype!r}, but it "
            f"built {names}. Pass dtype=steps.dtype to each layer."
        )


def _describe_body(layers):
    """Return a description of the layers that does not depend on the names Keras gives them."""
    config = json.dumps(layers.get_config(), default=repr, sort_keys=True)
    names = [layers.name] + [operation.name for operation in layers.operations]
    for i, name in enumerate(names):
        config = re.sub(rf'"{re.escape(name)}"', f'"#{i}"', config)
    # A configuration contains the names of classes and functions, but not their code.
    return config + "".join(
        f" {describe_class(type(operation))} {describe_held(operation)}"
        for operation in layers.operations
    )
