"""Data of the examples: a local folder first, else the public source, checked and kept.

The loaders take scikit-learn's form: keyword arguments in, a `Bunch` out.
"""

from skrnn.datasets._files import get_data_home
from skrnn.datasets._imdb import fetch_imdb
from skrnn.datasets._names import fetch_names
from skrnn.datasets._sequoia import fetch_sequoia

__all__ = ["fetch_imdb", "fetch_names", "fetch_sequoia", "get_data_home"]
