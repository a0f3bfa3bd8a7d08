"""The recurrent classifier: labels to class numbers and back, and the loss that fits them."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN

__all__ = ["RNNClassifier"]


class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent neural network classifier."""

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
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
        if classes is not None:
            classes = np.unique(classes)
            if hasattr(self, "weights_") and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes} is not what the first call was given: {self.classes_}."
                )
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
        y = column_or_1d(y, warn=True)
        if y.dtype.kind in "fc":
            assert_all_finite(y, input_name=input_name)
        check_classification_targets(y)
        return y

    def _learn_targets(self, y, weights, classes):
        self.classes_ = np.unique(y) if classes is None else classes
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, got 1 class: "
                f"{self.classes_[0]!r}."
            )

    def _encode_targets(self, y, input_name="y"):
        codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[codes] != y
        if unknown.any():
            raise ValueError(
                f"{input_name} has labels that are not in classes_: {np.unique(y[unknown])}."
            )
        form = _target_form(self._output()[2], len(self.classes_))
        if form == "codes":
            return codes.astype(np.int32)
        if form == "binary":
            return codes[:, None].astype(self.dtype)
        return np.eye(len(self.classes_), dtype=self.dtype)[codes]

    def _class_factors(self, targets):
        if self.class_weight is None:
            return None
        return compute_sample_weight(self.class_weight, self.classes_[_codes(targets)])

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
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    name = name.lower()
    if name.startswith("sparse"):
        return "codes"
    if not name.startswith("binary"):
        return "indicators"
    if n_classes != 2:
        raise ValueError(f"loss={name!r} is for 2 classes, but y has {n_classes}.")
    return "binary"


def _codes(encoded):
    """Class numbers from any form of encoded targets, or from outputs."""
    if encoded.ndim == 1:
        return encoded
    return encoded[:, 0].astype(int) if encoded.shape[1] == 1 else encoded.argmax(axis=1)
