"""The recurrent classifier: labels to class numbers and back, and the loss that fits them."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._parameters import PARAMETER_CONSTRAINTS
from skrnn.sequences._targets import (
    check_labels,
    class_factors,
    known_classes,
    label_codes,
    require_two_classes,
)

__all__ = ["RNNClassifier"]


class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent neural network classifier.

    A stack of recurrent layers reads each sequence, a dense layer with softmax (sigmoid for two
    classes) reads out the probability of each class.

    Parameters
    ----------
    cell : {"simple", "lstm", "gru"}, default="lstm"
        The recurrent cell: Elman's simple unit [1]_, long short-term memory [2]_ or the gated
        recurrent unit [3]_, each as in Keras.
    units : int or tuple of int, default=64
        Size of the hidden state; a tuple stacks layers, one entry for each.
    bidirectional : bool, default=False
        Read each sequence also from its end to its start, in layers of their own, and hand on
        both outputs side by side.
    return_sequences : bool, default=False
        False: one target a sequence (series to vector). True: one target a step (series to
        series).
    pooling : {"last", "mean", "max"}, default="last"
        How the outputs at all steps become the one vector that is read out when
        `return_sequences` is False: the output after the last real step, or the mean or the
        maximum over real steps.
    activation : str or callable, default="tanh"
        Activation of the cell, a name known to Keras or a function of a tensor. On a GPU only
        "tanh" runs on cuDNN.
    dropout, recurrent_dropout : float in [0, 1), default=0.0
        Share of a layer's inputs, and of its recurrent state, that is dropped while training; as
        in Keras one draw holds for all steps of a sequence.
    l2 : float, default=0.0
        Factor of the squared kernels and recurrent kernels in the loss.
    embedding : int or array-like of shape (rows, dimensions), default=None
        None: steps are numeric. Int: steps are token ids, each learns a vector of so many
        dimensions; 0 is padding, 1 the unknown token. Padding at either end is cut off, padding
        alone is one unknown step. An id that was not seen in `fit` is read as unknown; the vector
        of the unknown token is the mean of all others where no unknown was seen either. Matrix:
        pre-trained vectors, row `i` for id `i`.
    train_embedding : bool, default=True
        Whether the vectors are trained too.
    body : callable, default=None
        Builds a custom body in place of `cell`, `units`, `bidirectional`, `activation` and
        the dropouts: ``body(steps, lengths)`` takes Keras tensors of shape (batch, steps,
        features) and (batch,), and returns a tensor of shape (batch, steps, anything), which is
        pooled or read out at each step, or of shape (batch, anything). Steps after a sequence's
        length are zero; a body that looks at them answers for it. Layers without a seed are
        seeded from `random_state`.
    loss : str or keras.losses.Loss or callable, default="auto"
        "auto": cross-entropy of the classes. Names and objects are Keras'; cross-entropies called
        `"sparse_..."` get class numbers, `"binary_..."` one column, all others an indicator for
        each class.
    metrics : list of str, keras.metrics.Metric or callable, default=None
        What `history_` tells beside the loss, as in `keras.Model.compile`.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        A Keras name or object. An object is a description: each fit trains with a new one like
        it.
    learning_rate : float, default=None
        None: 0.005 for "adam", else the optimizer's own.
    global_clipnorm : float, default=1.0
        Scale the gradient so that its norm over all weights is at most this, the remedy for
        exploding gradients [4]_. None: never. An optimizer object with a clipping of its own
        keeps that.
    batch_size : int, default=32
        Sequences a step; None: all. Sequences of like length share a batch, each batch is padded
        to its own longest.
    epochs : int, default=60
        Passes over the data.
    shuffle : bool, default=True
        New batches in each epoch. False: the given order, batch after batch.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved for `patience` epochs, and go back to the
        weights of the best epoch.
    validation_split : float in (0, 1), default=0.1
        Share of the sequences held out for early stopping when `fit` is given no `X_val`
        (drawn in proportion to the classes).
    patience : int, default=10
        Epochs to wait for a better validation loss.
    callbacks : list of keras.callbacks.Callback, default=None
        Objects or classes; each fit trains with copies. Batch hooks are told once a compiled
        call of many batches.
    class_weight : dict or "balanced", default=None
        A factor for each class on `sample_weight`; "balanced": inverse to its frequency.
    warm_start : bool, default=False
        Go on from the weights of the last fit.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches, dropout and validation split. With an int results are equal to
        the last bit on one machine. None: new each time.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the network.
    verbose : int, default=0
        1: a progress bar over epochs with loss, metrics and the time left.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Width of a table of univariate sequences, else features of a step.
    feature_names_in_ : ndarray of str
        Column names, where X was a table that has them.
    history_ : dict of str to list of float
        An entry an epoch: "loss", the metrics, and with validation data "val_loss" and the rest
        with `"val_"` in front.
    n_iter_ : int
        Epochs trained.
    weights_ : list of ndarray
        The network's weights, in Keras' order.
    model_ : keras.Model
        A live model of ``[steps, lengths]``, rebuilt from `weights_` at each access.

    See Also
    --------
    RNNRegressor : The same for numeric targets.
    TimeDistributed : Scale or otherwise transform every step.

    Notes
    -----
    What is padding never changes a prediction: it is the same for a sequence alone, in any batch,
    in any order. An all-zero step is data. With `return_sequences` every real step counts the
    same.

    References
    ----------
    .. [1] J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.
    .. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997,
       with the forget gate of F. Gers et al., 2000.
    .. [3] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014; the reset gate after the product.
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 3.2.

    Examples
    --------
    Which of two frequencies does a wave of any length have?

    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["slow", "fast"], size=60)
    >>> X = [
    ...     np.sin(np.arange(rng.integers(12, 20)) * (0.3 if label == "slow" else 1.0))
    ...     for label in y
    ... ]
    >>> classifier = RNNClassifier(units=8, epochs=20, random_state=0).fit(X, y)
    >>> classifier.predict([np.sin(np.arange(15) * 0.3), np.sin(np.arange(11))])
    array(['slow', 'fast'], dtype='<U4')
    >>> classifier.predict_proba(X[:1]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {
        **PARAMETER_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        cell="lstm",
        units=64,
        bidirectional=False,
        return_sequences=False,
        pooling="last",
        activation="tanh",
        dropout=0.0,
        recurrent_dropout=0.0,
        l2=0.0,
        embedding=None,
        train_embedding=True,
        body=None,
        loss="auto",
        metrics=None,
        optimizer="adam",
        learning_rate=None,
        global_clipnorm=1.0,
        batch_size=32,
        epochs=60,
        shuffle=True,
        early_stopping=False,
        validation_split=0.1,
        patience=10,
        callbacks=None,
        class_weight=None,
        warm_start=False,
        random_state=None,
        dtype="float32",
        verbose=0,
    ):
        super().__init__(
            cell=cell,
            units=units,
            bidirectional=bidirectional,
            return_sequences=return_sequences,
            pooling=pooling,
            activation=activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            l2=l2,
            embedding=embedding,
            train_embedding=train_embedding,
            body=body,
            loss=loss,
            metrics=metrics,
            optimizer=optimizer,
            learning_rate=learning_rate,
            global_clipnorm=global_clipnorm,
            batch_size=batch_size,
            epochs=epochs,
            shuffle=shuffle,
            early_stopping=early_stopping,
            validation_split=validation_split,
            patience=patience,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            dtype=dtype,
            verbose=verbose,
        )
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch more, on these data.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array-like of shape (n_classes,), default=None
            All classes that calls to come may bring; without it those of the first `y`. Later
            calls need not repeat it.
        sample_weight : array-like of shape (n,), default=None
            How much each sequence counts.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `classes` differs from that of the first call, or `y` has a label outside it.
        """
        classes = known_classes(self, classes)
        return self._partial_fit(X, y, sample_weight, classes)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, n_classes), or list of ndarray of shape (T_i, n_classes)
            Columns are in the order of `classes_`. With `return_sequences` a row for each step:
            an array of shape (n, T, n_classes) for an array `X`, else a list.
        """
        inputs, outputs = self._forward(X)
        if self._spec.output_activation == "sigmoid":
            outputs = np.hstack([1 - outputs, outputs])
        return self._nest(outputs, X, inputs)

    def score(self, X, y, sample_weight=None):
        """Accuracy on sequences, or with `return_sequences` on real steps.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return self._score(accuracy_score, X, y, sample_weight)

    def _check_targets(self, y, input_name="y"):
        return check_labels(y, input_name)

    def _learn_targets(self, y, has_weight, weights, classes):
        self.classes_ = require_two_classes(
            np.unique(y) if classes is None else classes, type(self).__name__
        )

    def _encode_targets(self, y, input_name="y"):
        codes = label_codes(y, self.classes_, input_name)
        form = _target_form(self._output()[2], len(self.classes_))
        if form == "codes":
            return codes.astype(np.int32)
        if form == "binary":
            return codes[:, None].astype(self.dtype)
        return np.eye(len(self.classes_), dtype=self.dtype)[codes]

    def _class_factors(self, targets, weights):
        if self.class_weight is None:
            return None
        return class_factors(_codes(targets), self.class_weight, self.classes_, weights)

    def _labels_to_stratify(self, targets):
        return None if self.return_sequences else _codes(targets)

    def _decode(self, outputs):
        return self.classes_[_codes(outputs > 0.5 if outputs.shape[1] == 1 else outputs)]

    def _output(self):
        n_classes = len(self.classes_)
        loss = self.loss
        if isinstance(loss, str) and loss == "auto":
            loss = "binary_crossentropy" if n_classes == 2 else "sparse_categorical_crossentropy"
        if _target_form(loss, n_classes) == "binary":
            return 1, "sigmoid", loss
        return n_classes, "softmax", loss

    def _target_scale(self):
        return np.ones(1, self.dtype), np.zeros(1, self.dtype)


def _target_form(loss, n_classes):
    """How a loss takes labels: as "codes", one "binary" column, or "indicators" of each class."""
    names = [name.lower() for name in _loss_names(loss)]
    if any(name.startswith("sparse") for name in names):
        return "codes"
    if not any(name.startswith(("binary", "bce")) for name in names):
        return "indicators"
    if n_classes != 2:
        raise ValueError(f"loss={loss!r} is for 2 classes, but y has {n_classes}.")
    return "binary"


def _loss_names(loss):
    """What a loss may be known by: as a name, a function or a class; a user may name it anew."""
    if isinstance(loss, str):
        return [loss]
    function = getattr(loss, "func", getattr(loss, "fn", loss))
    return [getattr(function, "__name__", ""), *(kind.__name__ for kind in type(loss).__mro__)]


def _codes(encoded):
    """Class numbers from any form of encoded targets, or from outputs."""
    if encoded.ndim == 1:
        return encoded
    return encoded[:, 0].astype(int) if encoded.shape[1] == 1 else encoded.argmax(axis=1)
