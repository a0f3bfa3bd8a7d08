"""Draw sequences from a network that predicts the next symbol, many of them at the same time."""

import numpy as np

_BLOCK = 256


class UniformNumbers:
    """Uniform random numbers for each of some sequences, one per time step.

    Those of a sequence depend on the seed and on its index alone, and not on the number of other
    sequences.

    Parameters
    ----------
    seed : int
    n : int
        The number of sequences.
    """

    def __init__(self, seed, n):
        seeds = np.random.SeedSequence(seed).spawn(n)
        self._generators = [np.random.default_rng(child) for child in seeds]
        self._block = np.empty((n, _BLOCK))

    def at(self, t, rows):
        """Return the numbers of some sequences at a time step, which must follow the last one."""
        if t % _BLOCK == 0:
            for row in rows:
                self._generators[row].random(out=self._block[row])
        return self._block[rows, t % _BLOCK]


def sharpen(probabilities, temperature, top_k=None):
    """Return the probabilities with which symbols are drawn.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
    temperature : float
        Logarithms of probabilities are divided by it. If 0, only the most probable class is left,
        and the first one of several.
    top_k : int or None, default=None
        The number of the most probable classes that are left.

    Returns
    -------
    float64 ndarray of shape (n, n_classes)
        The sum of each row is one.

    Examples
    --------
    >>> sharpen(np.array([[0.2, 0.5, 0.3]]), 1.0, top_k=2)
    array([[0.   , 0.625, 0.375]])
    >>> sharpen(np.array([[0.2, 0.5, 0.3]]), 0.0)
    array([[0., 1., 0.]])
    """
    n_classes = probabilities.shape[1]
    if temperature == 0:
        temperature, top_k = 1.0, 1
    logarithms = log(probabilities)
    highest = logarithms.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # a tiny temperature leaves zero
        weights = np.exp((logarithms - highest) / temperature)
    if top_k is not None and top_k < n_classes:
        order = np.argsort(-probabilities, axis=1, kind="stable")
        np.put_along_axis(weights, order[:, top_k:], 0.0, axis=1)
    return weights / weights.sum(axis=1, keepdims=True)


def log(probabilities):
    """Return logarithms in float64; zero counts as the smallest normal float32."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny, dtype=np.float64))


def choose(probabilities, uniform):
    """Return the class of each row whose interval of cumulative probabilities holds a number.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
    uniform : ndarray of shape (n,)
        Numbers in [0, 1).
    """
    cumulative = np.cumsum(probabilities, axis=1)
    chosen = (cumulative <= (uniform * cumulative[:, -1])[:, None]).sum(axis=1)
    # The last class of positive probability, if the product was rounded up to the sum.
    last = probabilities.shape[1] - 1 - (probabilities[:, ::-1] > 0).argmax(axis=1)
    return np.minimum(chosen, last)


def draw_sequences(advance, probabilities, state, *, stop, max_length, draw):
    """Draw the continuations of sequences; each one leaves the batch when it has ended.

    Parameters
    ----------
    advance : callable
        ``advance(codes, state)`` returns the probabilities of the next symbols, of shape
        (n, n_classes), and the next state.
    probabilities : ndarray of shape (n, n_classes)
        Those of the first symbol that is drawn.
    state : tuple of ndarray
        The state of the network before it, with one row per sequence.
    stop : int
        The code that ends a sequence.
    max_length : int
        The largest number of symbols of a continuation.
    draw : callable
        ``draw(probabilities, t, rows)`` returns one code for each of the sequences `rows`.

    Returns
    -------
    list of int ndarray of shape (T_i,)
    """
    n = len(probabilities)
    rows, columns = np.arange(n), []
    for t in range(max_length):
        drawn = draw(probabilities, t, rows)
        continues = drawn != stop
        if not continues.all():
            rows, drawn = rows[continues], drawn[continues]
            state = tuple(array[continues] for array in state)
        columns.append((rows, drawn))
        if not len(rows) or t + 1 == max_length:
            break
        probabilities, state = advance(drawn, state)
    table = np.full((n, len(columns)), stop)
    for t, (rows, drawn) in enumerate(columns):
        table[rows, t] = drawn
    return [row[row != stop] for row in table]
