"""Short English sentences and their French translations: sequence to sequence."""

import zipfile
import zlib
from numbers import Integral

from skrnn._sklearn import Interval
from skrnn.datasets._files import RemoteFile, check_not_empty, find_or_download
from skrnn.datasets._loader import labelled_data, validate_loader

# The address of the newest file, https://www.manythings.org/anki/fra-eng.zip, has no fixed content.
_ARCHIVE = RemoteFile(
    "https://github.com/genimind/seq2seq/raw/4f3f8eb0adde54fcc8b89394336b002e7961244c/fra-eng.zip",
    "16c4f7d0df9e7c5e6c54cdb0447f3f4a18a55052ff5e2e0b27dd4a06c0e49d04",
)
_MEMBER = "fra.txt"
# What `zipfile` raises for a damaged file. An encrypted member is a RuntimeError, and an unknown
# compression a NotImplementedError.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError, UnicodeDecodeError, OSError),
    *(RuntimeError, NotImplementedError),
)

_DESCR = """\
English and French sentences of Tatoeba
=======================================

Sentences in English and their translations into French, written by the users of Tatoeba.

:Number of pairs: 142,787, with 98,659 different English sentences
:Text: English sentences of 3 to 286 characters; the first 10,000 have at most 16 characters
:Target: a French translation of each sentence
:Missing values: none

An English sentence with several translations is in several pairs in a row. To keep equal sentences
out of different folds of a cross-validation, pass the English sentences as groups.

Source: https://www.manythings.org/anki/, the file fra-eng.zip of 2017-09-29, with sentences of
https://tatoeba.org, under CC BY 2.0. According to the source, the data contain errors.
"""


@validate_loader(n_pairs=[Interval(Integral, 1, None, closed="left"), None], return_X_y=["boolean"])
def fetch_tatoeba(*, data_home=None, n_pairs=None, download_if_missing=True, return_X_y=False):
    r"""Load English sentences of Tatoeba and their French translations (sequence to sequence).

    The archive (3 MB) is downloaded if it is not in the local folder. Examples of translation with
    Keras commonly use its first 10,000 pairs.

    ====================   ===============
    Pairs                          142,787
    English sentences               98,659
    Features                text (English)
    Targets                  text (French)
    ====================   ===============

    Parameters
    ----------
    {data_home}
        The file is `fra-eng.zip`, in this folder or in its subfolder `seq2seq`. A newer file of the
        source is read too.

    n_pairs : int or None, default=None
        The number of pairs. The first pairs of the archive are returned, which are the shortest,
        because the archive is sorted by the length of the English sentences, except for a few of
        them. If None, or if there are fewer pairs, all of them are returned.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of str
            The English sentences. Some occur several times, with different translations.
        target : list of str
            The French translation of each sentence.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The English sentences and the French translations.

    Raises
    ------
    OSError
        If the archive is not in the folder and `download_if_missing=False`, or if the download
        fails.

    ValueError
        If the archive is not a complete zip file with the text file `fra.txt` in UTF-8, if a line
        of it does not contain two sentences, or if it contains no pair.

    See Also
    --------
    fetch_multi30k : Longer sentences, with an official test set.

    References
    ----------
    Tab-delimited bilingual sentence pairs of the Tatoeba project.
    https://www.manythings.org/anki/ (CC BY 2.0)

    Examples
    --------
    >>> from skrnn.datasets import fetch_tatoeba
    >>> pairs = fetch_tatoeba(n_pairs=10_000)  # doctest: +SKIP
    >>> len(pairs.data), len(set(pairs.data)), max(map(len, pairs.data))  # doctest: +SKIP
    (10000, 5900, 16)
    >>> pairs.data[3], pairs.target[3]  # doctest: +SKIP
    ('Wow!', 'Ça alors\u202f!')
    """
    path = find_or_download(data_home, "seq2seq", "fra-eng.zip", _ARCHIVE, download_if_missing)
    lines = [(i, line) for i, line in enumerate(_read_member(path).split("\n"), 1) if line.strip()]
    lines = check_not_empty(lines, path, "pair of sentences")[:n_pairs]
    pairs = [_pair(line, f"{path}, {_MEMBER}, line {i}") for i, line in lines]
    data, target = map(list, zip(*pairs, strict=True))
    return labelled_data(data, target, return_X_y=return_X_y, DESCR=_DESCR)


def _read_member(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(_MEMBER).decode("utf-8").replace("\r\n", "\n")
    except _DAMAGES as error:
        raise ValueError(
            f"{path} is not a complete zip file with the text file {_MEMBER} in UTF-8: {error}"
        ) from error


def _pair(line, location):
    r"""Return the two sentences of a line, without the attribution that newer files contain.

    Examples
    --------
    >>> _pair("Go.\tVa !", "line 1"), _pair("Go.\tVa !\tCC-BY 2.0 (France)", "line 1")
    (('Go.', 'Va !'), ('Go.', 'Va !'))
    """
    english, tab, rest = line.partition("\t")
    french = rest.partition("\t")[0]
    if not (tab and english.strip() and french.strip()):
        raise ValueError(
            f"{location}: expected two sentences separated by a tab, got {line!r:.60}."
        )
    return english.strip(), french.strip()
