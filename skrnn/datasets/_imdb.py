"""Film reviews and whether they are positive: one target a text, the texts long."""

import csv
import os
import re
import tarfile
from lzma import LZMAError
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from skrnn._sklearn import StrOptions, validate_params
from skrnn.datasets._files import (
    RemoteFile,
    data_folders,
    download,
    explain_failure,
    find_file,
    replacing,
    require_some,
)

__all__ = ["fetch_imdb"]

# The SHA-256 is the one that TensorFlow Datasets publishes for this archive, in its repository's
# tensorflow_datasets/url_checksums/imdb_reviews.txt.
_ARCHIVE = RemoteFile(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
_COLUMNS = {"label": np.int64, "rating": np.int64, "id": np.int64, "text": str}
_LABELS = ("neg", "pos")  # the folders of the classes 0 and 1
_SUBSETS = ("train", "test")
_EACH = 12_500  # reviews of a class in a subset
_FILE_NAME = re.compile(r"(?P<id>\d+)_(?P<rating>\d+)\.txt")
_MEMBER = re.compile(rf"aclImdb/(?P<subset>train|test)/(?P<label>neg|pos)/{_FILE_NAME.pattern}")
# pandas' default takes eight times as long for files a quarter smaller.
_XZ = {"method": "xz", "preset": 1}

_DESCR = """\
Large Movie Review Dataset (IMDB)
=================================

50,000 film reviews in English from the Internet Movie Database, and whether each is positive.

:Number of reviews: 25,000 for training and 25,000 for testing; each 12,500 positive and 12,500
    negative
:Text: as in the source, with ``<br />`` for a new line
:Target: 0 negative (1 to 4 of 10 stars), 1 positive (7 to 10 stars); `rating` has the stars
:Missing values: none

No film has more than 30 reviews, and none has reviews in both parts. Some texts came in twice: 96
of the training set and 199 of the test set repeat an earlier text of their set, and 123 more are in
both sets.

Source: https://ai.stanford.edu/~amaas/data/sentiment/. The authors state no licence; who uses the
data is asked to cite Maas et al.: Learning Word Vectors for Sentiment Analysis. Proceedings of the
49th Annual Meeting of the Association for Computational Linguistics: Human Language Technologies,
2011, pages 142-150.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({*_SUBSETS, "all"})],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_imdb(
    *,
    data_home=None,
    subset="train",
    shuffle=True,
    random_state=42,
    download_if_missing=True,
    return_X_y=False,
):
    """Load the IMDB film reviews, 25,000 for training and 25,000 for testing (classification).

    Looks in a local folder first, else downloads the archive of the authors (84 MB) and keeps
    its labelled reviews there.

    =================   =====================
    Classes                                 2
    Reviews a class      12,500 in each subset
    Reviews                            50,000
    Features                             text
    =================   =====================

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look in, and to keep a download in. None: see
        :func:`~skrnn.datasets.get_data_home`. It, or its subfolder `imdb`, has

        - `imdb_train.csv.xz` and `imdb_test.csv.xz` (or `.csv`), of the columns `label` (0 or 1),
          `rating`, `id` and `text`: what a download leaves there, or
        - the unpacked archive `aclImdb` or its contents: `train/neg/0_3.txt` is a review of the id
          0 and the rating 3.

    subset : {"train", "test", "all"}, default="train"
        Which part of the official split to load. `"all"`: the training set, then the test set,
        before any shuffling.

    shuffle : bool, default=True
        Whether to shuffle the reviews. False: the negative ones first, each class by `id`,
        wherever they are read from.

    random_state : int, RandomState instance or None, default=42
        The seed of the shuffling.

    download_if_missing : bool, default=True
        False: raise an OSError if the reviews are not in the folder.

    return_X_y : bool, default=False
        True: return `(data, target)` alone.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : list of str
            The reviews, with ``<br />`` for a new line and texts that occur twice, as in the
            source.
        target : ndarray of int of shape (n_reviews,)
            0 negative, 1 positive.
        target_names : list of str
            The names of the classes.
        rating : ndarray of int of shape (n_reviews,)
            The stars that go with the review, 1 to 4 or 7 to 10.
        DESCR : str
            What the data are.

    (data, target) : tuple if `return_X_y=True`
        The list of reviews and the array of targets.

    Raises
    ------
    OSError
        If the reviews are not in the folder and cannot be, or must not be, downloaded.

    ValueError
        If a local file is not in the form above, or if there are too few of them.

    References
    ----------
    Maas, Daly, Pham, Huang, Ng and Potts: Learning Word Vectors for Sentiment Analysis. ACL 2011,
    pages 142-150. https://ai.stanford.edu/~amaas/data/sentiment/ (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_imdb
    >>> reviews = fetch_imdb(subset="train", shuffle=False)  # doctest: +SKIP
    >>> reviews.target_names, len(reviews.data)  # doctest: +SKIP
    (['negative', 'positive'], 25000)
    >>> reviews.data[0][:47]  # doctest: +SKIP
    'Story of a man who has unnatural feelings for a'
    >>> int(reviews.target[0]), int(reviews.rating[0])  # doctest: +SKIP
    (0, 3)
    """
    subsets = _SUBSETS if subset == "all" else (subset,)
    reviews = pd.concat(_load_subsets(data_home, subsets, download_if_missing))
    if shuffle:
        order = np.arange(len(reviews))
        check_random_state(random_state).shuffle(order)
        reviews = reviews.iloc[order]
    data, target = reviews["text"].tolist(), reviews["label"].to_numpy(copy=True)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=["negative", "positive"],
        rating=reviews["rating"].to_numpy(copy=True),
        DESCR=_DESCR,
    )


def _load_subsets(data_home, subsets, download_if_missing):
    """Return a table a subset: the local one, else the one of the archive."""
    folders = data_folders(data_home, "imdb")
    tables = {subset: _read_local(folders, subset) for subset in subsets}
    missing = [subset for subset, table in tables.items() if table is None]
    if not missing:
        return list(tables.values())
    by_hand = (
        "To do without the network, put imdb_train.csv.xz and imdb_test.csv.xz, or the unpacked "
        f"folder aclImdb, into {folders[0]}."
    )
    if not download_if_missing:
        raise OSError(
            f"The IMDB reviews ({' and '.join(missing)}) are not in {folders[0]}, and "
            f"download_if_missing=False. Their source is {_ARCHIVE.url}. {by_hand}"
        )
    with explain_failure(_ARCHIVE, by_hand):
        fetched = _download_reviews(folders)
    return [fetched[subset] if subset in missing else tables[subset] for subset in subsets]


def _read_local(folders, subset):
    """Return the reviews of a subset in whichever layout is found first, or None."""
    path = find_file(folders, [f"imdb_{subset}.csv.xz", f"imdb_{subset}.csv"])
    if path is not None:
        return _read_csv(path)
    parents = [parent for folder in folders for parent in (folder / "aclImdb", folder)]
    tables = (_read_tree(parent / subset) for parent in parents)
    return next((table for table in tables if table is not None), None)


def _read_csv(path):
    try:
        # A review may be the word "NA".
        table = pd.read_csv(path, usecols=list(_COLUMNS), dtype=_COLUMNS, keep_default_na=False)
        if not table["label"].isin([0, 1]).all():
            raise ValueError("a label is neither 0 nor 1")
        require_some(table, "it", "review")
    except (ValueError, EOFError, LZMAError) as error:
        raise ValueError(
            f"{path} is not a table of IMDB reviews with the columns label (0 or 1), rating, id "
            f"and text: {error}"
        ) from error
    return _in_order(table)


def _read_tree(folder):
    """Return the reviews in the subfolders neg and pos, or None if one of them has no review.

    Raises
    ------
    ValueError
        If there are fewer than in the archive, or if one is no text in UTF-8.
    """
    rows = [
        (label, match["rating"], match["id"], _decoded(path.read_bytes(), path))
        for label, name in enumerate(_LABELS)
        for path in (folder / name).glob("*.txt")
        if (match := _FILE_NAME.fullmatch(path.name))
    ]
    counts = [sum(label == one for one, *_ in rows) for label in (0, 1)]
    if not all(counts):
        return None
    if min(counts) < _EACH:
        raise ValueError(
            f"{folder} has {counts[0]} reviews in neg and {counts[1]} in pos, expected {_EACH} in "
            "each: was the archive unpacked to its end?"
        )
    return _to_table(rows)


def _decoded(text, name):
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is no text in UTF-8: {error}") from error


def _to_table(rows):
    """Return rows of (label, rating, id, text) as a table."""
    typed = [(label, int(rating), int(i), text) for label, rating, i, text in rows]
    return _in_order(pd.DataFrame(typed, columns=list(_COLUMNS)))


def _in_order(table):
    # Files of a folder come in any order, and a seed must mean the same reviews everywhere.
    return table.sort_values(["label", "id", "rating"], ignore_index=True)


def _download_reviews(folders):
    """Download the archive and keep the labelled reviews that are not there, a file a subset."""
    folder = folders[0]
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".imdb-", dir=folder) as scratch:
        archive = Path(scratch) / "aclImdb_v1.tar.gz"
        download(_ARCHIVE, archive)
        tables = _read_archive(archive)
    for subset, table in tables.items():
        if _read_local(folders, subset) is None:
            with replacing(folder / f"imdb_{subset}.csv.xz") as part:
                # Every text in quotes: one may have a line end of another system in it.
                table.to_csv(part, index=False, compression=_XZ, quoting=csv.QUOTE_NONNUMERIC)
    return tables


def _read_archive(path):
    """Return the labelled reviews of the archive, a table a subset.

    They are read as they pass: no member is written to the disk, whatever its name.
    """
    rows = {subset: [] for subset in _SUBSETS}
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            match = _MEMBER.fullmatch(member.name)
            if match and member.isfile():
                text = _decoded(archive.extractfile(member).read(), member.name)
                label = _LABELS.index(match["label"])
                rows[match["subset"]].append((label, match["rating"], match["id"], text))
    return {subset: _to_table(rows[subset]) for subset in _SUBSETS}
