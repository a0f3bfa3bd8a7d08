"""Check that padding does not change the results of a body, on random inputs and weights."""

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture.build import build_network

# Two results that differ by less than this fraction of the largest value differ by rounding.
_TOLERANCE = 1e-3
# Padded batches get this many more time steps than their longest sequence.
_EXTRA_STEPS = 5


@backends.uses_device
def check_padding(spec, lengths, seed):
    """Check that a network returns equal results for sequences with and without padding.

    Parameters
    ----------
    spec : NetworkSpec
        A specification whose `pooling` uses all time steps, such as "mean".
    lengths : tuple of int
        The lengths of the random sequences.
    seed : int

    Raises
    ------
    ValueError
        If a result depends on the padding.
    """
    rng = np.random.default_rng(seed)
    with backends.precision(spec.dtype):
        network = build_network(spec)
        _draw_weights(network.model, rng)
        sequences = [rng.normal(size=(n, spec.n_features)).astype(spec.dtype) for n in lengths]
        _check_predictions(network.raw, sequences)
        _check_training(network.raw, sequences)


def _check_predictions(model, sequences):
    together = _run(model, sequences, max(map(len, sequences)) + _EXTRA_STEPS)
    for steps, padded in zip(sequences, together, strict=True):
        difference = _difference(_run(model, [steps], len(steps))[0], padded)
        if difference:
            raise ValueError(
                f"body returns other outputs for a sequence of {len(steps)} time steps if it is "
                f"padded: they differ by up to {difference:.2g}. The outputs at real time steps "
                "must not depend on the time steps after the end of a sequence. Use mask, for "
                "example to set these time steps to zero before each layer that combines steps."
            )


def _check_training(model, sequences):
    """Compare two widths of one batch, unless dropout makes every call different."""
    if any(variable.name == "seed_generator_state" for variable in model.variables):
        return
    width = max(map(len, sequences))
    narrow, wide = (
        _run(model, sequences, width + more, training=True) for more in (0, _EXTRA_STEPS)
    )
    difference = _difference(narrow, wide)
    if difference:
        raise ValueError(
            "body returns other outputs during training if its batch is padded more: they differ "
            f"by up to {difference:.2g}. A layer that computes statistics of a batch, such as "
            "BatchNormalization, must be called with mask=mask."
        )


def _draw_weights(model, rng):
    """Draw all weights, because initial biases of zero would hide some effects of padding."""
    for variable in model.variables:
        if variable.name == "seed_generator_state":
            continue
        values = rng.normal(0, 0.5, tuple(variable.shape))
        # Variances are positive.
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.name else values)


def _run(model, sequences, width, *, training=False):
    lengths = np.array([len(steps) for steps in sequences], np.int32)
    batch = np.zeros((len(sequences), width, sequences[0].shape[1]), sequences[0].dtype)
    for row, steps in zip(batch, sequences, strict=True):
        row[: len(steps)] = steps
    tensors = [keras.ops.convert_to_tensor(array) for array in (batch, lengths)]
    return keras.ops.convert_to_numpy(model(tensors, training=training))


def _difference(one, other):
    """Return the largest difference of two arrays, or 0 if it is that of rounding."""
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return np.nan
    difference = float(np.abs(one - other).max())
    return difference if difference > _TOLERANCE * max(1.0, np.abs(one).max()) else 0
