"""The simulation of leaky integrate-and-fire units: currents, potentials, spikes, filtered spikes.

The units are those of Maass, Natschläger & Markram, "Real-time computing without stable states: a
new framework for neural computation based on perturbations", Neural Computation 14, 2002, but with
static instead of dynamic synapses. All sequences of a batch run side by side, one column each, and
no column depends on another.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from skrnn._scipy import csr_matvecs

# Time constants and refractory period in milliseconds; if there are two values, the first is for
# excitatory and the second for inhibitory units.
_MEMBRANE_TIME = 30.0
_SYNAPSE_TIMES = (3.0, 6.0)
_REFRACTORY_TICKS = (3, 2)
# In mV. A background current of 13.5 nA through 1 MΩ holds the units at 13.5 mV, to which they are
# also reset; they fire at 15 mV. Potentials are measured from 13.5 mV.
THRESHOLD = 1.5
# Sequences in a batch: enough to make the calls of a tick efficient, few enough for the cache.
_BATCH_SIZE = 256


@dataclass(frozen=True)
class SpikingNetwork:
    """The weights of spiking units.

    Parameters
    ----------
    recurrent_weights : csr_array of shape (units, units)
        In nA. Row i holds the weights of the connections to unit i.
    input_weights : ndarray of shape (units, n_features)
        In nA.
    is_inhibitory : ndarray of bool of shape (units,)
    filter_time : float > 0
        Time constant in ms of the filter of the spikes.
    """

    recurrent_weights: sparse.csr_array
    input_weights: np.ndarray
    is_inhibitory: np.ndarray
    filter_time: float = 30.0

    def synapses(self):
        """Return the matrix from the spikes of units and inputs to two currents for each unit.

        Returns
        -------
        matrix : csr_array of shape (2 * units, units + n_features), float32
            The excitatory currents come first, the inhibitory currents follow.
        """
        is_source = sparse.diags_array(self.is_inhibitory.astype(float))
        inhibitory = self.recurrent_weights @ is_source
        rows = [[self.recurrent_weights - inhibitory, self.input_weights], [inhibitory, None]]
        matrix = sparse.block_array(rows, format="csr", dtype=np.float32)
        matrix.eliminate_zeros()
        return matrix


class Simulation:
    r"""Leaky integrate-and-fire units that run on sequences side by side, tick by tick.

    Parameters
    ----------
    network : SpikingNetwork
    width : int
        The number of sequences. All of them begin at rest.

    Attributes
    ----------
    potential : ndarray of shape (units, width), float32
        In mV, from rest.
    filtered : ndarray of shape (units, width), float32
        The sum of exp(-age / filter_time) over all spikes so far.

    Notes
    -----
    With the sum I of both currents of a unit and its potential V, a tick of 1 ms is

    .. math:: V(t+1) = e^{-1/30} \, V(t) + (1 - e^{-1/30}) \cdot 1 \, M\Omega \cdot I(t),

    which solves :math:`30 \, ms \cdot dV/dt = -V + 1 \, M\Omega \cdot I` for a current that is
    constant during the tick (Maass, Natschläger & Markram 2002). A spike of an input adds the
    strengths of its connections to the currents at once, a spike of a unit one tick later. Currents
    from inhibitory units decay with a time constant of 6 ms, all others with 3 ms. At 1.5 mV a unit
    fires, is reset to 0, and stays there for 3 ticks (excitatory units) or 2 ticks (inhibitory
    units).

    Examples
    --------
    >>> no_connections = sparse.csr_array((1, 1))
    >>> network = SpikingNetwork(no_connections, np.array([[100.0]]), np.array([False]))
    >>> simulation = Simulation(network, width=1)
    >>> [bool(simulation.tick(np.ones((1, 1)))[0, 0]) for _ in range(6)]
    [True, False, False, False, True, False]
    """

    def __init__(self, network, width):
        kind = network.is_inhibitory.astype(int)
        units, n_features = network.input_weights.shape
        self._units, self._matrix = units, network.synapses()
        self._current_decay = _decay(np.repeat(_SYNAPSE_TIMES, units))[:, None]
        self._potential_decay = _decay(_MEMBRANE_TIME)
        self._filter_decay = _decay(network.filter_time)
        self._refractory = np.array(_REFRACTORY_TICKS, dtype=np.int8)[kind][:, None]
        self._spikes = np.zeros((units + n_features, width), np.float32)
        self._currents = np.zeros((2 * units, width), np.float32)
        self._ticks_to_rest = np.zeros((units, width), np.int8)
        self.potential = np.zeros((units, width), np.float32)
        self.filtered = np.zeros((units, width), np.float32)

    def narrow(self, width):
        """Continue with the first `width` sequences only."""
        for name in ("_spikes", "_currents", "_ticks_to_rest", "potential", "filtered"):
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, :width]))

    def tick(self, inputs):
        """Advance by one millisecond.

        Parameters
        ----------
        inputs : ndarray of shape (n_features, width)
            Which features fire.

        Returns
        -------
        spikes : ndarray of bool of shape (units, width)
            Which units fire.
        """
        units, currents, potential = self._units, self._currents, self.potential
        self._spikes[units:] = inputs
        currents *= self._current_decay
        # SciPy's kernel sums each column in the same order, whatever the width. BLAS does not, and
        # a difference in rounding could add or remove a spike.
        csr_matvecs(
            *self._matrix.shape,
            currents.shape[1],
            self._matrix.indptr,
            self._matrix.indices,
            self._matrix.data,
            self._spikes.reshape(-1),
            currents.reshape(-1),
        )
        current = currents[:units] + currents[units:]
        current *= 1 - self._potential_decay
        potential *= self._potential_decay
        potential += current
        resting = self._ticks_to_rest > 0
        self._ticks_to_rest -= resting
        np.copyto(potential, 0, where=resting)
        fired = potential >= THRESHOLD
        np.copyto(potential, 0, where=fired)
        np.copyto(self._ticks_to_rest, self._refractory, where=fired)
        self._spikes[:units] = fired
        self.filtered *= self._filter_decay
        self.filtered += self._spikes[:units]
        return fired


def _decay(time_constant):
    """Return the factor of a decay over one tick, as float32 like the arrays it multiplies."""
    with np.errstate(over="ignore"):  # with a time of almost 0, everything decays within one tick
        return np.exp(-1 / np.asarray(time_constant)).astype(np.float32)


def simulate(network, sequences, new_encoder):
    """Run spiking units on sequences, and yield the filtered spikes after each time step.

    Parameters
    ----------
    network : SpikingNetwork
    sequences : Sequences
        Values in [0, 1].
    new_encoder : callable
        Returns an encoder that begins at the first tick.

    Yields
    ------
    which : ndarray of int of shape (width,)
        The indices of the sequences that have this time step.
    step : int
    filtered : ndarray of shape (width, units), float32
        A view, which the next time step overwrites.
    """
    order = np.argsort(-sequences.lengths, kind="stable")
    for begin in range(0, len(order), _BATCH_SIZE):
        batch = order[begin : begin + _BATCH_SIZE]
        lengths = sequences.lengths[batch]
        encode, simulation = new_encoder(), Simulation(network, len(batch))
        for step in range(lengths[0]):
            width = int(np.count_nonzero(lengths > step))
            if width < simulation.filtered.shape[1]:
                simulation.narrow(width)
            which = batch[:width]
            values = sequences.values[sequences.starts[which] + step].T
            for inputs in encode(values):
                simulation.tick(inputs)
            yield which, step, simulation.filtered.T
