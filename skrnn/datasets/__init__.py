"""Data of the examples: loaders of public data, and makers of series.

Loaders look in a local folder first, else at the public source, checked and kept. They take
scikit-learn's form: keyword arguments in, a `Bunch` out. Makers return arrays.
"""

from skrnn.datasets._files import get_data_home
from skrnn.datasets._imdb import fetch_imdb
from skrnn.datasets._japanese_vowels import fetch_japanese_vowels
from skrnn.datasets._makers import make_lorenz, make_mackey_glass, make_memory_task, make_narma
from skrnn.datasets._names import fetch_names
from skrnn.datasets._sequoia import fetch_sequoia

__all__ = [
    "fetch_imdb",
    "fetch_japanese_vowels",
    "fetch_names",
    "fetch_sequoia",
    "get_data_home",
    "make_lorenz",
    "make_mackey_glass",
    "make_memory_task",
    "make_narma",
]
