"""Data of the examples: loaders of public data, and makers of series.

Loaders look in a local folder first, else at the public source, checked and kept. They take
scikit-learn's form: keyword arguments in, a `Bunch` out. Makers return arrays.
"""

from skrnn.datasets._airline import fetch_airline_passengers
from skrnn.datasets._beijing_pm25 import fetch_beijing_pm25
from skrnn.datasets._files import get_data_home
from skrnn.datasets._imdb import fetch_imdb
from skrnn.datasets._japanese_vowels import fetch_japanese_vowels
from skrnn.datasets._ladybug import make_ladybug
from skrnn.datasets._makers import make_lorenz, make_mackey_glass, make_memory_task, make_narma
from skrnn.datasets._names import fetch_names
from skrnn.datasets._sequoia import fetch_sequoia
from skrnn.datasets._synop import fetch_synop

__all__ = [
    "fetch_airline_passengers",
    "fetch_beijing_pm25",
    "fetch_imdb",
    "fetch_japanese_vowels",
    "fetch_names",
    "fetch_sequoia",
    "fetch_synop",
    "get_data_home",
    "make_ladybug",
    "make_lorenz",
    "make_mackey_glass",
    "make_memory_task",
    "make_narma",
]
