"""Decide whether the time loops of a fit are compiled with XLA."""

from skrnn.networks.backends.tensorflow.loops import BLOCK_CELLS, has_fast_loop

# Compiling takes about a second, which is saved again after this many time steps of batches if
# sequences are not short. The decision does not use the clock, so that results do not depend on it.
STEPS_WORTH_COMPILING = 25_000
_MIN_LENGTH = 8


def batch_layout(spec, lengths, batch_size, n_epochs):
    """Return the width of the batches that loops are compiled for, or None for plain graphs."""
    # For LSTMs on vectors, TensorFlow's own kernel is as fast as a compiled loop.
    has_kernel = spec.cell in BLOCK_CELLS and not spec.one_hot
    if has_kernel or spec.is_custom or not has_fast_loop(spec.cell):
        return None
    n_batches = -(-len(lengths) // batch_size)
    n_steps = n_epochs * n_batches * lengths.mean()
    pays = lengths.mean() >= _MIN_LENGTH and n_steps > STEPS_WORTH_COMPILING
    return batch_size if pays else None
