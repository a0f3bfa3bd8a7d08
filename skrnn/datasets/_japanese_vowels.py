"""Utterances of nine speakers: short multivariate series of different lengths."""

import numpy as np

from skrnn._sklearn import StrOptions
from skrnn.datasets._archive_files import read_ts, steps_of
from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import labelled_data, validate_loader

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

Nine men say the two Japanese vowels "ae". The target is the speaker.

=======  ==========  =====  ===================
subset   utterances  steps  steps per utterance
=======  ==========  =====  ===================
train           270  4,274              7 to 26
test            370  5,687              7 to 29
=======  ==========  =====  ===================

:Features: 12 LPC cepstrum coefficients per time step
:Target: one of 9 speakers; 30 utterances of each in train, 24 to 88 of each in test
:Missing values: none

A time step is a frame of 25.6 ms of sound sampled at 10 kHz. A frame starts 6.4 ms after the frame
before it, and its features come from a linear prediction of degree 12. The split is that of the
authors.

Source: https://archive.ics.uci.edu/dataset/128/japanese+vowels, in the files of the UEA archive,
https://www.timeseriesclassification.com, as distributed with aeon 1.6.0. The files do not state a
licence.
Kudo, Toyama and Shimbo: Multidimensional curve classification using passing-through regions.
Pattern Recognition Letters 20, 1999.
"""


@validate_loader(subset=[StrOptions({*_FILES, "all"})], return_X_y=["boolean"])
def fetch_japanese_vowels(
    *, data_home=None, subset="train", download_if_missing=True, return_X_y=False
):
    """Load 640 utterances of two vowels and the speaker of each (classification).

    The files (train 0.5 MB, test 0.6 MB) are downloaded if they are not in the local folder.

    ================   ===================================
    Classes            9
    Utterances         270 train, 370 test
    Time steps         7 to 26 train, 7 to 29 test
    Features           12, real
    ================   ===================================

    Parameters
    ----------
    {data_home}
        The files are `JapaneseVowels_TRAIN.ts` and `JapaneseVowels_TEST.ts`, or the same names with
        the suffix `.xz`, in this folder or in its subfolder `ucr_uea`, in the `.ts` format of the
        archive.

    subset : {"train", "test", "all"}, default="train"
        Which part of the split of the authors to load. If `"all"`, both parts are loaded, in this
        order.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of ndarray of float64, each of shape (n_steps, 12)
            The utterances, in the order of the files, sorted by speaker.
        target : ndarray of int of shape (n_utterances,)
            The speaker of each utterance, as an index of `target_names` from 0 to 8.
        target_names : list of str of length 9
            The names of the speakers in the archive, "1" to "9".
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list of utterances and the array of targets.

    Raises
    ------
    OSError
        If a file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If a line of a file does not consist of 12 equally long rows of finite numbers and a
        speaker, if a file contains no utterance, or if it is not a text file in UTF-8.

    References
    ----------
    Kudo, Toyama and Shimbo: Multidimensional curve classification using passing-through regions.
    Pattern Recognition Letters 20(11-13), 1103-1111, 1999.
    https://archive.ics.uci.edu/dataset/128/japanese+vowels (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_japanese_vowels
    >>> train = fetch_japanese_vowels(subset="train")  # doctest: +SKIP
    >>> len(train.data), train.data[0].shape, train.data[1].shape  # doctest: +SKIP
    (270, (20, 12), (26, 12))
    >>> train.target_names[train.target[0]]  # doctest: +SKIP
    '1'
    """
    cases = []
    for part in _FILES if subset == "all" else [subset]:
        name = f"JapaneseVowels_{part.upper()}.ts"
        path = find_or_download(data_home, "ucr_uea", name, _FILES[part], download_if_missing)
        cases += [_case(line, location) for location, line in read_ts(path, "utterance")[-1]]
    data = [steps for steps, _ in cases]
    target = np.array([speaker for _, speaker in cases])
    return labelled_data(
        data, target, return_X_y=return_X_y, target_names=list(_SPEAKERS), DESCR=_DESCR
    )


def _case(line, location):
    """Return the steps of an utterance, of shape (n_steps, 12), and the index of its speaker.

    Examples
    --------
    >>> steps, speaker = _case("0.5,1.5:" * 12 + "9", "line 16")
    >>> steps.shape, speaker
    ((2, 12), 8)
    """
    *dimensions, label = line.split(":")
    if len(dimensions) != _N_FEATURES or label.strip() not in _SPEAKERS:
        raise ValueError(
            f"{location}: expected {_N_FEATURES} dimensions and a speaker, 1 to 9, separated by "
            f"colons, got {len(dimensions)} dimensions and {label.strip()[:20]!r}."
        )
    steps = steps_of(dimensions, location)
    if not np.isfinite(steps).all():
        raise ValueError(
            f"{location}: expected finite numbers, got {steps[~np.isfinite(steps)][0]}."
        )
    return steps, _SPEAKERS.index(label.strip())
