"""Build and check a custom body of the network, which replaces the recurrent layers."""

import inspect
from dataclasses import dataclass, replace

import keras
from keras import ops

from skrnn.networks.architecture.stack import last_step, recurrent_stack
from skrnn.networks.fingerprint import objects_in


def real_steps(steps, lengths):
    """Return the position of each time step, and the mask that is True for the real ones.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n) or (batch, T)
    lengths : tensor of shape (batch,)

    Returns
    -------
    position : tensor of int of shape (batch, T)
    mask : tensor of bool of shape (batch, T)
    """
    ones = ops.ones_like(steps if steps.ndim == 2 else steps[:, :, 0], dtype="int32")
    position = ops.cumsum(ones, axis=1) - 1
    return position, position < ops.expand_dims(lengths, 1)


@dataclass(frozen=True)
class Body:
    """The result of a custom body.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n) or None
        None if the body returns one vector per sequence.
    ends : tensor of shape (batch, n)
        The vector that the body returns, or its output at the last real time step.
    lengths : tensor of shape (batch,)
        The number of real time steps of `steps`.
    mask : tensor of bool of shape (batch, T)
        Whether a time step of `steps` is real.
    layers : keras.Model or None
        The layers that the body has built.
    """

    steps: object
    ends: object
    lengths: object
    mask: object
    layers: object = None


def custom_body(steps, lengths, spec, plain, seeds):
    """Build the layers of a custom body, and return its result as a `Body`."""
    # The mask must depend on nothing but the time steps that the body receives.
    mask = real_steps(steps, lengths)[1]
    earlier = {id(layer) for layer in objects_in(spec.body, keras.layers.Layer)}
    recurrent = _recurrent_function(lengths, spec, plain, seeds)
    arguments = _arguments(spec.body, mask=mask, recurrent=recurrent)
    returned = spec.body(steps, lengths, **arguments)
    body = _check_body(returned, lengths, mask, spec)
    # Keras accepts an inner tensor of a graph as the input of a model, but not also as its output.
    outputs = [
        keras.layers.Identity()(one) if one is steps or one is lengths else one
        for one in _all_of(returned)
    ]
    layers = keras.Model([steps, lengths], outputs)
    _check_dtypes(layers, spec.dtype)
    _check_new(layers, earlier)
    return replace(body, layers=layers)


def _all_of(returned):
    return returned if isinstance(returned, tuple) else (returned,)


def _arguments(body, **offered):
    """Return the offered arguments that a body accepts by name.

    Raises
    ------
    ValueError
        If the body cannot be called with two tensors and with these arguments.
    """
    try:
        signature = inspect.signature(body)
    except ValueError:  # that of some functions written in C is unknown
        return {}
    accepted = {name: value for name, value in offered.items() if name in signature.parameters}
    try:
        signature.bind(None, None, **accepted)
    except TypeError as error:
        raise ValueError(
            "body must be callable as body(steps, lengths). It may also have the parameters mask "
            f"and recurrent, which are passed by name. Got a body with the parameters {signature}: "
            f"{error}."
        ) from error
    return accepted


def _recurrent_function(all_lengths, spec, plain, seeds):
    """Return the function with which a body builds the recurrent layers of the estimator."""
    calls = []

    def recurrent(steps, lengths=all_lengths):
        """Return the outputs at all time steps of the recurrent layers of the estimator."""
        if calls:
            raise ValueError(
                "body called recurrent more than once, but an estimator has one stack of "
                "recurrent layers. Use layers of Keras for the others."
            )
        calls.append(steps)
        position, mask = real_steps(steps, lengths)
        return recurrent_stack(steps, lengths, position, mask, spec, plain, seeds)[0]

    return recurrent


def _check_body(returned, lengths, mask, spec):
    """Return the value that a custom body has returned as a `Body`."""
    if isinstance(returned, tuple) and len(returned) == 2:
        return _check_new_lengths(*returned, spec)
    rank = _rank(returned)
    if rank == 3:
        return Body(returned, last_step(returned, lengths), lengths, mask)
    if rank == 2 and not spec.return_sequences:
        return Body(None, returned, lengths, mask)
    expected = "3-D (batch, steps, features)"
    if not spec.return_sequences:
        expected = "2-D (batch, features) or " + expected
    raise ValueError(
        f"body(steps, lengths) must return a {expected} Keras tensor, "
        f"got {repr(returned) if rank is None else f'shape {returned.shape}'}."
    )


def _check_new_lengths(steps, lengths, spec):
    if (_rank(steps), _rank(lengths)) != (3, 1):
        raise ValueError(
            "body(steps, lengths) must return one tensor, or a tuple of time steps of shape "
            f"(batch, steps, features) and lengths of shape (batch,), got ({steps!r}, {lengths!r})."
        )
    if spec.return_sequences:
        raise ValueError(
            "With return_sequences=True, body must return an output for each time step of its "
            "input, but it returned new lengths too, as if it had changed the number of steps."
        )
    return Body(steps, last_step(steps, lengths), lengths, real_steps(steps, lengths)[1])


def _rank(tensor):
    return len(tensor.shape) if isinstance(tensor, keras.KerasTensor) else None


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
