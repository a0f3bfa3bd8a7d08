"""Texts that the docstrings of several estimators share."""

CELL_REFERENCES = """\
.. [1] J. L. Elman, "Finding structure in time",
   Cognitive Science 14, 1990.
.. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997,
   with the forget gate of F. Gers et al., 2000.
.. [3] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
   statistical machine translation", EMNLP 2014; the reset gate is applied after the product.
"""

TRAINING_REFERENCES = """\
.. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
   networks", ICML 2013, section 3.2.
.. [5] I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR
   2017, equation 5, without restarts.
.. [6] L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
   arXiv:1803.09820, 2018, with the constants of PyTorch's OneCycleLR.
.. [7] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?",
   ICLR 2018.
.. [8] A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
   ICML 2020.
"""

POOLING_REFERENCE = """\
.. [9] D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align
   and translate", ICLR 2015, appendix A.1.2, with the outputs alone as its input.
"""

# --- fitted attributes ----------------------------------------------------------------------------

INPUT_ATTRIBUTES = """\
n_features_in_ : int
    The number of features of a time step; for a table of univariate sequences, its number of
    columns.
feature_names_in_ : ndarray of str
    The column names. Only defined if X has tables with column names.
input_mean_, input_scale_ : float64 ndarray of shape (n_features,), or None
    With `standardize=True`, the network receives ``(x - input_mean_) / input_scale_``. The
    columns that are left unchanged have the mean 0 and the scale 1. None if features are not
    standardised.
difference_scale_ : float64 ndarray of shape (n_features,), or None
    With `add_differences=True`, the network also receives
    ``(x[t] - x[t - 1]) / difference_scale_``. None if it does not receive differences.
decay_mean_ : float64 ndarray of shape (n_features,), or None
    With `allow_nan=True`, the mean of each feature over the training set, to which a missing value
    decays. It is 0 for a feature without any known value. None if NaN are not accepted.
"""

STATIC_ATTRIBUTES = """\
n_static_in_ : int
    The number of static features that the network receives.
static_names_in_ : ndarray of str
    The names of the static features. Only defined if they have names.
static_mean_, static_scale_ : float64 ndarray of shape (n_static,), or None
    With `standardize=True`, the mean and the scale by which static features are standardised, as
    the features of time steps are. None if they are not standardised, or if there are none.
"""

CATEGORIES_ATTRIBUTE = """\
categories_ : dict of str or int to ndarray
    The sorted categories of each categorical feature in the first training set, by the name of the
    feature, or by its index if features have no names. Empty without `categorical_features`.
"""

TRAINING_ATTRIBUTES = """\
n_iter_ : int
    The number of epochs that the network was trained for.
weights_ : list of ndarray
    The weights of the network, in Keras' order.
"""

MODEL_ATTRIBUTE = """\
model_ : keras.Model
    The network with the inputs ``[steps, lengths]``, and a third one for static features, which
    is built from `weights_` at each access.
"""

# --- notes ----------------------------------------------------------------------------------------

PADDING = """\
Padding never changes a prediction: up to rounding, the prediction for a sequence is the same if
it is passed alone, in any batch or in any order. A time step whose features are all zero is
read as data, not as padding. With `return_sequences=True` every real time step has the same
weight.
"""

PAIR_TEXTS = {
    "inputs": INPUT_ATTRIBUTES + STATIC_ATTRIBUTES + CATEGORIES_ATTRIBUTE,
    "network": TRAINING_ATTRIBUTES + MODEL_ATTRIBUTE,
    "padding": PADDING,
    "references": CELL_REFERENCES + TRAINING_REFERENCES + POOLING_REFERENCE,
}
