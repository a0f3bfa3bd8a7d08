r"""Write target sequences with a decoder: greedily, by beam search, or a given number of vectors.

Sequences that have ended are left out, so that none waits for the longest one.
"""

import numpy as np

# The exponent of the length of a hypothesis (Y. Wu et al., "Google's neural machine translation
# system", 2016, section 7).
_LENGTH_EXPONENT = 0.6
# Sequences that have ended are removed once they are this fraction of all, because the states of
# the others are copied then.
_ENDED = 0.25


def greedy(decoder, state, max_length):
    """Return the likeliest token at each time step, given those before it.

    Parameters
    ----------
    decoder : NumpyDecoder
    state : DecoderState
        The state of n sequences before the first time step.
    max_length : int
        The largest number of tokens of a sequence.

    Returns
    -------
    tokens : ndarray of int of shape (n, max_length)
        The tokens of each sequence, filled with the stop token.
    lengths : ndarray of int of shape (n,)
        The number of tokens before the stop token.
    """
    n, stop = len(state), decoder.stop
    tokens, rows = np.full((n, max_length), stop), np.arange(n)
    previous, ended = decoder.first_inputs(n), np.zeros(n, bool)
    for t in range(max_length):
        outputs, state = decoder.advance(previous, state)
        previous = np.where(ended, stop, outputs.argmax(axis=1))
        tokens[rows, t] = previous
        ended = previous == stop
        if ended.all():
            break
        if ended.mean() >= _ENDED:
            live = np.flatnonzero(~ended)
            rows, previous, state, ended = rows[live], previous[live], state[live], ended[live]
    return tokens, (tokens != stop).sum(axis=1)


def beam_search(decoder, state, max_length, width):
    r"""Return the best of the token sequences that a beam search finds.

    At each time step, the `width` likeliest hypotheses are kept. A hypothesis :math:`y` that ends
    has the score :math:`\log p(y) / ((5 + n) / 6)^{0.6}`, where :math:`n` is the number of its
    tokens, the stop token included. The search for a sequence ends as soon as `width` of its
    hypotheses have ended.

    Parameters
    ----------
    decoder, state, max_length : as in `greedy`
    width : int

    Returns
    -------
    tokens, lengths : as in `greedy`
    """
    n, stop = len(state), decoder.stop
    search = _Beams(n, width, max_length, stop)
    state = state.select(np.repeat(np.arange(n), width), None)
    previous = decoder.first_inputs(n * width)
    for t in range(max_length):
        outputs, state = decoder.advance(previous, state)
        parents, previous, live = search.extend(np.log(np.maximum(outputs, 1e-38)), t)
        if not len(live):
            break
        state = state.select(parents, None if len(live) == len(outputs) // width else live)
    search.end_unfinished(max_length)
    return search.best, (search.best != stop).sum(axis=1)


class _Beams:
    """The hypotheses of a beam search over many sequences.

    Parameters
    ----------
    n, width, max_length, stop : int

    Attributes
    ----------
    rows : ndarray of int
        The indices of the sequences whose search has not ended.
    best : ndarray of int of shape (n, max_length)
        The best hypothesis of each sequence that has ended so far, filled with the stop token.
    """

    def __init__(self, n, width, max_length, stop):
        self._width, self._stop, self.rows = width, stop, np.arange(n)
        self.best, self._best_score = np.full((n, max_length), stop), np.full(n, -np.inf)
        self._n_ended = np.zeros(n, int)
        self._tokens = np.full((n, width, max_length), stop)
        # At first, all hypotheses of a sequence are equal, so only one of them counts.
        self._log_p = np.full((n, width), -np.inf)
        self._log_p[:, 0] = 0

    def extend(self, log_p, t):
        """Extend each hypothesis by one token.

        Parameters
        ----------
        log_p : ndarray of shape (n_rows * width, n_tokens)
            The logarithms of the probabilities of the next token.
        t : int
            The time step.

        Returns
        -------
        parents : ndarray of int
            The row of `log_p` that each of the new hypotheses extends.
        last : ndarray of int
            Their last tokens.
        live : ndarray of int
            The indices in the earlier `rows` of the sequences whose search has not ended.
        """
        n, width, n_tokens = len(self.rows), self._width, log_p.shape[1]
        total = (self._log_p[:, :, None] + log_p.reshape(n, width, n_tokens)).reshape(n, -1)
        # At most half of these end, as each hypothesis can only end in one way.
        order = _largest(total, min(2 * width, total.shape[1]))
        parent, token = np.divmod(order, n_tokens)
        scores = np.take_along_axis(total, order, axis=1)
        ends = token == self._stop
        # Only those that would be kept may end: with a width of one, the likeliest token decides.
        ended = ends & (np.arange(order.shape[1]) < width) & (scores > -np.inf)
        for i, j in zip(*np.nonzero(ended), strict=True):
            self._end(i, self._tokens[i, parent[i, j]], scores[i, j], t + 1)
        kept = np.argsort(ends, axis=1, kind="stable")[:, :width]
        rows = np.arange(n)[:, None]
        parent, token, scores = parent[rows, kept], token[rows, kept], scores[rows, kept]
        # A hypothesis that has ended is not continued, if there are not enough of others.
        self._log_p = np.where(token == self._stop, -np.inf, scores)
        self._tokens = self._tokens[rows, parent]
        self._tokens[:, :, t] = token
        live = np.flatnonzero(self._n_ended[self.rows] < width)
        parents = (rows * width + parent)[live].ravel()
        self.rows = self.rows[live]
        self._log_p, self._tokens = self._log_p[live], self._tokens[live]
        return parents, token[live].ravel(), live

    def end_unfinished(self, max_length):
        """End the hypotheses that have reached the largest number of tokens."""
        for i, scores in enumerate(self._log_p):
            for hypothesis, score in zip(self._tokens[i], scores, strict=True):
                self._end(i, hypothesis, score, max_length)

    def _end(self, i, hypothesis, log_p, n_tokens):
        row, score = self.rows[i], log_p / ((5 + n_tokens) / 6) ** _LENGTH_EXPONENT
        self._n_ended[row] += 1
        if score > self._best_score[row]:
            self.best[row], self._best_score[row] = hypothesis, score


def _largest(values, k):
    """Return the indices of the `k` largest values of each row, the largest first."""
    found = np.argpartition(-values, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(values, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def write_vectors(decoder, state, lengths, trained, known=None):
    """Return as many vectors as each sequence shall have.

    Parameters
    ----------
    decoder : NumpyDecoder
    state : DecoderState
        The state of n sequences before the first time step.
    lengths : ndarray of int of shape (n,)
    trained : ndarray of bool of shape (n_outputs,)
        Whether each target varied in training. The others are fed back as zeros.
    known : ndarray of shape (n, max(lengths), n_inputs) or None, default=None
        The known inputs at each time step of the target.

    Returns
    -------
    ndarray of shape (n, max(lengths), n_outputs)
        Whatever follows the last vector of a sequence is zero.
    """
    rows = np.argsort(-lengths, kind="stable")
    state, previous = state[rows], decoder.first_inputs(len(state))
    written = np.zeros((len(rows), int(lengths.max(initial=0)), previous.shape[1]), previous.dtype)
    for t in range(written.shape[1]):
        n_live = int((lengths > t).sum())
        if n_live < len(rows):
            rows, state, previous = rows[:n_live], state[:n_live], previous[:n_live]
        now = None if known is None else known[rows, t]
        outputs, state = decoder.advance(previous, state, now)
        written[rows, t] = outputs
        previous = outputs * trained
    return written
