"""The base of the recurrent estimators with one target per sequence or per time step.

It has what they share after a fit: predictions, hidden states and weights of attention.
"""

import numpy as np

from skrnn._fitting import fitted_snapshot
from skrnn.recurrent._category_tables import CategoryTables
from skrnn.recurrent._continuation import hidden_from, outputs_from, read_from
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._network_parameters import NetworkParameters
from skrnn.recurrent._numpy_forward import outputs_of_one, runs_in_numpy
from skrnn.recurrent._stream import StreamMixin
from skrnn.recurrent._trained import BaseTrained
from skrnn.recurrent._training_parameters import GradientParameters
from skrnn.sequences._target_weights import scored_steps, scored_weights
from skrnn.sequences._targets import flatten_targets, nest_steps


class BaseRNN(BaseTrained, GradientParameters, NetworkParameters, StreamMixin):
    """Base of `RNNClassifier` and `RNNRegressor`; not for direct use."""

    # As in an estimator that an earlier version has saved.
    decay_mean_ = None
    n_static_in_ = 0
    _takes_static = True

    def _flatten_targets(self, y, inputs, input_name, *, reset, classes):
        return flatten_targets(y, inputs, input_name, per_step=self.return_sequences)

    @property
    def _may_miss_targets(self):
        return self.return_sequences

    @property
    def categories_(self):
        """The categories of each categorical feature in the first training set, by its name."""
        tables = fitted_snapshot(self)._vocabulary
        if not isinstance(tables, CategoryTables):
            return {}
        return dict(zip(tables.names, tables.categories, strict=True))

    def predict(self, X, *, initial_state=None, return_state=False):
        """Predict targets.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.
        initial_state : tuple of ndarray, default=None
            The state of each sequence after its earlier time steps, if `X` contains only the later
            ones: the state that an earlier call with ``return_state=True`` returned, or that of a
            stream. The predictions are then those for the earlier and the later time steps
            together. If None, the sequences begin with `X`.
        return_state : bool, default=False
            Whether to return the state after the last time step of each sequence as well.

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
            Whether to return the final states as well: ``h`` for simple and GRU cells, ``h`` and
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        has_categories = self.categorical_features is not None
        is_numeric = self.embedding is None or has_categories
        tags.input_tags.allow_nan = bool(self.allow_nan) and is_numeric
        tags.input_tags.categorical = has_categories
        return tags

    def _forward(self, X, name="model"):
        """Return X as `Inputs`, and one of the network's outputs for it."""
        inputs = ids_as_rows(self._vocabulary, read_sequences(self, X))
        known = self._standardization
        if name == "model" and runs_in_numpy(self._spec, inputs.sequences):
            steps = inputs.sequences[0]
            if known is not None and steps.ndim == 2:
                steps = known.apply_to_steps(steps, self._spec.dtype)
            return inputs, outputs_of_one(self._spec, self.weights_, steps, inputs.sequences.static)
        from skrnn.networks.inference import forward

        outputs = forward(self._spec, self.weights_, inputs.sequences, name, standardization=known)
        if self._spec.body is not None and np.isnan(outputs).any():
            raise ValueError(
                "body returns NaN for some sequences of X. If it changes the number of time steps, "
                "its new lengths must be at least 1, also for sequences of one time step."
            )
        return inputs, outputs

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of predictions, over time steps that have a target if each may have."""
        fitted = fitted_snapshot(self)
        inputs, outputs = fitted._forward(X)
        predicted = fitted._codec.decode(outputs)
        if fitted._spec.return_sequences:
            y, predicted, sample_weight = scored_steps(y, predicted, sample_weight, inputs)
        else:
            sample_weight = scored_weights(sample_weight)
        return metric(y, predicted, sample_weight=sample_weight)

    def _pooled(self, X):
        """Return the vector of each sequence that the output layer receives."""
        return self._forward(X, "pooled")[1]

    @property
    def _n_pooled(self):
        return len(self.weights_[-2])  # the kernel of the output layer, before its bias

    def _nest(self, outputs, X, inputs):
        return nest_steps(outputs, X, inputs) if self._spec.return_sequences else outputs

    def _require_hidden(self, name, return_state):
        if self._spec.body is not None and (return_state or name == "steps"):
            raise ValueError(
                "With a custom body, hidden_states cannot return states or the outputs at all "
                "time steps, because these are those of skrnn's recurrent layers. Set "
                "return_state=False and return_sequences=False, or use the layers of model_."
            )
