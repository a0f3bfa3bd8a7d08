"""Surnames and their languages: short sequences of characters, with imbalanced classes."""

from itertools import chain

import numpy as np

from skrnn.datasets._files import (
    RemoteFile,
    check_not_empty,
    find_or_download,
    read_text,
)
from skrnn.datasets._loader import labelled_data, validate_loader

_SOURCE = (
    "https://raw.githubusercontent.com/spro/practical-pytorch/"
    "c520c52e68e945d88fff563dba1c028b6ec0197b/data/names/{}.txt"
)
_SHA256 = {
    "Arabic": "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc",
    "Chinese": "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465",
    "Czech": "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7",
    "Dutch": "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3",
    "English": "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2",
    "French": "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95",
    "German": "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db",
    "Greek": "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6",
    "Irish": "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058",
    "Italian": "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4",
    "Japanese": "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f",
    "Korean": "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136",
    "Polish": "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826",
    "Portuguese": "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53",
    "Russian": "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c",
    "Scottish": "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd",
    "Spanish": "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7",
    "Vietnamese": "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d",
}
_FILES = {
    language: RemoteFile(_SOURCE.format(language), sha256) for language, sha256 in _SHA256.items()
}

_DESCR = """\
Surnames of 18 languages
========================

:Number of names: 20,050, of which 17,450 are distinct
:Text: surnames, most of them transcribed to Latin letters; a few have accents
:Target: one of 18 languages, from 9,384 Russian to 73 Vietnamese names
:Missing values: none

469 names occur in several languages. Some names occur many times: there are only 108 distinct names
among the 2,000 Arabic ones. To keep equal names out of different folds of a cross-validation, pass
the names as groups.

Source: the data of "Classifying Names with a Character-Level RNN" in Sean Robertson's Practical
PyTorch, https://github.com/spro/practical-pytorch, under the MIT licence.
"""


@validate_loader(return_X_y=["boolean"])
def fetch_names(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load 20,050 surnames and the language of each (classification).

    The files (170 kB) are downloaded if they are not in the local folder.

    =================   ============
    Classes                       18
    Names per class      73 to 9,384
    Names                     20,050
    Features                    text
    =================   ============

    Parameters
    ----------
    {data_home}
        There is one file per language, `Arabic.txt` to `Vietnamese.txt`, or the same names with the
        suffix `.xz`, in this folder or in its subfolder `names`. Each line of a file is a name.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of str
            The names, without surrounding white space, sorted by language.
        target : ndarray of int of shape (n_names,)
            The language of each name, as an index of `target_names`.
        target_names : list of str of length 18
            The languages, in English and in alphabetical order.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list of names and the array of targets.

    Raises
    ------
    OSError
        If a file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If a file contains no name, or is not a text file in UTF-8.

    References
    ----------
    Sean Robertson: Practical PyTorch. https://github.com/spro/practical-pytorch (MIT licence)

    Examples
    --------
    >>> from skrnn.datasets import fetch_names
    >>> names = fetch_names()  # doctest: +SKIP
    >>> len(names.data), names.data[0], names.target_names[names.target[0]]  # doctest: +SKIP
    (20050, 'Khoury', 'Arabic')
    """
    paths = [
        find_or_download(data_home, "names", f"{language}.txt", remote, download_if_missing)
        for language, remote in _FILES.items()
    ]
    names_of_language = [_read_names(path) for path in paths]
    data = list(chain.from_iterable(names_of_language))
    target = np.repeat(np.arange(len(paths)), list(map(len, names_of_language)))
    return labelled_data(
        data, target, return_X_y=return_X_y, target_names=list(_FILES), DESCR=_DESCR
    )


def _read_names(path):
    names = [name for line in read_text(path).split("\n") if (name := line.strip())]
    return check_not_empty(names, path, "name")
