"""French sentences and the part of speech of every word: one target a step."""

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

__all__ = ["fetch_sequoia"]

# GitHub finds a commit by the beginning of its name, and the SHA-256 of each file holds it to that.
_SOURCE = (
    "https://github.com/UniversalDependencies/UD_French-Sequoia/raw/f5b049600c89/"
    "fr_sequoia-ud-{}.conllu"
)
_SHA256 = {
    "train": "56424954edf9d20a4d1184e37bfe931fb7c64da82bf2a587b4f35b828d79d767",
    "dev": "a5138dc5e8886484c2f8919e97113f56b9e4329e5cf2a999c021d6ee45e8b45d",
    "test": "a650e7a223fe191009ded17cedae740659449be20354bd68205c376de4ddef2d",
}
_FILES = {subset: RemoteFile(_SOURCE.format(subset), sha256) for subset, sha256 in _SHA256.items()}

_DESCR = """\
Sequoia, a treebank of French (Universal Dependencies)
======================================================

French sentences, cut into words, and the part of speech of every word.

=======  =========  ======  ====
subset   sentences   words  tags
=======  =========  ======  ====
train        2,231  50,502    16
dev            412   9,999    15
test           456  10,044    15
=======  =========  ======  ====

:Text: words as written, among them punctuation; "du" is two words, "de" and "le"
:Target: a universal part-of-speech tag (UPOS) a word, such as NOUN or PUNCT
:Missing values: none

The sentences are from Europarl, the newspaper L'Est Républicain, the French Wikipedia and documents
of the European Medicines Agency. The split is the treebank's own, drawn at random.

Source: https://github.com/UniversalDependencies/UD_French-Sequoia, under the Lesser General Public
License For Linguistic Resources (LGPL-LR). Candito and Seddah: Le corpus Sequoia : annotation
syntaxique et exploitation pour l'adaptation d'analyseur par pont lexical. TALN 2012.
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
def fetch_sequoia(*, data_home=None, subset="train", download_if_missing=True, return_X_y=False):
    """Load the French treebank Sequoia: sentences, and a part of speech a word (classification).

    Looks in a local folder first, else downloads the file of the subset (train 3.2 MB, dev and
    test 0.6 MB each) and keeps it there.

    ================   =============================================
    Classes            16
    Sentences          2,231 train, 412 dev, 456 test
    Words              50,502 train, 9,999 dev, 10,044 test
    Features           text
    ================   =============================================

    The words are the syntactic words of Universal Dependencies, which are what taggers are
    measured on: of "du" the treebank has the line `2-3 du` and the words `2 de` and `3 le`, and
    only the words are read. Empty nodes (`8.1`), which stand for words left out, are not read
    either.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look in, and to keep a download in. None: see
        :func:`~skrnn.datasets.get_data_home`. It, or its subfolder `ud_fr_sequoia`, has
        `fr_sequoia-ud-train.conllu` and so on, or the same with `.xz`, in the format CoNLL-U.

    subset : {"train", "dev", "test", "all"}, default="train"
        Which part of the treebank's own split to load. `"all"`: the three in this order.

    download_if_missing : bool, default=True
        False: raise an OSError if a file is not in the folder.

    return_X_y : bool, default=False
        True: return `(data, target)` alone.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : list of lists of str
            The words of every sentence. A number such as `10 000` is one word.
        target : list of ndarray of str, each of shape (n_words,)
            The universal part-of-speech tag (UPOS) of every word.
        target_names : list of str
            The tags that occur in `target`, in alphabetical order.
        DESCR : str
            What the data are.

    (data, target) : tuple if `return_X_y=True`
        The list of sentences and the list of their tags.

    Raises
    ------
    OSError
        If a file is not in the folder and cannot be, or must not be, downloaded.

    ValueError
        If a line of a file is not in the format CoNLL-U, if a file holds no sentence, or if it is
        no text in UTF-8.

    See Also
    --------
    skrnn.metrics.make_step_scorer : Scores for a target a word.

    References
    ----------
    Candito and Seddah: Le corpus Sequoia : annotation syntaxique et exploitation pour l'adaptation
    d'analyseur par pont lexical. TALN 2012.
    https://github.com/UniversalDependencies/UD_French-Sequoia (LGPL-LR)

    Examples
    --------
    >>> from skrnn.datasets import fetch_sequoia
    >>> train = fetch_sequoia(subset="train")  # doctest: +SKIP
    >>> len(train.data), sum(map(len, train.data))  # doctest: +SKIP
    (2231, 50502)
    >>> train.data[1][:5], train.target[1][:5].tolist()  # doctest: +SKIP
    (['Cette', 'exposition', 'nous', 'apprend', 'que'], ['DET', 'NOUN', 'PRON', 'VERB', 'SCONJ'])
    """
    folders = data_folders(data_home, "ud_fr_sequoia")
    sentences = []
    for part in _FILES if subset == "all" else [subset]:
        name = f"fr_sequoia-ud-{part}.conllu"
        path = find_or_download(folders, [name, f"{name}.xz"], _FILES[part], download_if_missing)
        sentences += _read_conllu(path)
    data = [[word for word, _ in sentence] for sentence in sentences]
    target = [np.array([tag for _, tag in sentence]) for sentence in sentences]
    if return_X_y:
        return data, target
    target_names = sorted({tag for sentence in sentences for _, tag in sentence})
    return Bunch(data=data, target=target, target_names=target_names, DESCR=_DESCR)


def _read_conllu(path):
    """Return the (word, tag) pairs of every sentence, which an empty line ends."""
    sentences, sentence = [], []
    for number, line in enumerate([*read_text(path).split("\n"), ""], start=1):
        if line.strip():
            sentence += _words(line, f"{path}, line {number}")
        elif sentence:
            sentences.append(sentence)
            sentence = []
    return require_some(sentences, path, "sentence")


def _words(line, place):
    r"""Return the word of a line and its tag in a list, which is empty if the line has no word.

    Examples
    --------
    >>> _words("3\tle\tle\tDET\t_\t_\t4\tdet\t_\t_", "line 3")
    [('le', 'DET')]
    >>> _words("2-3\tdu\t_\t_\t_\t_\t_\t_\t_\t_", "line 2"), _words("# text = du", "line 1")
    ([], [])
    """
    if line.startswith("#"):
        return []
    fields = line.split("\t")
    if len(fields) != 10:
        raise ValueError(
            f"{place}: expected the 10 fields of CoNLL-U parted by tabs, got {len(fields)}."
        )
    position, word, _, tag, *_ = fields
    return [(word, tag)] if position.isdecimal() else []
