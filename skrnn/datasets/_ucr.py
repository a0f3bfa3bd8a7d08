"""Any classification data set of the UCR and UEA archives, from files on the local disk."""

from itertools import chain

import numpy as np

from skrnn._sklearn import StrOptions
from skrnn.datasets._archive_files import read_ts, read_tsv, steps_of
from skrnn.datasets._files import data_folders, find_file
from skrnn.datasets._loader import labelled_data, validate_loader

_SOURCE = "https://www.timeseriesclassification.com"
_PARTS = {"train": ["TRAIN"], "test": ["TEST"], "all": ["TRAIN", "TEST"]}
_SUFFIXES = [".ts", ".ts.xz", ".tsv", ".tsv.xz"]


@validate_loader(name=[str], subset=[StrOptions(set(_PARTS))], return_X_y=["boolean"])
def load_ucr(name, *, data_home=None, subset="train", return_X_y=False):
    """Load a data set of the UCR or UEA archive of time series classification from local files.

    The archives contain more than 150 data sets. Each has an official split into a training and a
    test set, for which the results of many methods are published. This function does not download
    them, because their source does not publish checksums.

    Parameters
    ----------
    name : str
        The name of the data set in the archive, such as `"GunPoint"`.

    data_home : str or path-like, default=None
        The folder in which to look for the files. If None, the folder that
        :func:`~skrnn.datasets.get_data_home` returns. The files are `<name>_TRAIN.ts` and
        `<name>_TEST.ts`, or the same names with the suffix `.tsv`, each of which may be compressed
        (`.xz`). They are in this folder, in its subfolder `ucr_uea`, or in a subfolder `<name>` of
        one of the two, as in the archives.

    subset : {"train", "test", "all"}, default="train"
        Which part of the official split to load. If `"all"`, both parts are loaded, the training
        set first.

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of ndarray of float64, each of shape (n_steps, n_features)
            The series, in the order of the files. It is a list even if all series have the same
            length; in this case, ``np.stack(data)`` is an array of three dimensions. Missing values
            are NaN (see :class:`~skrnn.preprocessing.Interpolator`).
        target : ndarray of str of shape (n_series,)
            The class label of each series, as it is written in the file.
        DESCR : str
            The description at the beginning of the file. It is empty if there is none.

    (data, target) : tuple if `return_X_y=True`
        The list of series and the array of labels.

    Raises
    ------
    OSError
        If a file is not in the folder.

    ValueError
        If a line of a file is not a class label and a series of finite or missing numbers with the
        same number of features as the other series, if a file has time stamps or a numeric target
        instead of a class label, if it has no series, or if it is not a text file in UTF-8.

    Notes
    -----
    In a `.ts` file, a series has as many time steps as values. In a `.tsv` file, all rows have the
    same number of columns, and shorter series end with NaN, so that missing values after the last
    number of a row are not time steps.

    References
    ----------
    Dau et al.: The UCR Time Series Archive. IEEE/CAA Journal of Automatica Sinica 6(6), 1293-1305,
    2019. https://www.cs.ucr.edu/~eamonn/time_series_data_2018/

    Bagnall et al.: The UEA multivariate time series classification archive, 2018.
    arXiv:1811.00075. https://www.timeseriesclassification.com

    Examples
    --------
    >>> from skrnn.datasets import load_ucr
    >>> train = load_ucr("GunPoint", subset="train")  # doctest: +SKIP
    >>> len(train.data), train.data[0].shape  # doctest: +SKIP
    (50, (150, 1))
    >>> train.target[:5].tolist()  # doctest: +SKIP
    ['2', '2', '1', '1', '2']
    """
    parts = [_read(_find(data_home, name, part)) for part in _PARTS[subset]]
    cases = list(chain.from_iterable(part for _, part in parts))
    _check_features(cases, name)
    data = [steps for _, steps, _ in cases]
    target = np.array([label for _, _, label in cases])
    return labelled_data(data, target, return_X_y=return_X_y, DESCR=parts[0][0])


def _find(data_home, name, part):
    """Return the path of a file of a data set, or raise an error that names its source."""
    homes = data_folders(data_home, "ucr_uea")
    folders = [folder for home in homes for folder in (home, home / name)]
    path = find_file(folders, [f"{name}_{part}{suffix}" for suffix in _SUFFIXES])
    if path is None:
        raise OSError(
            f"{name}_{part}.ts and {name}_{part}.tsv are not in {homes[0]} or {homes[1]}. Download "
            f"the data set {name!r} from {_SOURCE} and put its files into one of these folders, or "
            "pass their folder as data_home or in the environment variable SKRNN_DATA."
        )
    return path


def _read(path):
    """Return the description of a file and its series: location, steps and label of each."""
    if ".tsv" in path.suffixes:
        return "", [_case_of_tsv(*line) for line in read_tsv(path, "series")]
    comment, header, lines = read_ts(path, "series")
    _check_header(header, path)
    return comment, [_case_of_ts(*line) for line in lines]


def _check_header(header, path):
    """Raise an error for a file whose lines are not features and a class label."""
    if header.get("timestamps") == ["true"]:
        raise ValueError(f"{path} has time stamps (@timeStamps true), which are not supported.")
    if header.get("targetlabel") == ["true"] or header.get("classlabel") == ["false"]:
        raise ValueError(f"{path} has no class labels: expected @classLabel true in its header.")


def _case_of_ts(location, line):
    """Return the location, the steps and the label of a line of a `.ts` file.

    Examples
    --------
    >>> _case_of_ts("line 16", "0.5,?:1,2:left")
    ('line 16', array([[0.5, 1. ],
           [nan, 2. ]]), 'left')
    """
    *dimensions, label = line.split(":")
    if not dimensions or not label.strip():
        raise ValueError(
            f"{location}: expected the values of each feature and a class label, separated by "
            f"colons, got {line[:40]!r}."
        )
    steps = steps_of([dimension.replace("?", "nan") for dimension in dimensions], location)
    return location, _without_infinite(steps, location), label.strip()


def _case_of_tsv(location, line):
    r"""Return the location, the steps and the label of a line of a `.tsv` file.

    Examples
    --------
    >>> _case_of_tsv("line 1", "left\t0.5\t1.5\tNaN")
    ('line 1', array([[0.5],
           [1.5]]), 'left')
    """
    label, *values = line.split("\t")
    try:
        steps = np.array(values, dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            f"{location}: expected a class label and numbers separated by tabs: {error}"
        ) from error
    known = np.flatnonzero(~np.isnan(steps))
    if not label.strip() or not len(known):
        raise ValueError(
            f"{location}: expected a class label and at least one number, separated by tabs, got "
            f"{line[:40]!r}."
        )
    return location, _without_infinite(steps[: known[-1] + 1, None], location), label.strip()


def _without_infinite(steps, location):
    """Return the steps unchanged if none of them is infinite."""
    if np.isinf(steps).any():
        raise ValueError(
            f"{location}: expected finite or missing numbers, got {steps[np.isinf(steps)][0]}."
        )
    return steps


def _check_features(cases, name):
    """Raise an error if the series do not have the same number of features."""
    expected = cases[0][1].shape[1]
    for location, steps, _ in cases:
        if steps.shape[1] != expected:
            raise ValueError(
                f"{location}: expected {expected} feature(s) as in the first series of {name!r}, "
                f"got {steps.shape[1]}."
            )
