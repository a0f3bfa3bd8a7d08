"""Reservoirs that learn: local rules that change gains or recurrent weights, without targets.

Each rule is one small function of what a unit knows: its net input, its state, the states it hears.
They run step after step, sequence after sequence, layer after layer, from a zero state each time.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from skrnn.reservoir._dynamics import Drive, pieces_of
from skrnn.sequences import Sequences

__all__ = [
    "RULES",
    "anti_hebbian",
    "from_the_end",
    "intrinsic_logistic",
    "intrinsic_tanh",
    "learn",
    "oja",
]

# What intrinsic plasticity aims at: a normal distribution for tanh, an exponential for logistic.
_MEAN, _SPREAD, _RATE_MEAN = 0.0, 0.2, 0.2


def intrinsic_tanh(net, fired, gain, mean=_MEAN, spread=_SPREAD):
    """Return the changes of gain and bias for units f = tanh(gain net + bias).

    They lower the distance (Kullback-Leibler) of a unit's outputs from a normal distribution:
    Schrauwen, Wardermann, Verstraeten, Steil & Stroobandt, "Improving reservoirs using intrinsic
    plasticity", Neurocomputing 71, 2008, eq. 8 and 9.

    Examples
    --------
    >>> intrinsic_tanh(np.array([0.5]), np.array([0.0]), np.array([2.0]))
    (array([0.5]), array([0.]))
    """
    variance = spread**2
    bias = mean / variance - fired / variance * (2 * variance + 1 - fired**2 + mean * fired)
    return 1 / gain + bias * net, bias


def intrinsic_logistic(net, fired, gain, mean=_RATE_MEAN):
    """Return the changes of gain and bias for units f = logistic(gain net + bias).

    They lead a unit's outputs to an exponential distribution: Triesch, "A gradient rule for the
    plasticity of a neuron's intrinsic excitability", ICANN 2005, eq. 3.

    Examples
    --------
    >>> intrinsic_logistic(np.array([0.0]), np.array([0.0]), np.array([2.0]))
    (array([0.5]), array([1.]))
    """
    bias = 1 - (2 + 1 / mean) * fired + fired**2 / mean
    return 1 / gain + bias * net, bias


def oja(weights, before, after):
    """Return the change of weights from units `before` to units `after`.

    after (before - after weight): Oja, "Simplified neuron model as a principal component
    analyzer", Journal of Mathematical Biology 15, 1982.

    Examples
    --------
    >>> oja(np.array([0.5]), np.array([1.0]), np.array([0.4])).round(2)
    array([0.32])
    """
    return after * (before - after * weights)


def anti_hebbian(weights, before, after):
    """Return the change of weights that makes units less alike: -after before.

    Földiák, "Forming sparse representations by local anti-Hebbian learning", Biological
    Cybernetics 64, 1990.

    Examples
    --------
    >>> anti_hebbian(np.array([0.5]), np.array([1.0]), np.array([0.4]))
    array([-0.4])
    """
    return -after * before


RULES = {"oja": oja, "anti_hebbian": anti_hebbian}


def learn(layers, sequences, activation, rule, epochs, rate):
    """Return the layers after they have learned from sequences.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
    activation : str or callable
    rule : {"intrinsic", "oja", "anti_hebbian"}
    epochs : int
        Passes over the sequences.
    rate : float

    Returns
    -------
    tuple of Layer

    Raises
    ------
    ValueError
        If a weight is no longer finite.
    """
    drive, learned = Drive(activation=activation), []
    for layer in layers:
        learner = _Gains if rule == "intrinsic" else _Links
        layer = learner(layer, drive, rule, rate).after(sequences, epochs)
        learned.append(layer)
        if len(learned) < len(layers):
            sequences = _states(layer, sequences, drive)
    return tuple(learned)


def _states(layer, sequences, drive):
    """Return a layer's states as sequences, for the layer above."""
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    states = np.empty((sequences.lengths.sum(), layer.units), layer.bias.dtype)
    for piece in pieces_of([layer], sequences, drive):
        states[piece.positions(starts)] = piece.rows(piece.states[0])
    return Sequences(states, starts, sequences.lengths)


def from_the_end(sequences):
    """Return each sequence from its end to its start."""
    lengths = sequences.lengths
    last = np.repeat(sequences.starts + lengths - 1, lengths)
    starts = np.cumsum(lengths) - lengths
    steps = np.arange(lengths.sum()) - np.repeat(starts, lengths)
    return Sequences(sequences.values[last - steps], starts, lengths)


class _Learner:
    """One layer that takes one step after another, in float64."""

    def __init__(self, layer, drive, rule, rate):
        self._layer, self._drive, self._rule, self._rate = layer, drive, rule, rate
        self._recurrent = layer.recurrent.astype(np.float64)

    def after(self, sequences, epochs):
        """Return the layer after so many passes."""
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(epochs):
                for steps in sequences:
                    self._read(self._project(steps))
            learned = self._learned()
        if not all(np.isfinite(part).all() for part in self._parts(learned)):
            raise ValueError(
                f"plasticity={self._rule!r} made weights that are not finite; lower "
                f"plasticity_rate={self._rate}."
            )
        return learned

    def _project(self, steps):
        weights = self._layer.input_weights.astype(np.float64)
        if steps.ndim == 1:
            columns = np.vstack([weights.T, np.zeros(len(weights))])
            return columns[steps] + self._layer.bias
        return steps @ weights.T + self._layer.bias

    def _read(self, driven):
        state = np.zeros(self._layer.units)
        leak = self._layer.leak_rate
        for net in driven:
            state = (1 - leak) * state + leak * self._step(net + self._recurrent @ state, state)

    @staticmethod
    def _parts(layer):
        recurrent = layer.recurrent
        return (recurrent.data if sparse.issparse(recurrent) else recurrent), layer.bias


class _Gains(_Learner):
    """Intrinsic plasticity: gain and bias of every unit, folded into its weights in the end."""

    def __init__(self, layer, drive, rule, rate):
        super().__init__(layer, drive, rule, rate)
        self._gain, self._bias = np.ones(layer.units), np.zeros(layer.units)
        self._changes = intrinsic_tanh if drive.activation == "tanh" else intrinsic_logistic

    def _step(self, net, state):
        fired = self._gain * net + self._bias
        self._drive.activate(fired, fired)
        gain, bias = self._changes(net, fired, self._gain)
        self._gain = self._gain + self._rate * gain
        self._bias = self._bias + self._rate * bias
        return fired

    def _learned(self):
        layer, gain = self._layer, self._gain
        dtype = layer.bias.dtype
        if sparse.issparse(self._recurrent):
            recurrent = sparse.csr_array(self._recurrent.multiply(gain[:, None]))
        else:
            recurrent = self._recurrent * gain[:, None]
        return replace(
            layer,
            recurrent=recurrent.astype(dtype),
            input_weights=(layer.input_weights * gain[:, None]).astype(dtype),
            bias=(layer.bias * gain + self._bias).astype(dtype),
        )


class _Links(_Learner):
    """Rules that change the weights of links, and make no new ones."""

    def __init__(self, layer, drive, rule, rate):
        super().__init__(layer, drive, rule, rate)
        self._changes = RULES[rule]
        links = sparse.csr_array(self._recurrent)
        self._recurrent = links
        self._after = np.repeat(np.arange(layer.units), np.diff(links.indptr))
        self._before = links.indices

    def _step(self, net, state):
        self._drive.activate(net, net)
        leak = self._layer.leak_rate
        after = (1 - leak) * state + leak * net
        weights = self._recurrent.data
        weights += self._rate * self._changes(weights, state[self._before], after[self._after])
        return net

    def _learned(self):
        recurrent = self._recurrent
        if not sparse.issparse(self._layer.recurrent):
            recurrent = recurrent.toarray()
        return replace(self._layer, recurrent=recurrent.astype(self._layer.bias.dtype))
