"""Texts that the docstrings of the sequence-to-sequence estimators share."""

DATA = """\
X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of shape \
(n, T, n_features) or (n, T)
    The source sequences: numeric time steps, or token ids with `embedding`. With
    ``encoder=None``, an array-like of shape (n, n_features), or of tokens and shape (n,).
y : list or array-like
    The target sequences, one per source sequence, of any lengths.
sample_weight : array-like of shape (n,), default=None
    The weight of each pair of sequences. Only the ratios of the weights matter. If None,
    all pairs have the same weight.
groups : array-like of shape (n,), default=None
    The group of each pair. No group is split between training and validation. Only used
    when a part is held out, see `validation_split`.
"""

VALIDATION = """\
X_val, y_val : as X and y, default=None
    Validation data. Their loss and metrics, with the true targets as inputs of the decoder,
    are reported in `history_`. With `early_stopping=True`, their loss or score decides when
    training stops.
sample_weight_val : array-like, default=None
    The weights of the validation data.
"""

MORE_DATA = """\
X, y : as in `fit`
    The tokens and the scales of the first call are kept.
sample_weight : array-like of shape (n,), default=None
    The weight of each pair of sequences.
"""

ATTENTION = """\
Returns
-------
list of ndarray of shape (L_i, T_i)
    One row per time step of the target, with a sum of one. If targets are tokens, there is
    a last row for the stop token.

Raises
------
ValueError
    If the estimator was fitted with ``attention=None``.
"""
