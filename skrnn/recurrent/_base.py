"""What classifier and regressor share: the way from data to fitted state and back.

`fit` reads and checks everything first (`_reading`), then describes the network and its training in
two plain specifications, and hands those and the arrays to `skrnn.networks` (`_training`). What
comes back is NumPy. Fitted state is assigned at the end, or not at all.
"""

from abc import ABCMeta, abstractmethod
from copy import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import all_or_nothing
from skrnn._sklearn import CallbackSupportMixin, _fit_context
from skrnn.recurrent._callbacks import FitTask
from skrnn.recurrent._parameters import KERAS_PARAMETERS, PARAMETER_CONSTRAINTS
from skrnn.recurrent._reading import (
    check_groups,
    look_up,
    read_examples,
    read_inputs,
    read_validation,
)
from skrnn.recurrent._training import train_estimator
from skrnn.sequences._targets import as_list_or_array, flatten_step_targets, nest_steps

__all__ = ["BaseRNN"]


class BaseRNN(CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the recurrent estimators; not for direct use."""

    _parameter_constraints: dict = PARAMETER_CONSTRAINTS

    @abstractmethod
    def __init__(
        self,
        *,
        cell,
        units,
        bidirectional,
        return_sequences,
        pooling,
        activation,
        dropout,
        recurrent_dropout,
        l2,
        embedding,
        train_embedding,
        body,
        loss,
        metrics,
        optimizer,
        learning_rate,
        global_clipnorm,
        batch_size,
        epochs,
        shuffle,
        early_stopping,
        validation_split,
        patience,
        callbacks,
        warm_start,
        random_state,
        dtype,
        verbose,
    ):
        self.cell = cell
        self.units = units
        self.bidirectional = bidirectional
        self.return_sequences = return_sequences
        self.pooling = pooling
        self.activation = activation
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.l2 = l2
        self.embedding = embedding
        self.train_embedding = train_embedding
        self.body = body
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.global_clipnorm = global_clipnorm
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.verbose = verbose

    @abstractmethod
    def _check_targets(self, y, input_name="y"):
        """Flat targets in the user's units, checked."""

    @abstractmethod
    def _learn_targets(self, y, has_weight, weights, classes):
        """Learn the classes (told as `classes`, perhaps) or the scale of flat targets."""

    @abstractmethod
    def _encode_targets(self, y, input_name="y"):
        """Flat targets as the network trains on them."""

    @abstractmethod
    def _class_factors(self, targets, weights):
        """Return what class weights make of each encoded target's weight, or None."""

    @abstractmethod
    def _labels_to_stratify(self, targets):
        """Labels for the validation split to keep in proportion, or None."""

    @abstractmethod
    def _decode(self, outputs):
        """Predictions in the user's units from the network's outputs."""

    @abstractmethod
    def _output(self):
        """Return number of outputs, output activation and loss."""

    @abstractmethod
    def _target_scale(self):
        """Scale and offset from the network's outputs to the user's units."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences: numeric steps, or token ids with `embedding`.
        y : array-like
            One target a sequence; with `return_sequences` one a step, as a list of ``(T_i,)`` or
            ``(T_i, k)`` arrays or an ``(n, T[, k])`` array.
        sample_weight : array-like of shape (n,), default=None
            How much each sequence counts. Zero: the fit is as if it were not there.
        groups : array-like of shape (n,), default=None
            With `early_stopping` and no `X_val`: no group is split between training and
            validation.
        X_val, y_val : as X and y, default=None
            Validation sequences and targets. Their loss and metrics are in `history_`, and with
            `early_stopping` their loss is what stops training.
        sample_weight_val : array-like, default=None
            Weights of the validation sequences.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data do not fit the parameters or each other, or the loss stops being finite.
            What was fitted before stays as it was.
        """
        resume = self.warm_start and hasattr(self, "weights_")
        # Before the attributes are noted: scikit-learn needs the context also after an error.
        task = FitTask(self, X, y, sample_weight)
        with all_or_nothing(self):
            examples, used = read_examples(self, X, y, sample_weight, reset=not resume)
            if groups is not None:
                groups = check_groups(groups, len(X))[used]
            held_out = read_validation(self, X_val, y_val, sample_weight_val)
            task.begin()
            train_estimator(self, examples, held_out, groups, resume=resume, task=task)
            task.end()
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        resume = hasattr(self, "weights_")
        with all_or_nothing(self):
            examples, _ = read_examples(
                self, X, y, sample_weight, reset=not resume, classes=classes
            )
            train_estimator(self, examples, None, None, resume=resume, partial=True)
        return self

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray of shape (n,) or (n, k), or list of ndarray
            With `return_sequences` a target for each step: one array for an array `X` (an object
            array for one of those), else a list with an array for each sequence. Padding of token
            ids has no prediction.
        """
        inputs, outputs = self._forward(X)
        return self._nest(self._decode(outputs), X, inputs)

    def hidden_states(self, X, return_sequences=False, return_state=False):
        """Return what the last recurrent layer hands on, as `keras.layers.LSTM` does.

        Parameters
        ----------
        X : as in `fit`
        return_sequences : bool, default=False
            False: the output after the last step, series to vector. True: the output at each
            step, series to series.
        return_state : bool, default=False
            Also the final states: ``h`` for simple and GRU cells, ``h`` and ``c`` for LSTM; those
            of the backward direction follow those of the forward one.

        Returns
        -------
        ndarray of shape (n, units), or list of ndarray of shape (T_i, units)
            An array of shape (n, T, units) for an array `X` with `return_sequences`; with
            `return_state` a list of the output and the states. Bidirectional layers give twice
            the units, forward before backward.

        Raises
        ------
        ValueError
            If a `body` of the user's has no such output.
        """
        name = "steps" if return_sequences else "summary"
        self._require_hidden(name, return_state)
        inputs, outputs = self._forward(X, name)
        if return_sequences:
            outputs = nest_steps(outputs, X, inputs)
        if not return_state:
            return outputs
        from skrnn.networks.inference import final_states

        return [outputs, *final_states(self._spec, self.weights_, inputs.sequences)]

    @property
    def model_(self):
        """A live `keras.Model` of ``[steps, lengths]``, rebuilt from `weights_` at each access.

        Steps are padded on the right, lengths say how many are real. Its outputs are
        probabilities or targets in the user's units. With ``dtype="float64"`` on JAX, call it
        within ``jax.enable_x64(True)``.
        """
        check_is_fitted(self)
        from skrnn.networks.inference import export_model

        return export_model(self._spec, self.weights_, self._target_scale())

    def _forward(self, X, name="model"):
        """Return what was read from X, and one of the network's outputs for it."""
        check_is_fitted(self)
        from skrnn.networks.inference import forward

        inputs = look_up(self._vocabulary, read_inputs(self, X, reset=False))
        return inputs, forward(self._spec, self.weights_, inputs.sequences, name)

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of predictions, over real steps where there is a target for each."""
        predicted = self.predict(X)
        if self._spec.return_sequences:
            inputs = read_inputs(self, X, reset=False)
            y = flatten_step_targets(as_list_or_array(y), inputs)
            predicted = np.concatenate(list(predicted))
            if sample_weight is not None:
                sample_weight = np.repeat(sample_weight, inputs.lengths)
        return metric(y, predicted, sample_weight=sample_weight)

    def _nest(self, outputs, X, inputs):
        return nest_steps(outputs, X, inputs) if self._spec.return_sequences else outputs

    def _require_hidden(self, name, return_state):
        check_is_fitted(self)
        if self._spec.body is not None and (return_state or name == "steps"):
            raise ValueError(
                "hidden_states gives steps and states of skrnn's own recurrent layers; for a "
                "network built by body, take them from model_."
            )

    def __sklearn_clone__(self):
        # Keras objects are only ever read, and not all of them survive a copy: that of
        # keras.losses.Huber forgets its delta.
        params = self.get_params(deep=False)
        shared = {name: params[name] for name in KERAS_PARAMETERS if name in params}
        bare = copy(self).set_params(**dict.fromkeys(shared))
        return BaseEstimator.__sklearn_clone__(bare).set_params(**shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
