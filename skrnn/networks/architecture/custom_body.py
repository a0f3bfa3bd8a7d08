"""Build and check a custom body of the network, which replaces the recurrent layers."""

import keras

from skrnn.networks.architecture.stack import last_step
from skrnn.networks.fingerprint import objects_in


def custom_body(steps, lengths, spec):
    """Return the time steps (or None), the final vector and the Keras model of a custom body."""
    earlier = {id(layer) for layer in objects_in(spec.body, keras.layers.Layer)}
    body = spec.body(steps, lengths)
    hidden, ends = _check_body(body, lengths, spec)
    layers = keras.Model([steps, lengths], body)
    _check_dtypes(layers, spec.dtype)
    _check_new(layers, earlier)
    return hidden, ends, layers


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


def _check_new(layers, earlier):
    """Refuse trained layers that existed before, because all fits would change their weights."""
    shared = [
        layer.name
        for layer in layers._flatten_layers()
        if id(layer) in earlier and layer.trainable_variables
    ]
    if shared:
        raise ValueError(
            f"body(steps, lengths) uses {', '.join(map(repr, shared))}, created before it was "
            "called, so that all fits would train the same weights. Create the layers that are "
            "to be trained inside body, and set trainable=False for the others."
        )
