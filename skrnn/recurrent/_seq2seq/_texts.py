"""Texts that the docstrings of the sequence-to-sequence estimators share."""

from skrnn.recurrent._texts import TRAINING_ATTRIBUTES, TRAINING_REFERENCES

_FIRST_REFERENCES = """\
.. [1] I. Sutskever, O. Vinyals, Q. Le, "Sequence to sequence learning with neural networks",
   NIPS 2014.
.. [2] M.-T. Luong, H. Pham, C. Manning, "Effective approaches to attention-based neural machine
   translation", EMNLP 2015, section 3.1, with the general score, divided by the square root of
   the number of outputs of the encoder, and without input feeding.
.. [3] D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align
   and translate", ICLR 2015, appendix A.1.2, with the output layer of [2]_.
"""

_LAST_REFERENCE = """\
.. [9] S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, "Scheduled sampling for sequence prediction
   with recurrent neural networks", NIPS 2015.
"""

REFERENCES = _FIRST_REFERENCES + TRAINING_REFERENCES + _LAST_REFERENCE

_INPUTS_AND_HISTORY = """\
n_features_in_ : int
    The number of features of a time step of the source.
feature_names_in_ : ndarray of str
    The column names. Only defined if X is a DataFrame, with ``encoder=None``, or contains
    DataFrames, with column names that are strings.
input_mean_, input_scale_ : float64 ndarray of shape (n_features,), or None
    With `standardize=True`, the network receives ``(x - input_mean_) / input_scale_``.
history_ : dict of str to list of float
    The values of "loss" and of each metric, one per epoch, with the true targets as inputs of
    the decoder. With validation data, it also contains the same names with the prefix
    ``"val_"``, and "learning_rate" if `schedule` is not "constant".
"""

NETWORK = _INPUTS_AND_HISTORY + TRAINING_ATTRIBUTES

DATA = """\
X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of shape \
(n, T, n_features) or (n, T)
    The source sequences: numeric time steps, or token ids with `embedding`. With
    ``encoder=None``, an array-like of shape (n, n_features), or of tokens and shape (n,).
y : list or array-like
    The target sequences, one per source sequence, of any lengths. Time steps of targets may be
    missing: NaN, None, or masked in a NumPy masked array. They have no part in the loss, and the
    decoder receives the last known target in their place.
sample_weight : array-like of shape (n,), or list of arrays of shape (L_i,), default=None
    The weight of each pair of sequences or of each time step of the targets, also as an array
    of shape (n, L). Only the ratios of the weights matter. A time step with a weight of zero
    has no effect on the loss and the metrics, but the decoder receives its target. The stop of
    a sequence of tokens has the weight of its last token, or that of an additional entry. If
    None, all have the same weight.
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

ONE_EPOCH = """\
The learning rate is constant. The states of the optimizer are kept, and each call draws new
batches and new dropout masks. If nothing is drawn (``shuffle=False``, without dropout and
scheduled sampling), several calls on the same data give the same weights, to the last bit, as
`fit` with as many `epochs` and ``schedule="constant"``.
"""

MORE_DATA = """\
X, y : as in `fit`
    The tokens and the scales of the first call are kept.
sample_weight : as in `fit`, default=None
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
