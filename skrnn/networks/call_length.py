"""The number of batches per call to the device."""

# Ctrl-C, callbacks and the predictions of other fits wait for the end of a call, and each call has
# a fixed cost.
SECONDS_PER_CALL = 0.2


class CallLength:
    """The number of batches of a call, which is learned from the duration of the last one.

    Parameters
    ----------
    first : int
        The number of batches of a call before a duration is known.
    """

    def __init__(self, first):
        self._first, self._seconds_per_batch = first, None

    def note(self, n_batches, seconds):
        """Learn from the duration of a call that did not compile."""
        self._seconds_per_batch = seconds / n_batches

    def n_batches(self):
        """Return the number of batches that the next call should run."""
        if self._seconds_per_batch is None:
            return self._first
        return max(1, int(SECONDS_PER_CALL / self._seconds_per_batch))
