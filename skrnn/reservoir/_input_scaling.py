"""The choice of `input_scaling` for a series: small reservoirs are tried on its beginning.

No single factor suits all series. A system with a long memory needs nearly linear states, and hence
a small factor; a chaotic one needs a large factor. Errors differ by a factor of ten and more.
"""

import numpy as np
from sklearn.base import clone

from skrnn._fitting import draw_seed
from skrnn.reservoir._examples import Examples
from skrnn.reservoir._network import draw_network
from skrnn.reservoir._readout import fit_readout
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of

CANDIDATES = (0.01, 0.1, 0.3, 1.0)
_N_STEPS = 2000


def best_input_scaling(reservoir, examples, n_features, readout_input, penalty):
    """Return the candidate with the smallest error in generalised cross-validation.

    Parameters
    ----------
    reservoir : Reservoir
        A reservoir that is not fitted. Its `input_scaling` is ignored, and it is not changed.
    examples : Examples
        The first examples, with one target per time step.
    n_features : int
    readout_input : bool
    penalty : Penalty
        It has several candidates.

    Returns
    -------
    float
    """
    beginning = first_steps(examples, _N_STEPS + reservoir.washout, reservoir.washout)
    trial, seed = clone(reservoir), draw_seed(reservoir.random_state)
    errors = []
    for candidate in CANDIDATES:
        trial.set_params(input_scaling=candidate, random_state=seed, chunk_overlap=None)
        network = draw_network(
            trial, beginning, n_features, per_step=True, readout_input=readout_input
        )
        readout, _ = fit_readout(network, beginning, penalty, trial)
        errors.append(readout.gcv_errors.min())
    return CANDIDATES[int(np.argmin(errors))]


def first_steps(examples, n_steps, washout):
    """Return the first sequences with at least a number of time steps, the last one cut off.

    If the last one would not be longer than the washout, it is left out. If none of these steps has
    a weight, all examples are returned.

    Parameters
    ----------
    examples : Examples
        There is one target per time step.
    n_steps : int
        It is larger than `washout`.
    washout : int
    """
    sequences, weights = examples.sequences, examples.weights
    before = offsets_of(sequences.lengths)
    count = int(np.count_nonzero(before < n_steps))
    lengths = np.minimum(sequences.lengths[:count], n_steps - before[:count])
    if lengths[-1] <= washout < sequences.lengths[count - 1]:
        count, lengths = count - 1, lengths[:-1]
    total = int(lengths.sum())
    if weights is not None and not weights[:total].any():
        return examples
    return Examples(
        Sequences(
            sequences.values,
            sequences.starts[:count],
            lengths,
            static=None if sequences.static is None else sequences.static[:count],
        ),
        examples.targets[:total],
        None if weights is None else weights[:total],
        None if examples.indices is None else examples.indices[:count],
    )
