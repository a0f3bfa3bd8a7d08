"""Pooling of the states of a sequence, one time step after another.

Each pooling carries what it needs of the earlier time steps in a few arrays, whose size does not
depend on their number, and returns the row of the readout after each time step.
"""

import numpy as np

from skrnn.reservoir._pooling import input_kinds, pooling_kinds
from skrnn.sequences._streams import Slot


class RunningPooling:
    """The row of a readout for all time steps so far.

    Parameters
    ----------
    network : Network
        A network with a pooling and without a washout.

    Attributes
    ----------
    slots : list of Slot
        The arrays that are carried.
    """

    def __init__(self, network):
        self._kinds, self._space = pooling_kinds(network.pooling), network.dynamics.model_space
        self._input_kinds, self._n_states = input_kinds(network.pooling), network.dynamics.n_states
        width = self._n_states + network.n_inputs
        self.slots = [Slot("number of time steps", 1, "int64")]
        self._has_mean = not {"mean", "std"}.isdisjoint(self._kinds)
        if self._has_mean:
            self.slots.append(Slot("mean", width, "float64"))
        if "std" in self._kinds:
            self.slots.append(Slot("sum of squared deviations", width, "float64"))
        if "model_space" in self._kinds:
            n = self._space.axes.shape[1]
            self.slots += [
                Slot("previous principal components", n + 1, "float64"),
                Slot("products of components", (n + 1) ** 2, "float64"),
                Slot("products with the next components", (n + 1) * n, "float64"),
            ]

    def update(self, step, carried):
        """Return the rows of the readout after a time step, and the arrays that are carried.

        Parameters
        ----------
        step : float64 ndarray of shape (n, n_states + n_inputs)
            The states, and the inputs if the readout receives them.
        carried : sequence of ndarray

        Returns
        -------
        rows : float64 ndarray of shape (n, n_readout_features)
        carried : list of ndarray
        """
        count, *others = carried
        after, pooled = [count + 1], {"last": step}
        if self._has_mean:
            mean = others.pop(0)
            # Differences from the mean so far lose no precision (Welford, 1962).
            pooled["mean"] = mean + (step - mean) / after[0]
            after.append(pooled["mean"])
        if "std" in self._kinds:
            squares = others.pop(0) + (step - mean) * (step - pooled["mean"])
            pooled["std"] = np.sqrt(squares / after[0])
            after.append(squares)
        rows = {kind: values[:, : self._n_states] for kind, values in pooled.items()}
        if "model_space" in self._kinds:
            rows["model_space"], models = self._update_models(step, others)
            after += models
        inputs = [pooled[kind][:, self._n_states :] for kind in self._input_kinds]
        return np.hstack([*(rows[kind] for kind in self._kinds), *inputs]), after

    def _update_models(self, step, carried):
        """Return the features of the linear models, and the sums that they are solved from.

        Before the first time step, all principal components are zero, also the last one, which is
        otherwise 1 for the intercept.
        """
        before, products, with_next = carried
        n, now = before.shape[1] - 1, self._space.project(step[:, : self._n_states])
        products = products + (before[:, :, None] * before[:, None, :]).reshape(len(before), -1)
        with_next = with_next + (before[:, :, None] * now[:, None, :]).reshape(len(before), -1)
        features = [
            self._space.solve(one.reshape(n + 1, n + 1), other.reshape(n + 1, n))
            for one, other in zip(products, with_next, strict=True)
        ]
        before = np.hstack([now, np.ones((len(now), 1))])
        return np.stack(features), [before, products, with_next]
