"""`masked_attention`: attention over real time steps, for custom bodies."""

from numbers import Integral


def masked_attention(queries, keys, values, mask, *, n_heads=1):
    r"""Attend to the real time steps of each sequence, for custom bodies.

    Parameters
    ----------
    queries : keras.KerasTensor of shape (batch, T_q, n)
        The vectors for which values are looked up.
    keys : keras.KerasTensor of shape (batch, T, n)
        The vectors that are compared with the queries.
    values : keras.KerasTensor of shape (batch, T, m)
        The vectors that are averaged.
    mask : keras.KerasTensor of bool of shape (batch, T)
        Whether a time step of `keys` and `values` is real, as a custom body receives it.
    n_heads : int, default=1
        The number of heads, by which `n` and `m` must be divisible. Each head attends with its
        part of the features.

    Returns
    -------
    keras.KerasTensor of shape (batch, T_q, m)

    Raises
    ------
    ValueError
        If `n` or `m` is not a multiple of `n_heads`, or if `queries` and `keys` differ in `n`.

    Notes
    -----
    Each head computes scaled dot-product attention [1]_,

    .. math:: \mathrm{softmax}\left(Q K^\top / \sqrt{n}\right) V,

    where the softmax of each query is over the real time steps of its sequence. The weights of
    other time steps are zero.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need",
       NeurIPS 2017, section 3.2.

    Examples
    --------
    >>> import keras
    >>> from skrnn.recurrent import check_body, masked_attention
    >>> def body(steps, lengths, mask):
    ...     queries, keys, values = (keras.layers.Dense(8)(steps) for _ in range(3))
    ...     return masked_attention(queries, keys, values, mask, n_heads=2)
    >>> check_body(body)
    """
    _check_attention(queries.shape[2], keys.shape[2], values.shape[2], n_heads)
    from skrnn.networks import architecture

    return architecture.masked_attention(queries, keys, values, mask, int(n_heads))


def _check_attention(n_queries, n_keys, n_values, n_heads):
    if not isinstance(n_heads, Integral) or isinstance(n_heads, bool) or n_heads < 1:
        raise ValueError(f"n_heads must be a positive int, got {n_heads!r}.")
    if n_queries != n_keys:
        raise ValueError(
            f"queries and keys must have the same number of features, got {n_queries} and {n_keys}."
        )
    if n_keys % n_heads or n_values % n_heads:
        raise ValueError(
            f"The numbers of features of keys and values must be multiples of n_heads={n_heads}, "
            f"got {n_keys} and {n_values}."
        )
