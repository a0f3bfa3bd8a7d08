"""What classifier and regressor share: the way from data to fitted state and back.

`fit` reads and checks everything first, then describes the network and its training in two plain
specifications, and hands those and the arrays to `skrnn.networks`. What comes back is NumPy.
Fitted state is assigned at the end, or not at all.
"""

from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import CallbackSupportMixin, _check_sample_weight, _fit_context
from skrnn.recurrent._callbacks import FitTask
from skrnn.recurrent._inputs import (
    Vocabulary,
    as_known_container,
    is_nested_numbers,
    read_one_hot,
    read_steps,
    read_tokens,
    with_dense_steps,
)
from skrnn.recurrent._parameters import (
    KERAS_PARAMETERS,
    PARAMETER_CONSTRAINTS,
    check_embedding,
    draw_seed,
    network_spec,
    training_spec,
)
from skrnn.recurrent._targets import flatten_step_targets, nest_steps, require_one_target_each
from skrnn.recurrent._validation import split_validation
from skrnn.sequences import feature_table

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
        model,
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
        self.model = model
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
        with _all_or_nothing(self):
            examples, used = self._read(X, y, sample_weight, reset=not resume)
            if groups is not None:
                groups = _checked_groups(groups, len(X))[used]
            held_out = self._read_validation(X_val, y_val, sample_weight_val)
            task.begin()
            self._train(examples, held_out, groups, resume=resume, task=task)
            task.end()
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        resume = hasattr(self, "weights_")
        with _all_or_nothing(self):
            examples, _ = self._read(X, y, sample_weight, reset=not resume, classes=classes)
            self._train(examples, None, None, resume=resume, partial=True)
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
            If a `model` of the user's has no such output.
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

    def _read(self, X, y, sample_weight, *, reset, classes=None, names=("X", "y", "sample_weight")):
        """Examples of some weight, checked and encoded, and which sequences of X they are."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        y = _as_list_or_array(y)
        inputs = self._read_X(X, reset=reset, input_name=names[0])
        n = len(inputs)
        weights = np.ones(n) if sample_weight is None else _weights(sample_weight, n, names[2])
        used = np.flatnonzero(weights)
        if self.return_sequences:
            y = flatten_step_targets(y, inputs, names[1])
            counts = inputs.lengths
        else:
            require_one_target_each(y, n, names[1])
            counts = np.ones(n, dtype=np.int64)
        y = self._check_targets(y, names[1])
        # A sequence without weight is as if it were not there, but for the labels it may bring.
        has_weight = np.repeat(weights > 0, counts)
        weights = np.repeat(weights, counts)[has_weight].astype(self.dtype)
        if reset:
            self._learn_targets(y, has_weight, weights, classes)
        counts = counts[used]
        # Only here: what is refused above is refused before a framework is loaded.
        from skrnn.networks.specs import Examples

        examples = Examples(
            sequences=inputs.sequences[used],
            targets=self._encode_targets(y[has_weight], names[1]),
            weights=weights,
            target_starts=np.cumsum(counts) - counts,
            target_counts=counts,
        )
        return examples, used

    def _read_validation(self, X_val, y_val, sample_weight_val):
        if X_val is None and y_val is None and sample_weight_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(
                "X_val and y_val go together, and sample_weight_val with both: got "
                f"X_val={_given(X_val)}, y_val={_given(y_val)}, "
                f"sample_weight_val={_given(sample_weight_val)}."
            )
        names = ("X_val", "y_val", "sample_weight_val")
        return self._read(X_val, y_val, sample_weight_val, reset=False, names=names)[0]

    def _train(self, examples, held_out, groups, *, resume, partial=False, task=None):
        from skrnn.networks.training import train

        seed = draw_seed(self.random_state)
        if self.early_stopping and held_out is None and not partial:
            chosen, left_out = split_validation(
                len(examples),
                size=self.validation_split,
                seed=seed,
                stratify=self._labels_to_stratify(examples.targets),
                groups=groups,
            )
            examples, held_out = examples.take(chosen), examples.take(left_out)
        if not resume:
            self._learn_vocabulary(examples.sequences)
        examples = self._look_up(examples)
        if held_out is not None:
            held_out = self._look_up(held_out, "X_val").that_count()
            examples, held_out = self._in_one_form(examples, held_out)
        factors = self._class_factors(examples.targets, examples.weights)
        if factors is not None:
            weights = (examples.weights * factors).astype(self.dtype)
            examples = replace(examples, weights=weights)
        history = self.history_ if resume else {}
        n_before = len(history.get("loss", ()))

        def as_attributes(result):
            return self._fitted_attributes(result, history, examples.sequences)

        result = train(
            self._network_spec(seed, resume),
            training_spec(self, loss=self._output()[2], partial=partial),
            examples.that_count(),
            held_out,
            seed=(seed, n_before),
            target_scale=self._target_scale(),
            start=(self.weights_, self._optimizer_state if partial else None) if resume else None,
            embedding=None if np.ndim(self.embedding) == 0 else np.asarray(self.embedding),
            watcher=task and task.watcher(as_attributes),
        )
        vars(self).update(as_attributes(result))

    def _fitted_attributes(self, result, history, sequences):
        """Attributes by name, from what training has come to and the history before it."""
        weights, vocabulary = result.weights, self._vocabulary
        if vocabulary is not None:
            vocabulary = vocabulary.after_training_on(sequences)
            i = result.embedding_index
            weights[i] = vocabulary.fill_unknown(weights[i])
        history = _extend(history, result.history)
        return {
            "_spec": result.spec,
            "_vocabulary": vocabulary,
            "_optimizer_state": result.optimizer_state,
            "weights_": weights,
            "history_": history,
            "n_iter_": len(history["loss"]),
        }

    def _in_one_form(self, *batches):
        """Examples as vectors if some have vectors and others the codes of one-hot steps."""
        if len({batch.sequences.values.ndim for batch in batches}) == 1:
            return batches
        n_features = self._n_step_features
        return [
            replace(b, sequences=with_dense_steps(b.sequences, n_features, self.dtype))
            for b in batches
        ]

    def _network_spec(self, seed, resume):
        n_outputs, output_activation, _ = self._output()
        vocabulary = self._vocabulary
        spec = network_spec(
            self,
            n_features=self._n_step_features,
            n_rows=None if vocabulary is None else len(vocabulary.known),
            n_outputs=n_outputs,
            output_activation=output_activation,
            body_seed=self._spec.body_seed if resume else seed,
        )
        if resume and spec != replace(self._spec, architecture=None):
            raise ValueError(
                "warm_start and partial_fit go on training one network, but its parameters have "
                f"changed since it was fitted: from {self._spec} to {spec}."
            )
        return spec

    def _read_X(self, X, *, reset, input_name="X"):
        X = as_known_container(X)
        if reset:
            self._reads_tokens, self._step_dtype = self.embedding is not None, self.dtype
            # A body of the user's sees vectors.
            self._reads_codes = self.model is None
        if self._reads_tokens:
            inputs, n_features = read_tokens(X, input_name), 1
        else:
            inputs, n_features = self._read_steps(X, input_name)
        self._check_n_features(X, n_features, reset, input_name)
        return inputs

    def _read_steps(self, X, input_name):
        inputs, n_features = read_one_hot(X) if self._reads_codes else (None, None)
        if inputs is None:
            inputs = read_steps(X, self._step_dtype, input_name)
            n_features = inputs.sequences.values.shape[1]
        return inputs, n_features

    def _learn_vocabulary(self, sequences):
        self._vocabulary = None
        if self._reads_tokens:
            self._vocabulary = Vocabulary.of(sequences, check_embedding(self.embedding))

    def _look_up(self, batch, input_name="X"):
        """A batch (inputs or examples) with token ids as rows of the embedding."""
        if self._vocabulary is None:
            return batch
        return replace(batch, sequences=self._vocabulary.read(batch.sequences, input_name))

    def _check_n_features(self, X, n_features, reset, input_name):
        table = feature_table(X)
        if reset:
            if self.embedding is None and is_nested_numbers(X):
                table = X
            self._n_step_features = n_features
            self._fitted_on_table = table is X
        # Columns are the steps of a table X, but the features of the tables in a list.
        if table is not None and (table is X) == self._fitted_on_table:
            try:
                validate_data(self, table, reset=reset, skip_check_array=True)
            except ValueError as error:
                message = str(error)
                raise ValueError(message.replace("X has", f"{input_name} has", 1)) from error
        elif reset:
            self.n_features_in_ = n_features
            vars(self).pop("feature_names_in_", None)
        if n_features != self._n_step_features:
            raise ValueError(
                f"{input_name} has {n_features} features, but {type(self).__name__} is expecting "
                f"{self._n_step_features} features as input."
            )

    def _forward(self, X, name="model"):
        """Return what was read from X, and one of the network's outputs for it."""
        check_is_fitted(self)
        from skrnn.networks.inference import forward

        inputs = self._look_up(self._read_X(X, reset=False))
        return inputs, forward(self._spec, self.weights_, inputs.sequences, name)

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of predictions, over real steps where there is a target for each."""
        predicted = self.predict(X)
        if self._spec.return_sequences:
            inputs = self._read_X(X, reset=False)
            y = flatten_step_targets(_as_list_or_array(y), inputs)
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
                "network built by model, take them from model_."
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


@contextmanager
def _all_or_nothing(estimator):
    """Put an estimator's attributes back as they were if the work ends in any exception."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _weights(sample_weight, n, input_name):
    try:
        weights = _check_sample_weight(
            sample_weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
    except ValueError as error:
        raise ValueError(str(error).replace("sample_weight", input_name)) from error
    if not weights.any():
        raise ValueError(f"{input_name} is zero for every sequence.")
    return weights


def _as_list_or_array(y):
    return y if isinstance(y, list | tuple) else np.asarray(y)


def _given(value):
    return "None" if value is None else "(given)"


def _checked_groups(groups, n):
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(
            f"groups must hold one group a sequence, got shape {groups.shape} for {n} sequences."
        )
    return groups


def _extend(history, new):
    """Join two histories; epochs that lack an entry have NaN."""
    before = len(history.get("loss", ()))
    now = len(new["loss"])
    return {
        name: [*history.get(name, [np.nan] * before), *new.get(name, [np.nan] * now)]
        for name in {**history, **new}
    }
