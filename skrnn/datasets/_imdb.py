"""Film reviews and whether they are positive: long texts with one target per text."""

import csv
import re
import tarfile
import zlib
from lzma import LZMAError
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skrnn._sklearn import StrOptions
from skrnn.datasets._files import (
    RemoteFile,
    check_not_empty,
    data_folders,
    download,
    explain_failure,
    find_file,
    temporary_path,
)
from skrnn.datasets._loader import labelled_data, validate_loader

# The SHA-256 is published in the repository of TensorFlow Datasets, in the file
# tensorflow_datasets/url_checksums/imdb_reviews.txt.
_ARCHIVE = RemoteFile(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
_COLUMNS = {"label": np.int64, "rating": np.int64, "id": np.int64, "text": str}
_LABELS = ("neg", "pos")  # the names of the folders of the classes 0 and 1
_SUBSETS = ("train", "test")
_EACH = 12_500  # reviews per class and subset
_FILE_NAME = re.compile(r"(?P<id>\d+)_(?P<rating>\d+)\.txt")
_MEMBER = re.compile(rf"aclImdb/(?P<subset>train|test)/(?P<label>neg|pos)/{_FILE_NAME.pattern}")
# The default of pandas takes eight times as long, for files that are a quarter smaller.
_XZ = {"method": "xz", "preset": 1}

_DESCR = """\
Large Movie Review Dataset (IMDB)
=================================

50,000 film reviews in English from the Internet Movie Database, each positive or negative.

:Number of reviews: 25,000 for training and 25,000 for testing; each 12,500 positive and 12,500
    negative
:Text: as in the source, with ``<br />`` for a new line
:Target: 0 negative (1 to 4 of 10 stars), 1 positive (7 to 10 stars); `rating` is the number of
    stars
:Missing values: none

No film has more than 30 reviews, and no film has reviews in both sets. Some texts are repeated: 96
texts of the training set and 199 of the test set are equal to an earlier text of the same set, and
123 more are in both sets.

Source: https://ai.stanford.edu/~amaas/data/sentiment/. The authors do not state a licence, but ask
users of the data to cite Maas et al.: Learning Word Vectors for Sentiment Analysis. Proceedings of
the 49th Annual Meeting of the Association for Computational Linguistics: Human Language
Technologies, 2011, pages 142-150.
"""


@validate_loader(
    subset=[StrOptions({*_SUBSETS, "all"})],
    shuffle=["boolean"],
    random_state=["random_state"],
    return_X_y=["boolean"],
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

    If the reviews are not in the local folder, the archive of the authors (84 MB) is downloaded,
    and its labelled reviews are stored in the folder.

    =================   =====================
    Classes                                 2
    Reviews per class    12,500 in each subset
    Reviews                            50,000
    Features                             text
    =================   =====================

    Parameters
    ----------
    {data_home}
        This folder or its subfolder `imdb` contains the reviews in one of these forms:

        - The files `imdb_train.csv.xz` and `imdb_test.csv.xz` (or `.csv`), with the columns `label`
          (0 or 1), `rating`, `id` and `text`. This is the form in which a download is stored.
        - The unpacked archive `aclImdb` or its contents, in which for example `train/neg/0_3.txt`
          is a review with the id 0 and the rating 3.

    subset : {"train", "test", "all"}, default="train"
        Which part of the official split to load. If `"all"`, the test set is appended to the
        training set before shuffling.

    shuffle : bool, default=True
        Whether to shuffle the reviews. If False, the negative reviews come first, and the reviews
        of each class are sorted by `id`, for every form of the data.

    random_state : int, RandomState instance or None, default=42
        Controls the shuffling. Pass an int for the same order in every call. Only used if
        ``shuffle=True``.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of str
            The texts of the source, with ``<br />`` for a new line, and including repeated texts.
        target : ndarray of int of shape (n_reviews,)
            The class of each review, 0 for negative and 1 for positive.
        target_names : list of str
            The names of the classes.
        rating : ndarray of int of shape (n_reviews,)
            The number of stars of each review, 1 to 4 or 7 to 10.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list of reviews and the array of targets.

    Raises
    ------
    OSError
        If the reviews are not in the folder and `download_if_missing=False`, or if the download
        fails.

    ValueError
        If a local file does not have one of the forms above, or if files are missing.

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
    return labelled_data(
        reviews["text"].tolist(),
        reviews["label"].to_numpy(copy=True),
        return_X_y=return_X_y,
        target_names=["negative", "positive"],
        rating=reviews["rating"].to_numpy(copy=True),
        DESCR=_DESCR,
    )


def _load_subsets(data_home, subsets, download_if_missing):
    """Return one table per subset, from local files if they exist, else from the archive."""
    folders = data_folders(data_home, "imdb")
    tables = {subset: _read_local(folders, subset) for subset in subsets}
    missing = [subset for subset, table in tables.items() if table is None]
    if not missing:
        return list(tables.values())
    advice = (
        "To load the data without the network, put imdb_train.csv.xz and imdb_test.csv.xz, or the "
        f"unpacked folder aclImdb, into {folders[0]}."
    )
    if not download_if_missing:
        raise OSError(
            f"The IMDB reviews ({' and '.join(missing)}) are not in {folders[0]}, and "
            f"download_if_missing=False. Their source is {_ARCHIVE.url}. {advice}"
        )
    with explain_failure(_ARCHIVE, advice):
        fetched = _download_reviews(folders)
    return [fetched[subset] if subset in missing else tables[subset] for subset in subsets]


def _read_local(folders, subset):
    """Return the reviews of a subset from local files, or None if there are none."""
    path = find_file(folders, [f"imdb_{subset}.csv.xz", f"imdb_{subset}.csv"])
    if path is not None:
        return _read_csv(path)
    parents = [parent for folder in folders for parent in (folder / "aclImdb", folder)]
    tables = (_read_tree(parent / subset) for parent in parents)
    return next((table for table in tables if table is not None), None)


def _read_csv(path):
    try:
        # keep_default_na=False, because the text of a review may be "NA". pandas checks whether a
        # cast to integers was exact, but only after NumPy has warned.
        with np.errstate(invalid="ignore"):
            table = pd.read_csv(path, usecols=list(_COLUMNS), dtype=_COLUMNS, keep_default_na=False)
        if not table["label"].isin([0, 1]).all():
            raise ValueError("a label is neither 0 nor 1")
        check_not_empty(table, "it", "review")
    except (ValueError, OverflowError, EOFError, LZMAError) as error:
        raise ValueError(
            f"{path} is not a table of IMDB reviews with the columns label (0 or 1), rating, id "
            f"and text: {error}"
        ) from error
    return _sorted(table)


def _read_tree(folder):
    """Return the reviews in the subfolders neg and pos, or None if one of them has no reviews.

    Raises
    ------
    ValueError
        If there are fewer reviews than in the archive, or if a file is not a text file in UTF-8.
    """
    rows = [
        (label, match["rating"], match["id"], _decoded(path.read_bytes(), path))
        for label, name in enumerate(_LABELS)
        for path in (folder / name).glob("*.txt")
        if (match := _FILE_NAME.fullmatch(path.name))
    ]
    counts = [sum(label == i for label, *_ in rows) for i in (0, 1)]
    if not all(counts):
        return None
    if min(counts) < _EACH:
        raise ValueError(
            f"{folder} has {counts[0]} reviews in neg and {counts[1]} in pos, expected {_EACH} in "
            "each. Was the archive unpacked completely?"
        )
    return _to_table(rows)


def _decoded(text, name):
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not a text file in UTF-8: {error}") from error


def _to_table(rows):
    """Return rows of (label, rating, id, text) as a table."""
    typed = [(label, int(rating), int(i), text) for label, rating, i, text in rows]
    return _sorted(pd.DataFrame(typed, columns=list(_COLUMNS)))


def _sorted(table):
    # Folders are listed in any order, but a seed must give the same reviews on every machine.
    return table.sort_values(["label", "id", "rating"], ignore_index=True)


def _download_reviews(folders):
    """Download the archive, and store the labelled reviews of each missing subset in a file."""
    folder = folders[0]
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".imdb-", dir=folder) as scratch:
        archive = Path(scratch) / "aclImdb_v1.tar.gz"
        download(_ARCHIVE, archive)
        try:
            tables = _read_archive(archive)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise OSError(f"it is not a complete tar archive ({error})") from error
    for subset, table in tables.items():
        if _read_local(folders, subset) is None:
            with temporary_path(folder / f"imdb_{subset}.csv.xz") as part:
                # All texts are quoted, because they may contain line ends of other systems.
                table.to_csv(part, index=False, compression=_XZ, quoting=csv.QUOTE_NONNUMERIC)
    return tables


def _read_archive(path):
    """Return the labelled reviews of the archive, one table per subset.

    The archive is read as a stream. No member is written to the disk, whatever its name is.
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
