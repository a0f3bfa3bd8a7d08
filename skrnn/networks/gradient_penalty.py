r"""The penalty on gradients that vanish or explode from one time step to the one before it.

Let :math:`s_k` be the states of a layer after time step :math:`k`, and :math:`\delta_k = dE/ds_k`
the total derivative of the loss of a batch. The penalty of a layer is the mean over all sequences
and over their time steps :math:`k = 1, \dots, T - 1` of

.. math::

    \Omega_k = \left(\frac{\left\|\left(\partial s_{k+1} / \partial s_k\right)^\top
        \delta_{k+1}\right\|}{\|\delta_{k+1}\|} - 1\right)^2

R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML
2013, equations 9 and 10. As there, only the recurrent kernel receives a gradient of the penalty,
and only through the Jacobian matrix of this one time step: :math:`s_k`, :math:`\delta_{k+1}` and
the inputs are constants. All time steps are therefore computed at once, and no second derivative
passes through time. The paper writes the sum over :math:`k`. The mean, which its authors' own code
computes, makes the factor of the penalty independent of the length of sequences.
"""

import keras
import numpy as np
from keras import ops

from skrnn.networks import backends
from skrnn.networks.cells import get_cell, project_inputs
from skrnn.networks.probes import recurrent_layers, run_graph

_KERNEL = "recurrent_kernel"


class GradientPenalty:
    """The sum of the penalties of all recurrent layers of a network.

    Parameters
    ----------
    model : keras.Model
        The network has named cells with recurrent kernels. Its inputs are time steps, lengths and,
        if it carries states, initial states; its outputs are those before the output activation.
    """

    def __init__(self, model):
        self._model = model
        self._layers = {name: _Layer(one) for name, one in recurrent_layers(model).items()}

    def add(self, gradients, factor, inputs, loss):
        """Return the gradients of an update, to which those of the penalty are added.

        The network runs without dropout, as in a prediction.

        Parameters
        ----------
        gradients : list of tensor
            The gradients of the trainable variables of the model.
        factor : tensor
            The factor of the penalty.
        inputs : list of tensor
            The inputs of the model.
        loss : callable
            A function of the outputs of the model before the output activation, which returns the
            loss of the batch.

        Returns
        -------
        list of tensor
        """
        kernels = {name: layer.weights()[_KERNEL] for name, layer in self._layers.items()}
        seen, deltas = self._run(inputs, loss)

        def total(kernels):
            parts = [
                layer.penalty(kernels[name], *seen[name], deltas[name])
                for name, layer in self._layers.items()
            ]
            return sum(parts), ()

        added, _ = backends.gradients_of(total, kernels)
        gradients, variables = list(gradients), self._model.trainable_variables
        for name, layer in self._layers.items():
            (at,) = (i for i, one in enumerate(variables) if one is layer.kernel)
            gradients[at] = gradients[at] + ops.cast(factor, layer.dtype) * added[name]
        return gradients

    def _run(self, inputs, loss):
        """Return what the layers record, and the gradients of the loss with respect to states."""
        batch, n_steps = ops.shape(inputs[0])[:2]
        # The gradient with respect to a shift of zero is that with respect to the state.
        shifts = {
            name: [ops.zeros((n_steps, batch, layer.units), layer.dtype)] * layer.n_states
            for name, layer in self._layers.items()
        }

        def run(shifts):
            seen = {}
            replaced = {
                name: layer.watched(seen, shifts[name]) for name, layer in self._layers.items()
            }
            raw, *_ = keras.tree.flatten(run_graph(self._model, inputs, replaced))
            return loss(raw), seen

        deltas, seen = backends.gradients_of(run, shifts)
        return seen, deltas


class _Layer:
    """A recurrent layer, whose time loop records states and accepts shifts of them."""

    def __init__(self, layer):
        self.cell, self.name = get_cell(layer.cell_name), layer.name
        self.units, self.dtype = layer.units, layer.compute_dtype
        self.n_states = self.cell.n_states
        # In a layer of Keras, the cell holds the weights.
        self._holder = getattr(layer, "cell", layer)
        self.kernel = getattr(self._holder, _KERNEL)

    def weights(self):
        """Return the weights by name."""
        names = self.cell.weight_shapes(1, self.units)
        return {name: ops.convert_to_tensor(getattr(self._holder, name)) for name in names}

    def watched(self, seen, shifts):
        """Return a function that takes the place of the layer.

        It stores the projected inputs and all states in `seen`, each of shape (T, batch, any).
        """

        def run(steps, initial_state=None, **stored):
            weights = self.weights()
            projected = ops.swapaxes(self._project(steps, weights), 0, 1)
            zeros = ops.zeros((ops.shape(projected)[1], self.units), self.dtype)
            before = [zeros] * self.n_states if initial_state is None else initial_state

            width = projected.shape[2]

            def one_step(states, now):
                states = self._step(now[:, :width], states, weights)
                shifts = ops.split(now[:, width:], self.n_states, axis=1)
                states = tuple(s + shift for s, shift in zip(states, shifts, strict=True))
                # On TensorFlow, the results of `scan` must have the same structure as the states.
                return states, states

            # On TensorFlow, `scan` takes several tensors only if the number of time steps is known.
            over_time = ops.concatenate([projected, *shifts], axis=2)
            lasts, states = ops.scan(one_step, tuple(keras.tree.flatten(before)), over_time)
            seen[self.name] = projected, states
            return ops.swapaxes(states[0], 0, 1), *lasts

        return run

    def _project(self, steps, weights):
        if steps.ndim == 3:
            return project_inputs(self.cell, steps, None, weights)
        factors = ops.cast(steps >= 0, self.dtype)
        return project_inputs(self.cell, ops.maximum(steps, 0), factors, weights)

    def _step(self, projected, states, weights):
        return self.cell.step(projected, tuple(states), weights, self._holder.activation)

    def penalty(self, kernel, projected, states, deltas):
        """Return the mean of the penalties of all time steps that a gradient reaches.

        Parameters
        ----------
        kernel : tensor
            The recurrent kernel.
        projected : tensor of shape (T, batch, any)
        states, deltas : list of tensor of shape (T, batch, units)
            The states after each time step, and the gradients of the loss with respect to them.
        """
        weights = {**self.weights(), _KERNEL: kernel}
        now, *directions = (_as_rows(one[1:]) for one in (projected, *deltas))
        reached, directions = _scaled(directions, self.dtype)

        def along(before):
            after = self._step(now, before, weights)
            return sum(ops.sum(a * d) for a, d in zip(after, directions, strict=True)), ()

        passed, _ = backends.gradients_of(along, [_as_rows(one[:-1]) for one in states])
        ratios = _norms(passed) / _norms(directions)
        terms = ops.where(reached, (ratios - 1) ** 2, 0)
        return ops.sum(terms) / ops.maximum(ops.sum(ops.cast(reached, self.dtype)), 1)


def _as_rows(steps):
    """Return time steps of shape (T, batch, any) as rows."""
    return ops.reshape(steps, (-1, steps.shape[-1]))


def _scaled(gradients, dtype):
    """Return which rows have a gradient, and the gradients divided by their sizes.

    Padding has no gradient. The squares of small numbers would be zero, so gradients are scaled
    before their norms are computed. The smallest numbers have few digits, and count as zero.
    """
    least = np.finfo(dtype).tiny / np.finfo(dtype).eps
    sizes = sum(ops.sum(ops.abs(one), axis=1) for one in gradients)
    reached = ops.expand_dims(sizes > least, 1)
    scales = ops.where(reached, ops.expand_dims(sizes, 1), 1)
    # Rows without a gradient get any direction whose norm is not zero.
    return sizes > least, [ops.where(reached, one / scales, 1) for one in gradients]


def _norms(rows):
    """Return the norm of each row over several arrays, whose gradient at zero is zero."""
    squares = sum(ops.sum(one**2, axis=1) for one in rows)
    return ops.where(squares > 0, ops.sqrt(ops.where(squares > 0, squares, 1)), 0)
