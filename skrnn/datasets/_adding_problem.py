"""The adding problem: labelled sequences that need a memory of most of their length."""

from numbers import Integral

import numpy as np

from skrnn._fitting import generator
from skrnn._sklearn import Interval, validate_params

_LARGEST = 2**31 - 1


@validate_params(
    {
        "n_sequences": [Interval(Integral, 1, _LARGEST, closed="both")],
        "n_steps": [Interval(Integral, 2, _LARGEST, closed="both")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_adding_problem(n_sequences=1000, *, n_steps=50, random_state=None):
    """Generate sequences in which two numbers are marked, and the sums of the marked numbers.

    The first feature of a time step is a number that is drawn from the uniform distribution on
    [0, 1). The second feature is 1 at one time step of each half of the sequence, and 0 at all
    others. The target is the sum of the two marked numbers [1]_ [2]_. The time steps of the marks
    are drawn from the uniform distribution too, so that a model has to remember the first number
    for half of the sequence on average.

    Parameters
    ----------
    n_sequences : int, default=1000
        The number of sequences.
    n_steps : int >= 2, default=50
        The number of time steps of each sequence. The task is harder for larger numbers.
    random_state : int, RandomState instance or None, default=None
        Controls the numbers and the time steps of the marks. Pass an int for the same data in every
        call.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, 2)
        The sequences.
    y : ndarray of shape (n_sequences,)
        The sums. A model that always predicts their mean, which is 1, has a mean squared error of
        1/6.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory",
       Neural Computation 9, 1997.
    .. [2] Q. V. Le, N. Jaitly, G. E. Hinton, "A simple way to initialize recurrent networks of
       rectified linear units", arXiv:1504.00941, 2015.

    Examples
    --------
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(100, n_steps=20, random_state=0)
    >>> X.shape, y.shape
    ((100, 20, 2), (100,))
    >>> numbers, marks = X[0].T
    >>> bool(numbers[marks == 1].sum() == y[0])
    True
    """
    # NumPy does not accept True as a size, although it is an integer.
    n_sequences, n_steps = int(n_sequences), int(n_steps)
    rng = generator(random_state)
    numbers = rng.uniform(size=(n_sequences, n_steps))
    first = rng.integers(n_steps // 2, size=n_sequences)
    second = rng.integers(n_steps // 2, n_steps, size=n_sequences)
    marks, rows = np.zeros_like(numbers), np.arange(n_sequences)
    marks[rows, first] = marks[rows, second] = 1
    return np.stack([numbers, marks], axis=2), numbers[rows, first] + numbers[rows, second]
