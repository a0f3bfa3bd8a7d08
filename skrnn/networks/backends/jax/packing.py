"""Nested arrays with a slot for each model, packed into one array per dtype.

Each array that is sent to a device or read from it has a fixed cost. Other threads may run
meanwhile, and the sender then has to wait for them.
"""

import math

import jax


def layout_of(tree):
    """Return the structure of nested arrays, and the shape and the dtype of each for one model."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple((leaf.shape[1:], str(leaf.dtype)) for leaf in leaves)


def pack(tree, xp):
    """Return an array of shape (n_models, n_values) for each dtype of nested arrays.

    Parameters
    ----------
    tree : nested tuple of array of shape (n_models, ...)
    xp : module
        The module of the arrays, NumPy or `jax.numpy`.
    """
    parts = {}
    for leaf in jax.tree.leaves(tree):
        rows = leaf.reshape(len(leaf), math.prod(leaf.shape[1:]))
        parts.setdefault(str(leaf.dtype), []).append(rows)
    return {dtype: xp.concatenate(rows, axis=1) for dtype, rows in parts.items()}


def unpack(packed, layout):
    """Return the nested arrays that `pack` has packed, given the return value of `layout_of`."""
    structure, leaves = layout
    ends, found = dict.fromkeys(packed, 0), []
    for shape, dtype in leaves:
        begin = ends[dtype]
        ends[dtype] += math.prod(shape)
        rows = packed[dtype][:, begin : ends[dtype]]
        found.append(rows.reshape(len(rows), *shape))
    return structure.unflatten(found)
