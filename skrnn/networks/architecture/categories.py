"""Replace categorical features by vectors inside the network, exact under padding.

The values of a categorical feature are rows of its embedding. The network receives the numeric
features first, with what is derived from them, and then the vectors of the categories.
"""

import keras
from keras import ops

# The name of the embedding of categorical feature `i`.
_LAYER = "category_{}"


def category_layers(spec):
    """Return the names of the embeddings of the categorical features."""
    return [_LAYER.format(i) for i in range(len(spec.categorical))]


def make_category_layers(spec, seeds):
    """Return the embeddings of the categorical features.

    Parameters
    ----------
    spec : NetworkSpec
    seeds : iterator of int or None

    Returns
    -------
    list of keras.layers.Embedding
    """
    return [
        keras.layers.Embedding(
            rows,
            dimensions,
            embeddings_initializer=keras.initializers.RandomUniform(seed=next(seeds)),
            trainable=spec.train_embedding,
            dtype=spec.dtype,
            name=name,
        )
        for name, (_, rows, dimensions) in zip(category_layers(spec), spec.categorical, strict=True)
    ]


def split_categories(steps, mask, spec, layers):
    """Return the numeric features of time steps, and the vectors of their categories.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n_features)
    mask : tensor of bool of shape (batch, T)
        Whether a time step is real.
    spec : NetworkSpec
    layers : list of keras.layers.Embedding

    Returns
    -------
    numbers : tensor of shape (batch, T, spec.n_numeric), or None if there are no numeric features
    vectors : list of tensor of shape (batch, T, dimensions)
        They are zero at padding.
    """
    if not spec.categorical:
        return steps, []
    columns = [column for column, *_ in spec.categorical]
    mask = ops.expand_dims(mask, 2)
    vectors = []
    for column, layer in zip(columns, layers, strict=True):
        found = layer(ops.cast(steps[:, :, column], "int32"))
        vectors.append(ops.where(mask, found, ops.zeros_like(found)))
    bounds = zip([-1, *columns], [*columns, spec.n_features], strict=True)
    blocks = [steps[:, :, i + 1 : j] for i, j in bounds if i + 1 < j]
    if not blocks:
        return None, vectors
    return blocks[0] if len(blocks) == 1 else ops.concatenate(blocks, axis=2), vectors
