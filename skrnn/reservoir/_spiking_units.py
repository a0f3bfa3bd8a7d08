"""Leaky integrate-and-fire units at work: currents, potentials, spikes, and what is read of them.

The units are those of Maass, Natschläger & Markram, "Real-time computing without stable states: a
new framework for neural computation based on perturbations", Neural Computation 14, 2002, but their
synapses keep their strength. All sequences of a block run side by side, a column each, and nothing
that is done to one column depends on another.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from skrnn._scipy import csr_matvecs

__all__ = ["THRESHOLD", "Activity", "Liquid", "readings"]

# Milliseconds, of excitatory units and of inhibitory ones.
_MEMBRANE = 30.0
_SYNAPSE = (3.0, 6.0)
_REFRACTORY = (3, 2)
# A background current of 13.5 nA through 1 MΩ holds the units at 13.5 mV, which is also where they
# are reset; they fire at 15 mV. Potentials are counted from there.
THRESHOLD = 1.5
# Sequences side by side: so many that a tick is worth its calls, and few enough for the cache.
_WIDTH = 256


@dataclass(frozen=True)
class Liquid:
    """The weights of spiking units.

    Parameters
    ----------
    links : csr_array of shape (units, units)
        In nA. The row hears the column.
    input_links : ndarray of shape (units, n_features)
        In nA.
    is_inhibitory : ndarray of bool of shape (units,)
    filter_time : float > 0
        Time constant in ms of the filter that spikes are read with.
    """

    links: sparse.csr_array
    input_links: np.ndarray
    is_inhibitory: np.ndarray
    filter_time: float = 30.0

    def synapses(self):
        """Return the matrix from the spikes of units and inputs to two currents for each unit.

        Returns
        -------
        matrix : csr_array of shape (2 * units, units + n_features), float32
            The excitatory currents first, then the inhibitory ones.
        """
        speaks = sparse.diags_array(self.is_inhibitory.astype(float))
        inhibitory = self.links @ speaks
        rows = [[self.links - inhibitory, self.input_links], [inhibitory, None]]
        matrix = sparse.block_array(rows, format="csr", dtype=np.float32)
        matrix.eliminate_zeros()
        return matrix


class Activity:
    """Leaky integrate-and-fire units at work, on sequences side by side.

    With I the sum of both currents and V the potential, over a tick of 1 ms

        V(t+1) = exp(-1/30) V(t) + (1 - exp(-1/30)) · 1 MΩ · I(t)

    which solves 30 ms · dV/dt = -V + 1 MΩ · I for an I that is constant over the tick. A spike of
    an input adds the strength of its links to the currents at once, a spike of a unit one tick
    later; currents from inhibitory units decay with 6 ms, all others with 3 ms. At 1.5 mV a unit
    fires, is set to 0, and stays there for 3 ticks (excitatory) or 2 (inhibitory).

    Parameters
    ----------
    liquid : Liquid
    width : int
        Sequences side by side. All begin at rest.

    Attributes
    ----------
    potential : ndarray of shape (units, width), float32
        In mV, from rest.
    filtered : ndarray of shape (units, width), float32
        The sum of exp(-age / filter_time) over all spikes so far.

    Examples
    --------
    >>> nobody = sparse.csr_array((1, 1))
    >>> liquid = Liquid(nobody, np.array([[100.0]]), np.array([False]))
    >>> activity = Activity(liquid, width=1)
    >>> [bool(activity.tick(np.ones((1, 1)))[0, 0]) for _ in range(6)]
    [True, False, False, False, True, False]
    """

    def __init__(self, liquid, width):
        kind = liquid.is_inhibitory.astype(int)
        units, n_features = liquid.input_links.shape
        self._units, self._matrix = units, liquid.synapses()
        self._keep_current = _decay(np.repeat(_SYNAPSE, units))[:, None]
        self._keep_potential = _decay(_MEMBRANE)
        self._keep_filtered = _decay(liquid.filter_time)
        self._refractory = np.array(_REFRACTORY, dtype=np.int8)[kind][:, None]
        self._spikes = np.zeros((units + n_features, width), np.float32)
        self._currents = np.zeros((2 * units, width), np.float32)
        self._rest = np.zeros((units, width), np.int8)
        self.potential = np.zeros((units, width), np.float32)
        self.filtered = np.zeros((units, width), np.float32)

    def narrow(self, width):
        """Go on with the first `width` sequences only."""
        for name in ("_spikes", "_currents", "_rest", "potential", "filtered"):
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, :width]))

    def tick(self, inputs):
        """Advance by a millisecond.

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
        currents *= self._keep_current
        # A product by SciPy's kernel adds up each column in one order, whatever the width; BLAS
        # does not, and a spike more or less is no rounding error.
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
        current *= 1 - self._keep_potential
        potential *= self._keep_potential
        potential += current
        resting = self._rest > 0
        self._rest -= resting
        np.copyto(potential, 0, where=resting)
        fired = potential >= THRESHOLD
        np.copyto(potential, 0, where=fired)
        np.copyto(self._rest, self._refractory, where=fired)
        self._spikes[:units] = fired
        self.filtered *= self._keep_filtered
        self.filtered += self._spikes[:units]
        return fired


def _decay(time_constant):
    """Return what is left after a tick, as float32 like all that it multiplies."""
    return np.exp(-1 / np.asarray(time_constant)).astype(np.float32)


def readings(liquid, sequences, new_encoder):
    """Run sequences through a liquid, and yield the filtered spikes at the end of each step.

    Parameters
    ----------
    liquid : Liquid
    sequences : Sequences
        Of values in [0, 1].
    new_encoder : callable
        Returns an encoder that begins at the first tick.

    Yields
    ------
    which : ndarray of int of shape (width,)
        The sequences that have this step.
    step : int
    filtered : ndarray of shape (width, units), float32
        A view that the next step overwrites.
    """
    order = np.argsort(-sequences.lengths, kind="stable")
    for begin in range(0, len(order), _WIDTH):
        block = order[begin : begin + _WIDTH]
        lengths = sequences.lengths[block]
        encode, activity = new_encoder(), Activity(liquid, len(block))
        for step in range(lengths[0]):
            width = int(np.count_nonzero(lengths > step))
            if width < activity.filtered.shape[1]:
                activity.narrow(width)
            which = block[:width]
            values = sequences.values[sequences.starts[which] + step].T
            for inputs in encode(values):
                activity.tick(inputs)
            yield which, step, activity.filtered.T
