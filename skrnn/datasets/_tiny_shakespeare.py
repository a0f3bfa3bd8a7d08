"""Plays of Shakespeare as one long text, for language models over characters."""

from sklearn.utils import Bunch

from skrnn.datasets._files import RemoteFile, check_not_empty, find_or_download, read_text
from skrnn.datasets._loader import validate_loader

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/karpathy/char-rnn/raw/6f9487a6fe5b/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)

_DESCR = """\
Tiny Shakespeare
================

Parts of plays of William Shakespeare as one text.

:Number of characters: 1,115,394, of which 65 are different
:Text: 40,000 lines; the name of the speaker stands before each speech, and an empty line after it
:Target: none; a language model predicts each next character
:Missing values: none

Language models are commonly trained on the first 90 percent of the characters and evaluated on the
others.

Source: Andrej Karpathy's char-rnn, https://github.com/karpathy/char-rnn, under the MIT licence. The
text is in the public domain.
"""


@validate_loader()
def fetch_tiny_shakespeare(*, data_home=None, download_if_missing=True):
    r"""Load Tiny Shakespeare, one text of 1,115,394 characters (language model).

    The file (1.1 MB) is downloaded if it is not in the local folder.

    ======================   =========
    Characters               1,115,394
    Different characters            65
    Lines                       40,000
    ======================   =========

    Parameters
    ----------
    {data_home}
        The file is `input.txt` or `input.txt.xz`, in its subfolder `tiny_shakespeare` or in this
        folder.

    {download_if_missing}

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : str
            The text. Lines end with a line feed.
        DESCR : str
            The description of the data set.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the file is empty, or is not a complete text file in UTF-8.

    References
    ----------
    Andrej Karpathy: char-rnn. https://github.com/karpathy/char-rnn (MIT licence)

    Examples
    --------
    >>> from skrnn.datasets import fetch_tiny_shakespeare
    >>> text = fetch_tiny_shakespeare().data  # doctest: +SKIP
    >>> len(text), len(set(text)), text.count("\n")  # doctest: +SKIP
    (1115394, 65, 40000)
    >>> text[:14]  # doctest: +SKIP
    'First Citizen:'
    """
    path = find_or_download(data_home, "tiny_shakespeare", "input.txt", _FILE, download_if_missing)
    return Bunch(data=check_not_empty(read_text(path), path, "text"), DESCR=_DESCR)
