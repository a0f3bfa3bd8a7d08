"""Text messages and whether they are spam: short texts with imbalanced classes."""

import numpy as np

from skrnn.datasets._files import RemoteFile, check_not_empty, find_or_download, read_text
from skrnn.datasets._loader import labelled_data, validate_loader

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/justmarkham/pycon-2016-tutorial/raw/5339710562cc/data/sms.tsv",
    "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
)
_NAME = "sms.tsv"
_CLASSES = ("ham", "spam")

_DESCR = """\
Spam among text messages
========================

:Number of messages: 5,574, of which 5,160 are distinct
:Target: whether a message is spam; 747 are
:Missing values: none

Some messages occur several times. To keep equal messages out of different folds of a
cross-validation, pass the messages as groups.

Source: T. Almeida, J. M. Gómez Hidalgo, A. Yamakami: Contributions to the study of SMS spam
filtering. DocEng 2011, the SMS Spam Collection. The file is from
https://github.com/justmarkham/pycon-2016-tutorial, which does not state a licence.
"""


@validate_loader(return_X_y=["boolean"])
def fetch_sms_spam(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load 5,574 text messages, of which 747 are spam (classification).

    The file (0.5 MB) is downloaded if it is not in the local folder.

    ==================   ======================
    Classes              2
    Messages per class   4,827 ham and 747 spam
    Messages             5,574
    Features             text
    ==================   ======================

    Parameters
    ----------
    {data_home}
        The file is `sms.tsv`, or the same name with the suffix `.xz`, in this folder or in its
        subfolder `sms_spam`. Each line contains `ham` or `spam`, a tab and a message.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of str
            The messages, in the order of the file.
        target : ndarray of int of shape (n_messages,)
            1 if the message is spam, otherwise 0.
        target_names : list of str of length 2
            The meaning of 0 and 1.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list of messages and the array of targets.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If a line does not begin with `ham` or `spam` and a tab, if the file has no message, or if
        it is not a text file in UTF-8.

    References
    ----------
    T. Almeida, J. M. Gómez Hidalgo, A. Yamakami: Contributions to the study of SMS spam filtering.
    DocEng 2011. The file: https://github.com/justmarkham/pycon-2016-tutorial (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_sms_spam
    >>> messages = fetch_sms_spam()  # doctest: +SKIP
    >>> len(messages.data), int(messages.target.sum())  # doctest: +SKIP
    (5574, 747)
    """
    path = find_or_download(data_home, "sms_spam", _NAME, _FILE, download_if_missing)
    data, target = _read_messages(path)
    return labelled_data(
        data, target, return_X_y=return_X_y, target_names=list(_CLASSES), DESCR=_DESCR
    )


def _read_messages(path):
    data, target = [], []
    text = read_text(path).removeprefix("\ufeff")
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        label, tab, message = line.partition("\t")
        if label not in _CLASSES or not tab:
            raise ValueError(
                f"{path}, line {number}: expected 'ham' or 'spam', a tab and a message, "
                f"got {line[:40]!r}."
            )
        data.append(message.strip())
        target.append(_CLASSES.index(label))
    return check_not_empty(data, path, "message"), np.array(target)
