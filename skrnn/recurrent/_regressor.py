"""The recurrent regressor: targets on a scale that networks train well on, and back."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import check_array

from skrnn._sklearn import _fit_context
from skrnn.recurrent._base import BaseRNN

__all__ = ["RNNRegressor"]


class RNNRegressor(RegressorMixin, BaseRNN):
    """Recurrent neural network regressor."""

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
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
        model=None,
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
            model=model,
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
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name=input_name)
        if y.ndim > 2:
            raise ValueError(
                f"{input_name} must hold one target or one vector of targets "
                f"{'a step' if self.return_sequences else 'a sequence'}, got an array of shape "
                f"{y.shape}."
            )
        return y

    def _learn_targets(self, y, weights, classes):
        self._single_target = y.ndim == 1
        y = y.reshape(len(y), -1)
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

    def _class_factors(self, targets):
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
