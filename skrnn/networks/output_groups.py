"""Several class outputs: the columns of one output layer in groups, with a softmax and a loss each.

The loss is the mean of those of the groups, as it is for several labels or several numeric targets.
The gradients then keep their scale, next to an L2 penalty and `global_clipnorm`, whatever the
number of outputs.
"""

from keras import ops

from skrnn.sequences._class_outputs import group_slices


def grouped_softmax(raw, groups):
    """Return outputs after the softmax of each group.

    Parameters
    ----------
    raw : tensor of shape (n, sum of groups)
    groups : tuple of int
        The number of columns of each group.
    """
    parts = [_softmax(raw[:, columns]) for columns in group_slices(groups)]
    return ops.concatenate(parts, axis=-1)


def _softmax(raw):
    """Return the softmax of one group. Keras warns of that of a single column, which is 1."""
    return ops.ones_like(raw) if raw.shape[1] == 1 else ops.softmax(raw, axis=-1)


def codes_of_tensor(values, groups):
    """Return the index of the largest value of each group, of shape (n, n_groups)."""
    parts = [ops.argmax(values[:, columns], axis=-1) for columns in group_slices(groups)]
    return ops.stack(parts, axis=-1)
