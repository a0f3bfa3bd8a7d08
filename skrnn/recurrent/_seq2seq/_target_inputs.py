"""What is known of each time step of a target in advance, as further inputs of the decoder.

A calendar, a plan or a price list covers the time steps that are to be predicted. The encoder could
only receive it at other time steps, those of the source.
"""

import numpy as np

from skrnn.recurrent._seq2seq._targets import padded_rows
from skrnn.sequences._check import as_sequences
from skrnn.sequences._feature_names import feature_names
from skrnn.sequences._standardization import Standardization
from skrnn.sequences._targets import require_as_many


def require_counts(known, counts, input_name, counted):
    """Check that known inputs have as many time steps as the targets.

    Parameters
    ----------
    known : Sequences
    counts : ndarray of int of shape (n,)
        The number of time steps of each target.
    input_name, counted : str
        The names of the inputs and of what determines the counts, for the message.

    Raises
    ------
    ValueError
        If a sequence has another number of time steps than its target.
    """
    different = np.flatnonzero(known.lengths != counts)
    if len(different):
        i = int(different[0])
        raise ValueError(
            f"{input_name} must have one row for each time step of a target, but {input_name}[{i}] "
            f"has {known.lengths[i]} rows, and the target has {counts[i]} time steps according to "
            f"{counted}."
        )


class TargetInputsMixin:
    """The methods of a regressor whose decoder may receive known inputs.

    It learns `n_target_inputs_`, `target_input_mean_` and `target_input_scale_`.
    """

    # As in an estimator that an earlier version has saved.
    n_target_inputs_, _target_input_names = 0, None
    target_input_mean_ = target_input_scale_ = None

    @property
    def _n_target_inputs(self):
        return self.n_target_inputs_

    def _read_target_inputs(self, target_inputs, counts, names, *, reset=False):
        """Return the known inputs as `Sequences`, or None if the decoder receives none.

        Parameters
        ----------
        target_inputs : as in `fit`
        counts : ndarray of int of shape (n,)
            The number of time steps of each target.
        names : tuple of str
            The names of X, of what determines `counts`, of the weights, and of the inputs.
        reset : bool, default=False
            Whether the estimator learns the number of inputs.

        Raises
        ------
        ValueError
            If they do not match the targets, or those that `fit` received.
        """
        if reset:
            self.n_target_inputs_, self._target_input_names = 0, None
            self.target_input_mean_ = self.target_input_scale_ = None
        known = self._known(target_inputs, len(counts), names[3], reset=reset)
        if known is not None:
            require_counts(known, counts, names[3], names[1])
        return known

    def _known(self, target_inputs, n, input_name="target_inputs", *, reset=False):
        """Return the known inputs of `n` targets of any lengths, or None if there are none."""
        n_known, name = self.n_target_inputs_, type(self).__name__
        if not reset and (target_inputs is None) != (n_known == 0):
            raise ValueError(
                f"{input_name} must {'be None' if n_known == 0 else 'not be None'}, because this "
                f"{name} was fitted with {n_known} known inputs at each time step of the target."
            )
        if target_inputs is None:
            return None
        dtype = ["float64", "float32"] if self.standardize else self.dtype
        known = as_sequences(target_inputs, dtype=dtype, input_name=input_name)
        require_as_many(known, n, input_name)
        n_inputs = known.values.shape[1]
        names = feature_names(target_inputs)
        if reset:
            self.n_target_inputs_, self._target_input_names = n_inputs, names
            return known
        if n_inputs != n_known:
            raise ValueError(
                f"{input_name} has {n_inputs} features, but {name} is expecting {n_known} features "
                "as input."
            )
        fitted = self._target_input_names
        if None not in (names, fitted) and names != fitted:
            raise ValueError(
                f"The feature names of {input_name} should match those that were passed during "
                f"fit: expected {list(fitted)}, got {list(names)}."
            )
        self._require_finite_inputs(known, input_name)
        return known

    def _require_finite_inputs(self, known, input_name):
        if self.target_input_mean_ is not None:
            found = Standardization(self.target_input_mean_, self.target_input_scale_)
            found.require_finite(known, self.dtype, input_name)

    def _learn_target_inputs(self, known, rows, weights):
        if known is not None and self.standardize:
            found = Standardization.of(known[rows], weights[rows])
            self.target_input_mean_, self.target_input_scale_ = found.mean, found.scale
            self._require_finite_inputs(known, "target_inputs")

    def _scaled_target_inputs(self, known, rows=slice(None)):
        if known is None:
            return None
        values = known.concatenate()
        if self.target_input_mean_ is None:
            return values[rows]
        found = Standardization(self.target_input_mean_, self.target_input_scale_)
        return found.apply_to_steps(values, self.dtype)[rows]

    def _padded_target_inputs(self, known):
        """Return the known inputs as the decoder receives them, one padded row for each target."""
        if known is None:
            return None
        return padded_rows(self._scaled_target_inputs(known), np.asarray(known.lengths), 0)
