"""The base of the recurrent estimators: fit, predict, hidden states, and their building blocks.

A fit reads and checks all data first (`_data`), turns them and the parameters into a
`TrainingJob` (`_job`), which `skrnn.networks` trains, and makes fitted attributes of the result.
All this happens on a copy of the estimator, whose state the estimator takes over in one step at
the end. A prediction works on such a copy too, so a fit in another thread cannot change it halfway.
"""

from abc import ABCMeta, abstractmethod
from functools import partial

import numpy as np

from skrnn._fitting import all_or_nothing, fitted_snapshot, is_fitted, snapshot
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import CallbackSupportMixin, _fit_context
from skrnn.recurrent._bodies import is_ready_made
from skrnn.recurrent._callbacks import FitTask
from skrnn.recurrent._continuation import hidden_from, outputs_from, read_from
from skrnn.recurrent._convergence import warn_if_nothing_was_learned
from skrnn.recurrent._data import (
    ids_as_rows,
    read_examples,
    read_sequences,
    read_validation,
)
from skrnn.recurrent._job import fitted_attributes, prepare
from skrnn.recurrent._parameters import KERAS_PARAMETERS, NetworkParameters
from skrnn.recurrent._stream import StreamMixin
from skrnn.recurrent._training_parameters import TrainingParameters, require_constant_rate
from skrnn.recurrent._validation_score import validation_score
from skrnn.recurrent._validation_split import check_groups, draw_split, holds_out
from skrnn.sequences._standardization import Standardization
from skrnn.sequences._targets import as_list_or_array, flatten_step_targets, nest_steps


def clone_sharing(estimator, names):
    """Return a clone of an estimator that shares the values of some parameters with it."""
    shared = {name: getattr(estimator, name) for name in names}
    bare = snapshot(estimator).set_params(**dict.fromkeys(shared))
    return SavedEstimator.__sklearn_clone__(bare).set_params(**shared)


class BaseRNN(
    TrainingParameters,
    NetworkParameters,
    StreamMixin,
    CallbackSupportMixin,
    SavedEstimator,
    metaclass=ABCMeta,
):
    """Base of the recurrent estimators; not for direct use."""

    @property
    @abstractmethod
    def _codec(self):
        """The fitted codec, which encodes and decodes targets."""

    @abstractmethod
    def _check_targets(self, y, input_name="y"):
        """Return flat targets in the units of the user, checked."""

    @abstractmethod
    def _learn_targets(self, y, has_weight, weights, classes):
        """Learn the classes or the scale of flat targets, as attributes."""

    def _learn_more_targets(self, y, has_weight, weights):
        """Learn the scale of targets that were constant in earlier calls."""

    def _validate_params(self):
        require_constant_rate(self.learning_rate)
        super()._validate_params()

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
            The training sequences: numeric time steps, or token ids with `embedding`.
        y : array-like
            One target per sequence. With `return_sequences=True`, there is one target per time
            step, in a list of arrays of shape (T_i,) or (T_i, k), or an array of shape (n, T) or
            (n, T, k).
        sample_weight : array-like of shape (n,), default=None
            The weight of each sequence. Only the ratios of the weights matter: weights of any scale
            give the same fit. A sequence with a weight of zero has no effect on the fit. If
            None, all sequences have the same weight.
        groups : array-like of shape (n,), default=None
            The group of each sequence. No group is split between training and validation. Only
            used when a part of the sequences is held out, see `validation_split`.
        X_val, y_val : as X and y, default=None
            Validation sequences and targets. Their loss and metrics are reported in `history_`.
            With `early_stopping=True`, their loss or score decides when training stops.
        sample_weight_val : array-like, default=None
            The weights of the validation sequences.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data do not fit the parameters or each other, or if training diverges. The
            state of an earlier fit is then kept.
        """
        resume = self.warm_start and is_fitted(self)
        # On the estimator itself: scikit-learn needs the context also after an error.
        task = FitTask(self, X, y, sample_weight)
        with all_or_nothing(self) as fitted:
            if not resume:
                fitted._forget_stored_version()
            draw = None
            if X_val is None and holds_out(fitted):
                draw = partial(draw_split, fitted, groups, len(X))
            examples, used, split = read_examples(
                fitted, X, y, sample_weight, reset=not resume, draw_split=draw
            )
            if groups is not None:
                check_groups(groups, len(X))
            held_out, used_val = read_validation(fitted, X_val, y_val, sample_weight_val)
            if split is None:
                score = validation_score(fitted, X_val, y_val, used_val)
            else:
                rows = split.held_out if isinstance(used, slice) else used[split.held_out]
                score = validation_score(fitted, X, y, rows)
            fitted._train(examples, held_out, split, resume=resume, task=task, score=score)
            task.end(fitted._learned())
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        resume = is_fitted(self)
        with all_or_nothing(self) as fitted:
            examples, *_ = read_examples(
                fitted, X, y, sample_weight, reset=not resume, classes=classes
            )
            fitted._train(examples, None, None, resume=resume, partial=True)
        return self

    def _train(self, examples, held_out, split, *, resume, partial=False, task=None, score=None):
        """Train on examples that have been read, and set fitted attributes."""
        job, vocabulary = prepare(self, examples, held_out, split, resume=resume, partial=partial)
        if task is not None:
            task.begin(job.training.epochs)
        history = self.history_ if resume else {}

        def as_attributes(result):
            fitted = fitted_attributes(result, vocabulary, history, job.examples.sequences)
            return {**self._learned(), **fitted}

        def score_of(result):
            fitted = snapshot(self)
            vars(fitted).update(as_attributes(result))
            return score(fitted)

        from skrnn.networks.one import train

        watcher = task and task.watcher(as_attributes)
        result = train(job, watcher, score and score_of)
        if not partial:
            warn_if_nothing_was_learned(job, result.history)
        vars(self).update(as_attributes(result))

    def _learned(self):
        """Return all attributes that are not parameters."""
        params = self.get_params(deep=False)
        return {name: value for name, value in vars(self).items() if name not in params}

    def predict(self, X, *, initial_state=None, return_state=False):
        """Predict targets.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.
        initial_state : tuple of ndarray, default=None
            The state after the earlier time steps of each sequence, whose continuations are in `X`:
            the state of an earlier call with ``return_state=True``, or that of a stream. The
            predictions are then those for the earlier and the new time steps together. If None,
            the sequences begin with `X`.
        return_state : bool, default=False
            Whether to return the state after the last time step of each sequence too.

        Returns
        -------
        predictions : ndarray of shape (n,) or (n, k), or list of ndarray
            One prediction per sequence. With `return_sequences=True`, there is one per time step:
            in one array if `X` is an array (an object array if `X` is one), otherwise in a list
            with one array per sequence. The padding of token ids has no prediction.
        state : tuple of ndarray of shape (n, width)
            Only returned with ``return_state=True``: the states of each recurrent layer, the first
            layer first, and then what differences and pooling carry; see
            :class:`~skrnn.recurrent.Stream`.

        Raises
        ------
        ValueError
            If `initial_state` or `return_state` is set for a network that is bidirectional or has a
            custom `body` or `cell`, or if `initial_state` is not a state of this network.
        """
        fitted = fitted_snapshot(self)
        return fitted._predict(fitted._codec.decode, X, initial_state, return_state)

    def _predict(self, decode, X, initial_state, return_state):
        """Return decoded outputs in the container of X, and the state if it is asked for."""
        if initial_state is None and not return_state:
            inputs, outputs = self._forward(X)
        else:
            inputs, state = read_from(self, X, initial_state)
            outputs, state = outputs_from(self, inputs, state)
        predictions = self._nest(decode(outputs), X, inputs)
        return (predictions, state) if return_state else predictions

    def hidden_states(self, X, return_sequences=False, return_state=False, *, initial_state=None):
        """Return the outputs of the last recurrent layer.

        Parameters
        ----------
        X : as in `fit`
        return_sequences : bool, default=False
            If False, the output after the last time step of each sequence is returned. If True, the
            outputs at all time steps are returned.
        return_state : bool, default=False
            Whether to return the final states too: ``h`` for simple and GRU cells, ``h`` and
            ``c`` for LSTM. Those of the backward direction follow those of the forward direction.
        initial_state : tuple of ndarray, default=None
            As in `predict`, which also returns the state of all layers.

        Returns
        -------
        ndarray of shape (n, units), or list of ndarray of shape (T_i, units)
            With `return_sequences=True`, it is an array of shape (n, T, units) if `X` is an array,
            and otherwise a list. With `return_state=True`, a list of the output and the states is
            returned. Bidirectional layers have twice the units, those of the forward direction
            first.

        Raises
        ------
        ValueError
            If the estimator has a custom `body`, and `return_sequences` or `return_state` is True;
            or for an `initial_state` for which `predict` raises an error.
        """
        name = "steps" if return_sequences else "summary"
        fitted = fitted_snapshot(self)
        if initial_state is not None:
            inputs, state = read_from(fitted, X, initial_state)
            outputs, states = hidden_from(fitted, inputs, state, per_step=return_sequences)
            outputs = nest_steps(outputs, X, inputs) if return_sequences else outputs
            return [outputs, *states] if return_state else outputs
        fitted._require_hidden(name, return_state)
        inputs, outputs = fitted._forward(X, name)
        if return_sequences:
            outputs = nest_steps(outputs, X, inputs)
        if not return_state:
            return outputs
        from skrnn.networks.inference import final_states

        known = fitted._standardization
        states = final_states(
            fitted._spec, fitted.weights_, inputs.sequences, standardization=known
        )
        return [outputs, *states]

    def attention_weights(self, X):
        """Return how much each time step contributes to the prediction of a sequence.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, T), or list of ndarray of shape (T_i,)
            The weights of the time steps, which are positive and have a sum of one for each
            sequence: in one array if `X` is an array (an object array if `X` is one), otherwise in
            a list.

        Raises
        ------
        ValueError
            If the network does not pool by attention, or if its `body` returns one vector per
            sequence or changes the number of time steps.
        """
        fitted = fitted_snapshot(self)
        spec = fitted._spec
        if spec.pooling != "attention" or spec.return_sequences:
            raise ValueError(
                "attention_weights needs an estimator that was fitted with pooling='attention' and "
                f"return_sequences=False, got pooling={spec.pooling!r} and "
                f"return_sequences={spec.return_sequences}."
            )
        inputs, weights = fitted._forward(X, "attention")
        return nest_steps(weights[:, 0], X, inputs)

    @property
    def model_(self):
        """A `keras.Model` with the inputs ``[steps, lengths]``, built at each access.

        It has the weights in `weights_`. Time steps are padded on the right, with any values;
        lengths are the numbers of real time steps. With `standardize=True`, it standardises the
        time steps itself. Its outputs are probabilities, or targets in the units of the user.
        Time steps or outputs are in float64 if rounding to float32 would change them too much.
        Call the model itself on such time steps, because Keras' ``predict`` converts arrays to
        float32. On JAX, models with inputs or outputs in float64 must be built and called within
        ``jax.enable_x64(True)``.
        """
        fitted = fitted_snapshot(self)
        from skrnn.networks.export import export_model

        return export_model(
            fitted._spec, fitted.weights_, fitted._codec.target_scale, fitted._standardization
        )

    @property
    def _standardization(self):
        """How features are standardised, or None if the network receives them unchanged."""
        # Estimators that an earlier version saved read one dtype and do not have these attributes.
        if isinstance(self._step_format.dtype, str) or self.input_mean_ is None:
            return None
        return Standardization(self.input_mean_, self.input_scale_)

    def _forward(self, X, name="model"):
        """Return X as `Inputs`, and one of the network's outputs for it."""
        from skrnn.networks.inference import forward

        inputs = ids_as_rows(self._vocabulary, read_sequences(self, X))
        known = self._standardization
        outputs = forward(self._spec, self.weights_, inputs.sequences, name, standardization=known)
        if self._spec.body is not None and np.isnan(outputs).any():
            raise ValueError(
                "body returns NaN for some sequences of X. If it changes the number of time steps, "
                "its new lengths must be at least 1, also for sequences of one time step."
            )
        return inputs, outputs

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of predictions, over real time steps if each has a target."""
        fitted = fitted_snapshot(self)
        inputs, outputs = fitted._forward(X)
        predicted = fitted._codec.decode(outputs)
        if fitted._spec.return_sequences:
            y = flatten_step_targets(as_list_or_array(y), inputs)
            if sample_weight is not None:
                sample_weight = np.repeat(sample_weight, inputs.lengths)
        return metric(y, predicted, sample_weight=sample_weight)

    def _nest(self, outputs, X, inputs):
        return nest_steps(outputs, X, inputs) if self._spec.return_sequences else outputs

    def _require_hidden(self, name, return_state):
        if self._spec.body is not None and (return_state or name == "steps"):
            raise ValueError(
                "With a custom body, hidden_states cannot return states or the outputs at all "
                "time steps, because these are those of skrnn's recurrent layers. Set "
                "return_state=False and return_sequences=False, or use the layers of model_."
            )

    def __sklearn_clone__(self):
        # Keras objects are only read, and some do not survive a copy: that of keras.losses.Huber
        # loses its delta.
        params = self.get_params(deep=False)
        shared = {name: params[name] for name in KERAS_PARAMETERS if name in params}
        if is_ready_made(self.body):
            del shared["body"]
        return clone_sharing(self, shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
