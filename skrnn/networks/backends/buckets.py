"""Shapes that are rounded up to a few sizes, so that fits share compiled programs."""

# A call receives the batches of several epochs if they have at most this number of rows. Arrays
# have room for them, so that their shapes do not depend on the epochs.
JOINED_ROWS = 2**13


def bucket_size(n, per_octave=4, least=8):
    """Return `n` rounded up to one of `per_octave` sizes between two powers of two."""
    n = int(n)
    step = max(least, (1 << (n - 1).bit_length()) // (2 * per_octave))
    return -(-n // step) * step


def many_layout(spec, examples, batch_size):
    """Return the shapes of a fit's data and batches; only equal ones are trained together.

    Parameters
    ----------
    spec : NetworkSpec
    examples : Examples
    batch_size : int

    Returns
    -------
    tuple
        The return value of `shape_of_batches`, and the rounded numbers of sequences, of their time
        steps, and of targets.
    """
    lengths = examples.sequences.lengths
    n_steps = min(int(lengths.sum()), len(examples.sequences.values))
    longest_target = int(examples.targets.lengths.max())
    shape = shape_of_batches(spec, lengths, longest_target, batch_size)
    sizes = len(lengths), n_steps, len(examples.targets.values)
    return shape, *(bucket_size(bucket_size(size, 2), 1) for size in sizes)


def shape_of_batches(spec, lengths, longest_target, n_rows):
    """Return the numbers of rows, time steps and time steps of targets of all batches."""
    longest = int(lengths.max())
    n_steps = longest if lengths.min() == longest else bucket_size(longest, 2, 4)
    n_target_steps = None if spec.decoder is None else bucket_size(longest_target, 2, 4)
    return bucket_size(n_rows), n_steps, n_target_steps
