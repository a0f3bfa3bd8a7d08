"""French sentences and the part of speech of every word: one target per time step."""

import numpy as np

from skrnn._sklearn import StrOptions
from skrnn.datasets._files import (
    RemoteFile,
    check_not_empty,
    find_or_download,
    read_text,
)
from skrnn.datasets._loader import labelled_data, validate_loader

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
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

French sentences, split into words, and the part of speech of every word.

=======  =========  ======  ====
subset   sentences   words  tags
=======  =========  ======  ====
train        2,231  50,502    16
dev            412   9,999    15
test           456  10,044    15
=======  =========  ======  ====

:Text: words and punctuation as written; contractions are split, "du" into "de" and "le"
:Target: one universal part-of-speech tag (UPOS) per word, such as NOUN or PUNCT
:Missing values: none

The sentences are from Europarl, the newspaper L'Est Républicain, the French Wikipedia and documents
of the European Medicines Agency. The split is that of the treebank, which was drawn at random.

Source: https://github.com/UniversalDependencies/UD_French-Sequoia, under the Lesser General Public
License For Linguistic Resources (LGPL-LR). Candito and Seddah: Le corpus Sequoia : annotation
syntaxique et exploitation pour l'adaptation d'analyseur par pont lexical. TALN 2012.
"""


@validate_loader(subset=[StrOptions({*_FILES, "all"})], return_X_y=["boolean"])
def fetch_sequoia(*, data_home=None, subset="train", download_if_missing=True, return_X_y=False):
    """Load the French treebank Sequoia: sentences and parts of speech (classification).

    The files (train 3.2 MB, dev and test 0.6 MB each) are downloaded if they are not in the local
    folder.

    ================   =============================================
    Classes            16
    Sentences          2,231 train, 412 dev, 456 test
    Words              50,502 train, 9,999 dev, 10,044 test
    Features           text
    ================   =============================================

    The words are the syntactic words of Universal Dependencies, on which taggers are evaluated. For
    example, the treebank contains "du" as the line `2-3 du` and as the words `2 de` and `3 le`, and
    only the two words are read. Empty nodes (such as `8.1`), which stand for omitted words, are not
    read.

    Parameters
    ----------
    {data_home}
        The files are `fr_sequoia-ud-train.conllu`, `fr_sequoia-ud-dev.conllu` and
        `fr_sequoia-ud-test.conllu`, or the same names with the suffix `.xz`, in this folder or in
        its subfolder `ud_fr_sequoia`.

    subset : {"train", "dev", "test", "all"}, default="train"
        Which part of the split of the treebank to load. If `"all"`, all parts are loaded, in this
        order.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of lists of str
            The words of each sentence. A number such as `10 000` is one word.
        target : list of ndarray of str, each of shape (n_words,)
            The universal part-of-speech tag (UPOS) of each word.
        target_names : list of str
            The tags that occur in `target`, in alphabetical order.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list of sentences and the list of their tags.

    Raises
    ------
    OSError
        If a file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If a line of a file is not in the CoNLL-U format, if a file contains no sentence, or if it
        is not a text file in UTF-8.

    See Also
    --------
    skrnn.metrics.make_step_scorer : Make a scorer for one target per word.

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
    sentences = []
    for part in _FILES if subset == "all" else [subset]:
        name = f"fr_sequoia-ud-{part}.conllu"
        path = find_or_download(data_home, "ud_fr_sequoia", name, _FILES[part], download_if_missing)
        sentences += _read_conllu(path)
    data = [[word for word, _ in sentence] for sentence in sentences]
    target = [np.array([tag for _, tag in sentence]) for sentence in sentences]
    target_names = sorted({tag for sentence in sentences for _, tag in sentence})
    return labelled_data(
        data, target, return_X_y=return_X_y, target_names=target_names, DESCR=_DESCR
    )


def _read_conllu(path):
    """Return the (word, tag) pairs of each sentence; sentences are separated by empty lines."""
    sentences, sentence = [], []
    for number, line in enumerate([*read_text(path).split("\n"), ""], start=1):
        if line.strip():
            sentence += _words(line, f"{path}, line {number}")
        elif sentence:
            sentences.append(sentence)
            sentence = []
    return check_not_empty(sentences, path, "sentence")


def _words(line, location):
    r"""Return a list with the (word, tag) pair of a line, or an empty list if it has no word.

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
            f"{location}: expected the 10 fields of CoNLL-U, separated by tabs, got {len(fields)}."
        )
    position, word, _, tag, *_ = fields
    return [(word, tag)] if position.isdecimal() else []
