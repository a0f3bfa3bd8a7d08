"""Targets that are numbers: how regressors check them, and learn and apply their scale."""

import numpy as np

from skrnn.recurrent._codecs import (
    NumberCodec,
    mean_and_spread,
    warn_if_far_from_first_targets,
    warn_if_rounded,
    with_scale_of_constants,
)
from skrnn.recurrent._positive_targets import (
    POSITIVE_ACTIVATIONS,
    check_positive,
    mean_as_scale,
    resolve_output_activation,
)
from skrnn.sequences._targets import check_numbers


class NumberTargetsMixin:
    """The methods of regressors that encode and decode targets."""

    @property
    def _codec(self):
        return NumberCodec(
            offset=self._y_offset,
            scale=self._y_scale,
            is_one_dimensional=self._single_target,
            loss=self.loss,
            output_activation=resolve_output_activation(self.output_activation, self.loss),
            dtype=self.dtype,
            estimator_name=type(self).__name__,
        )

    def _check_targets(self, y, input_name="y"):
        y = check_numbers(y, input_name, per_step=self.return_sequences, keep_float32=True)
        activation = resolve_output_activation(self.output_activation, self.loss)
        check_positive(y, activation, self.loss, input_name)
        return y

    def _learn_targets(self, y, has_weight, weights, classes):
        self._single_target = y.ndim == 1
        y = y.reshape(len(y), -1)[has_weight]
        self._y_offset, self._y_scale = np.zeros(y.shape[1]), np.ones(y.shape[1])
        if self.normalize_y and self._codec.output_activation in POSITIVE_ACTIVATIONS:
            self._y_scale = mean_as_scale(y, weights)
        elif self.normalize_y:
            self._y_offset, self._y_scale = mean_and_spread(y, weights)
        else:
            warn_if_rounded(y, self.dtype)

    def _learn_more_targets(self, y, has_weight, weights):
        self._y_scale = with_scale_of_constants(self._codec, y[has_weight], weights).scale
        if self.normalize_y:
            warn_if_far_from_first_targets(self._codec, y[has_weight], weights)
