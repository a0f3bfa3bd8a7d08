"""Utterances of nine speakers: short multivariate series of numbers, of unequal length."""

import os

import numpy as np
from sklearn.utils import Bunch

from skrnn._sklearn import StrOptions, validate_params
from skrnn.datasets._files import (
    RemoteFile,
    data_folders,
    find_or_download,
    read_text,
    require_some,
)

__all__ = ["fetch_japanese_vowels"]

_SOURCE = (
    "https://raw.githubusercontent.com/aeon-toolkit/aeon/v1.6.0/"
    "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"
)
_SHA256 = {
    "train": "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    "test": "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
}
_FILES = {
    subset: RemoteFile(_SOURCE.format(subset.upper()), sha256) for subset, sha256 in _SHA256.items()
}
_SPEAKERS = [str(number) for number in range(1, 10)]
_N_FEATURES = 12

_DESCR = """\
Japanese Vowels (UCI, and the UEA archive)
==========================================

Nine men say the Japanese vowels "ae" one after the other; who is it?

=======  ==========  =====  ==================
subset   utterances  steps  steps an utterance
=======  ==========  =====  ==================
train           270  4,274             7 to 26
test            370  5,687             7 to 29
=======  ==========  =====  ==================

:Features: 12 LPC cepstrum coefficients a step, as numbers
:Target: the speaker, of 9; 30 utterances each in train, 24 to 88 each in test
:Missing values: none

A step is a frame of 25.6 ms, 6.4 ms after the one before, of sound sampled at 10 kHz; linear
prediction of degree 12 makes a row of it. The split is the authors' own.

Source: https://archive.ics.uci.edu/dataset/128/japanese+vowels, in the files of the UEA archive,
https://www.timeseriesclassification.com, that come with aeon 1.6.0. The files state no licence.
Kudo, Toyama and Shimbo: Multidimensional curve classification using passing-through regions.
Pattern Recognition Letters 20, 1999.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({*_FILES, "all"})],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_japanese_vowels(
    *, data_home=None, subset="train", download_if_missing=True, return_X_y=False
):
    """Load 640 utterances of two vowels and the speaker of each (classification).

    Looks in a local folder first, else downloads the file of the subset (train 0.5 MB, test
    0.6 MB) and keeps it there.

    ================   ===================================
    Classes            9
    Utterances         270 train, 370 test
    Steps              7 to 26 train, 7 to 29 test
    Features           12, real
    ================   ===================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look in, and to keep a download in. None: see
        :func:`~skrnn.datasets.get_data_home`. It, or its subfolder `ucr_uea`, has
        `JapaneseVowels_TRAIN.ts` and `JapaneseVowels_TEST.ts`, in the archive's format `.ts`.

    subset : {"train", "test", "all"}, default="train"
        Which part of the authors' own split to load. `"all"`: the two in this order.

    download_if_missing : bool, default=True
        False: raise an OSError if a file is not in the folder.

    return_X_y : bool, default=False
        True: return `(data, target)` alone.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : list of ndarray of float64, each of shape (n_steps, 12)
            The utterances, in the order of the files: one speaker after the other.
        target : ndarray of int of shape (n_utterances,)
            The place of each speaker in `target_names`, 0 to 8.
        target_names : list of str of length 9
            The speakers as the archive calls them, "1" to "9".
        DESCR : str
            What the data are.

    (data, target) : tuple if `return_X_y=True`
        The list of utterances and the array of targets.

    Raises
    ------
    OSError
        If a file is not in the folder and cannot be, or must not be, downloaded.

    ValueError
        If a line of a file is not 12 rows of equally many finite numbers and a speaker, if a file
        holds no utterance, or if it is no text in UTF-8.

    References
    ----------
    Kudo, Toyama and Shimbo: Multidimensional curve classification using passing-through regions.
    Pattern Recognition Letters 20(11-13), 1103-1111, 1999.
    https://archive.ics.uci.edu/dataset/128/japanese+vowels (the files state no licence)

    Examples
    --------
    >>> from skrnn.datasets import fetch_japanese_vowels
    >>> train = fetch_japanese_vowels(subset="train")  # doctest: +SKIP
    >>> len(train.data), train.data[0].shape, train.data[1].shape  # doctest: +SKIP
    (270, (20, 12), (26, 12))
    >>> train.target_names[train.target[0]]  # doctest: +SKIP
    '1'
    """
    folders = data_folders(data_home, "ucr_uea")
    cases = []
    for part in _FILES if subset == "all" else [subset]:
        name = f"JapaneseVowels_{part.upper()}.ts"
        cases += _read_ts(find_or_download(folders, [name], _FILES[part], download_if_missing))
    data = [steps for steps, _ in cases]
    target = np.array([speaker for _, speaker in cases])
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, target_names=list(_SPEAKERS), DESCR=_DESCR)


def _read_ts(path):
    """Return the steps and the speaker of every case, which are the lines after `@data`."""
    lines = [line.strip() for line in read_text(path).split("\n")]
    start = next((place for place, line in enumerate(lines) if line.lower() == "@data"), None)
    if start is None:
        raise ValueError(f"{path} has no line @data, after which the format .ts has its cases.")
    cases = [
        _case(line, f"{path}, line {number}")
        for number, line in enumerate(lines[start + 1 :], start=start + 2)
        if line
    ]
    return require_some(cases, path, "utterance")


def _case(line, place):
    """Return the steps of a case, (n_steps, 12), and the place of its speaker.

    Examples
    --------
    >>> steps, speaker = _case("0.5,1.5:" * 12 + "9", "line 16")
    >>> steps.shape, speaker
    ((2, 12), 8)
    """
    *dimensions, label = line.split(":")
    if len(dimensions) != _N_FEATURES or label.strip() not in _SPEAKERS:
        raise ValueError(
            f"{place}: expected {_N_FEATURES} dimensions and a speaker, 1 to 9, parted by colons, "
            f"got {len(dimensions)} and {label.strip()[:20]!r}."
        )
    try:
        steps = np.array([dimension.split(",") for dimension in dimensions], dtype=np.float64).T
    except ValueError as error:
        raise ValueError(
            f"{place}: expected dimensions of equally many numbers, parted by commas: {error}"
        ) from error
    if not np.isfinite(steps).all():
        raise ValueError(f"{place}: expected finite numbers, got {steps[~np.isfinite(steps)][0]}.")
    return np.ascontiguousarray(steps), _SPEAKERS.index(label.strip())
