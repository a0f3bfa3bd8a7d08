"""Plasticity: local rules that adapt gains or recurrent weights to the inputs, without targets.

Each rule is one small function of what a unit has access to: its net input, its state and the
states that it receives. The rules run time step after time step, sequence after sequence and layer
after layer, from a zero state each time.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from skrnn.reservoir._time_loop import Drive, state_blocks
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of

# The target distributions of intrinsic plasticity: normal for tanh, exponential for logistic.
_MEAN, _STANDARD_DEVIATION, _LOGISTIC_MEAN = 0.0, 0.2, 0.2


def intrinsic_tanh(net, output, gain, mean=_MEAN, standard_deviation=_STANDARD_DEVIATION):
    r"""Return the changes of gain and bias of units with the activation tanh.

    Notes
    -----
    A unit with the net input z, the gain g and the bias b has the output y = tanh(g z + b). Its
    changes, divided by the learning rate, are

    .. math:: \Delta b = \frac{\mu}{\sigma^2}
              - \frac{y}{\sigma^2} (2 \sigma^2 + 1 - y^2 + \mu y), \qquad
              \Delta g = \frac{1}{g} + z \, \Delta b.

    They lower the Kullback-Leibler divergence of the outputs from a normal distribution with the
    mean μ and the standard deviation σ (Schrauwen, Wardermann, Verstraeten, Steil & Stroobandt,
    "Improving reservoirs using intrinsic plasticity", Neurocomputing 71, 2008, eq. 8 and 9).

    Examples
    --------
    >>> intrinsic_tanh(np.array([0.5]), np.array([0.0]), np.array([2.0]))
    (array([0.5]), array([0.]))
    """
    variance = standard_deviation**2
    bias = mean / variance - output / variance * (2 * variance + 1 - output**2 + mean * output)
    return 1 / gain + bias * net, bias


def intrinsic_logistic(net, output, gain, mean=_LOGISTIC_MEAN):
    r"""Return the changes of gain and bias of units with the logistic activation.

    Notes
    -----
    A unit with the net input z, the gain g and the bias b has the output y = logistic(g z + b).
    Its changes, divided by the learning rate, are

    .. math:: \Delta b = 1 - \Big(2 + \frac{1}{\mu}\Big) y + \frac{y^2}{\mu}, \qquad
              \Delta g = \frac{1}{g} + z \, \Delta b.

    They bring the outputs closer to an exponential distribution with the mean μ (Triesch, "A
    gradient rule for the plasticity of a neuron's intrinsic excitability", ICANN 2005, eq. 3).

    Examples
    --------
    >>> intrinsic_logistic(np.array([0.0]), np.array([0.0]), np.array([2.0]))
    (array([0.5]), array([1.]))
    """
    bias = 1 - (2 + 1 / mean) * output + output**2 / mean
    return 1 / gain + bias * net, bias


def oja(weights, source, target):
    r"""Return the changes of weights by Oja's rule.

    Notes
    -----
    The weight w of a connection from a unit with the previous state x to a unit with the new state
    y changes, divided by the learning rate, by

    .. math:: \Delta w = y (x - y w)

    (Oja, "Simplified neuron model as a principal component analyzer", Journal of Mathematical
    Biology 15, 1982).

    Examples
    --------
    >>> oja(np.array([0.5]), np.array([1.0]), np.array([0.4])).round(2)
    array([0.32])
    """
    return target * (source - target * weights)


def anti_hebbian(weights, source, target):
    r"""Return the changes of weights by the anti-Hebbian rule, which decorrelates units.

    Notes
    -----
    The weight of a connection from a unit with the previous state x to a unit with the new state y
    changes, divided by the learning rate, by

    .. math:: \Delta w = -y x

    (Földiák, "Forming sparse representations by local anti-Hebbian learning", Biological
    Cybernetics 64, 1990).

    Examples
    --------
    >>> anti_hebbian(np.array([0.5]), np.array([1.0]), np.array([0.4]))
    array([-0.4])
    """
    return -target * source


WEIGHT_RULES = {"oja": oja, "anti_hebbian": anti_hebbian}


def adapt_layers(layers, sequences, activation, rule, epochs, rate):
    """Return the layers after a plasticity rule has adapted them to sequences.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
    activation : str or callable
    rule : {"intrinsic", "oja", "anti_hebbian"}
    epochs : int
        Number of passes over the sequences.
    rate : float
        Learning rate.

    Returns
    -------
    tuple of Layer

    Raises
    ------
    ValueError
        If a weight is no longer finite.
    """
    drive, adapted = Drive(activation=activation), []
    for layer in layers:
        adapter = _GainAdapter if rule == "intrinsic" else _WeightAdapter
        layer = adapter(layer, drive, rule, rate).adapt(sequences, epochs)
        adapted.append(layer)
        if len(adapted) < len(layers):
            sequences = _states_of_layer(layer, sequences, drive)
    return tuple(adapted)


def _states_of_layer(layer, sequences, drive):
    """Return a layer's states as sequences, which are the inputs of the layer above."""
    starts = offsets_of(sequences.lengths)
    states = np.empty((sequences.lengths.sum(), layer.units), layer.bias.dtype)
    for block in state_blocks([layer], sequences, drive):
        states[block.positions(starts)] = block.rows(block.states[0])
    return Sequences(states, starts, sequences.lengths)


def reversed_in_time(sequences):
    """Return each sequence from its last time step to its first."""
    lengths = sequences.lengths
    last = np.repeat(sequences.starts + lengths - 1, lengths)
    starts = offsets_of(lengths)
    steps = np.arange(lengths.sum()) - np.repeat(starts, lengths)
    return Sequences(sequences.values[last - steps], starts, lengths)


class _Adapter:
    """Runs one layer time step after time step, in float64, and adapts it.

    Parameters
    ----------
    layer : Layer
    drive : Drive
    rule : {"intrinsic", "oja", "anti_hebbian"}
    rate : float
    """

    def __init__(self, layer, drive, rule, rate):
        self._layer, self._drive, self._rule, self._rate = layer, drive, rule, rate
        self._recurrent = layer.recurrent_weights.astype(np.float64)

    def adapt(self, sequences, epochs):
        """Return the layer after some passes over sequences."""
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(epochs):
                for steps in sequences:
                    self._run(self._project(steps))
            adapted = self._adapted_layer()
        if not all(np.isfinite(part).all() for part in self._adapted_parts(adapted)):
            raise ValueError(
                f"plasticity={self._rule!r} led to weights that are not finite. Lower "
                f"plasticity_rate={self._rate}."
            )
        return adapted

    def _project(self, steps):
        weights = self._layer.input_weights.astype(np.float64)
        if steps.ndim == 1:
            columns = np.vstack([weights.T, np.zeros(len(weights))])
            return columns[steps] + self._layer.bias
        return steps @ weights.T + self._layer.bias

    def _run(self, projected):
        state = np.zeros(self._layer.units)
        leak = self._layer.leak_rate
        for net in projected:
            state = (1 - leak) * state + leak * self._step(net + self._recurrent @ state, state)

    @staticmethod
    def _adapted_parts(layer):
        recurrent = layer.recurrent_weights
        return (recurrent.data if sparse.issparse(recurrent) else recurrent), layer.bias


class _GainAdapter(_Adapter):
    """Intrinsic plasticity: adapts gains and biases, which become part of the weights at the end.

    Parameters
    ----------
    layer, drive, rule, rate : as in `_Adapter`
    """

    def __init__(self, layer, drive, rule, rate):
        super().__init__(layer, drive, rule, rate)
        self._gain, self._bias = np.ones(layer.units), np.zeros(layer.units)
        self._changes = intrinsic_tanh if drive.activation == "tanh" else intrinsic_logistic

    def _step(self, net, state):
        output = self._gain * net + self._bias
        self._drive.activate(output, output)
        gain, bias = self._changes(net, output, self._gain)
        self._gain = self._gain + self._rate * gain
        self._bias = self._bias + self._rate * bias
        return output

    def _adapted_layer(self):
        layer, gain = self._layer, self._gain
        dtype = layer.bias.dtype
        if sparse.issparse(self._recurrent):
            recurrent = sparse.csr_array(self._recurrent.multiply(gain[:, None]))
        else:
            recurrent = self._recurrent * gain[:, None]
        return replace(
            layer,
            recurrent_weights=recurrent.astype(dtype),
            input_weights=(layer.input_weights * gain[:, None]).astype(dtype),
            bias=(layer.bias * gain + self._bias).astype(dtype),
        )


class _WeightAdapter(_Adapter):
    """Adapts the weights of connections, without adding or removing connections.

    Parameters
    ----------
    layer, drive, rule, rate : as in `_Adapter`
    """

    def __init__(self, layer, drive, rule, rate):
        super().__init__(layer, drive, rule, rate)
        self._changes = WEIGHT_RULES[rule]
        connections = sparse.csr_array(self._recurrent)
        self._recurrent = connections
        self._targets = np.repeat(np.arange(layer.units), np.diff(connections.indptr))
        self._sources = connections.indices

    def _step(self, net, state):
        self._drive.activate(net, net)
        leak = self._layer.leak_rate
        new = (1 - leak) * state + leak * net
        weights = self._recurrent.data
        weights += self._rate * self._changes(weights, state[self._sources], new[self._targets])
        return net

    def _adapted_layer(self):
        recurrent = self._recurrent
        if not sparse.issparse(self._layer.recurrent_weights):
            recurrent = recurrent.toarray()
        return replace(self._layer, recurrent_weights=recurrent.astype(self._layer.bias.dtype))
