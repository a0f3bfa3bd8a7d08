"""The recurrent regressor: targets on a scale that networks train well on, and back."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skrnn._sklearn import _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._parameters import PARAMETER_CONSTRAINTS
from skrnn.sequences._targets import check_numbers

__all__ = ["RNNRegressor"]


class RNNRegressor(RegressorMixin, BaseRNN):
    """Recurrent neural network regressor.

    A stack of recurrent layers reads each sequence, a dense layer reads out one or more numbers.

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
        "auto": mean squared error. Names and objects are Keras'. With `normalize_y` the loss is
        that of standardised targets.
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
        (at random).
    patience : int, default=10
        Epochs to wait for a better validation loss.
    callbacks : list of keras.callbacks.Callback, default=None
        Objects or classes; each fit trains with copies. Batch hooks are told once a compiled
        call of many batches.
    normalize_y : bool, default=True
        Standardise targets for training, and predict in their own units.
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
    n_features_in_ : int
        Width of a table of univariate sequences, else features of a step.
    feature_names_in_ : ndarray of str
        Column names, where X was a table that has them.
    history_ : dict of str to list of float
        An entry an epoch: "loss", the metrics, and with validation data "val_loss" and the rest
        with `"val_"` in front. Metrics are in the
        targets' own units, the loss in those it trains on.
    n_iter_ : int
        Epochs trained.
    weights_ : list of ndarray
        The network's weights, in Keras' order.
    model_ : keras.Model
        A live model of ``[steps, lengths]``, rebuilt from `weights_` at each access.

    See Also
    --------
    RNNClassifier : The same for labels.
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
    The next value of a wave, in its own units:

    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> waves = 1000 * np.sin(np.linspace(0, 6, 80)[:, None] + 0.4 * np.arange(11))
    >>> X, y = waves[:, :10] / 1000, waves[:, 10]
    >>> regressor = RNNRegressor(units=16, epochs=30, random_state=0).fit(X, y)
    >>> regressor.score(X, y) > 0.95
    True
    """

    _parameter_constraints: dict = {
        **PARAMETER_CONSTRAINTS,
        "normalize_y": ["boolean"],
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
        normalize_y=True,
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
        self.normalize_y = normalize_y

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch more, on these data.

        The scale of targets and the token ids known are those of the first call.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None
            How much each sequence counts.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination on sequences, or with `return_sequences` on real steps.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return self._score(r2_score, X, y, sample_weight)

    def _check_targets(self, y, input_name="y"):
        return check_numbers(y, input_name, per_step=self.return_sequences)

    def _learn_targets(self, y, has_weight, weights, classes):
        self._single_target = y.ndim == 1
        y = y.reshape(len(y), -1)[has_weight]
        self._y_offset, self._y_scale = np.zeros(y.shape[1]), np.ones(y.shape[1])
        if self.normalize_y:
            self._y_offset = np.average(y, axis=0, weights=weights)
            spread = np.sqrt(np.average((y - self._y_offset) ** 2, axis=0, weights=weights))
            self._y_scale = np.where(spread > 0, spread, 1.0)

    def _encode_targets(self, y, input_name="y"):
        y = y.reshape(len(y), -1)
        if y.shape[1] != len(self._y_offset):
            raise ValueError(
                f"{input_name} has {y.shape[1]} targets, but {type(self).__name__} was fitted "
                f"with {len(self._y_offset)}."
            )
        return ((y - self._y_offset) / self._y_scale).astype(self.dtype)

    def _class_factors(self, targets, weights):
        return None

    def _labels_to_stratify(self, targets):
        return None

    def _decode(self, outputs):
        targets = outputs * self._y_scale + self._y_offset
        return targets[:, 0] if self._single_target else targets

    def _output(self):
        loss = self.loss
        if isinstance(loss, str) and loss == "auto":
            loss = "mean_squared_error"
        return len(self._y_offset), "linear", loss

    def _target_scale(self):
        return self._y_scale.astype(self.dtype), self._y_offset.astype(self.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
