"""Data sets of the examples: loaders of public data, and generators of synthetic series.

A loader (`fetch_*`) reads a local copy of the data if there is one. Otherwise it downloads the data
from their public source, checks them, and stores them; `load_ucr` only reads local files. Like
scikit-learn's loaders, they return a `Bunch`. A generator (`make_*`) returns arrays.
"""

from skrnn.datasets._adding_problem import make_adding_problem
from skrnn.datasets._airline import fetch_airline_passengers
from skrnn.datasets._beijing_pm25 import fetch_beijing_pm25
from skrnn.datasets._churn import fetch_churn
from skrnn.datasets._credit_card import fetch_credit_card
from skrnn.datasets._files import get_data_home
from skrnn.datasets._google_stock import fetch_google_stock
from skrnn.datasets._imdb import fetch_imdb
from skrnn.datasets._japanese_vowels import fetch_japanese_vowels
from skrnn.datasets._ladybug import make_ladybug
from skrnn.datasets._makers import make_lorenz, make_mackey_glass, make_memory_task, make_narma
from skrnn.datasets._multi30k import fetch_multi30k
from skrnn.datasets._names import fetch_names
from skrnn.datasets._sequoia import fetch_sequoia
from skrnn.datasets._sms_spam import fetch_sms_spam
from skrnn.datasets._synop import fetch_synop
from skrnn.datasets._tatoeba import fetch_tatoeba
from skrnn.datasets._tiny_shakespeare import fetch_tiny_shakespeare
from skrnn.datasets._ucr import load_ucr

__all__ = [
    "fetch_airline_passengers",
    "fetch_beijing_pm25",
    "fetch_churn",
    "fetch_credit_card",
    "fetch_google_stock",
    "fetch_imdb",
    "fetch_japanese_vowels",
    "fetch_multi30k",
    "fetch_names",
    "fetch_sequoia",
    "fetch_sms_spam",
    "fetch_synop",
    "fetch_tatoeba",
    "fetch_tiny_shakespeare",
    "get_data_home",
    "load_ucr",
    "make_adding_problem",
    "make_ladybug",
    "make_lorenz",
    "make_mackey_glass",
    "make_memory_task",
    "make_narma",
]
