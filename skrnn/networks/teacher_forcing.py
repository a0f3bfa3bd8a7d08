"""Teacher forcing: the decoder of an encoder-decoder receives the true target of the step before.

In prediction, it receives its own output in its place. At the first time step, it receives the code
of the start, which is that of the end, or zeros if targets are numbers.
"""

from keras import ops


def previous_targets(targets, spec):
    """Return what the decoder receives at each time step.

    Parameters
    ----------
    targets : tensor of shape (batch, T), (batch, T, n_outputs)
        The targets of a batch: class codes, indicators of the classes, or numbers.
    spec : NetworkSpec

    Returns
    -------
    tensor of int of shape (batch, T), or tensor of shape (batch, T, n_outputs)
    """
    if spec.decoder.embedding is None:
        first = ops.zeros_like(targets[:, :1])
    else:
        if len(targets.shape) == 3:
            targets = ops.argmax(targets, axis=-1)
        first = ops.full_like(targets[:, :1], spec.n_outputs - 1)
    return ops.concatenate([first, targets[:, :-1]], axis=1)
