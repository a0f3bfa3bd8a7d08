"""Applications for a credit card: a table of which some rows are unlike all others."""

import numpy as np

from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import labelled_data, validate_loader
from skrnn.datasets._tables import read_complete_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/DevHunterYZ/Self-Organizing-Maps/raw/f1e157d92509/"
    "Credit_Card_Applications.csv",
    "7ec643837a80130adfa4d5f4cefb1c413b855eff6138ab43daac54e7d0c2cbd3",
)
_NAME = "Credit_Card_Applications.csv"
_ID, _TARGET = "CustomerID", "Class"
_COLUMNS = {f"A{i}": np.float64 for i in range(1, 15)}
# The description of Statlog's data set; all other columns are numbers.
_CATEGORIES = ["A1", "A4", "A5", "A6", "A8", "A9", "A11", "A12"]

_DESCR = """\
Applications for a credit card
==============================

:Number of applications: 690
:Columns: 14 without meaningful names, A1 to A14; 8 of them are codes of categories
:Target: whether the application was approved; 307 were
:Missing values: none

The data set is "Australian credit approval" of the Statlog project, with invented customer numbers.

Source: J. R. Quinlan: Simplifying decision trees. International Journal of Man-Machine Studies 27,
1987. The file is from https://github.com/DevHunterYZ/Self-Organizing-Maps, which does not state a
licence.
"""


@validate_loader(return_X_y=["boolean"])
def fetch_credit_card(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load 690 applications for a credit card (classification of a table, outliers).

    The file (35 kB) is downloaded if it is not in the local folder.

    ==============   =============================
    Classes          2
    Rows per class   383 rejected and 307 approved
    Rows             690
    Columns          14 of numbers and codes
    ==============   =============================

    Parameters
    ----------
    {data_home}
        The file is `Credit_Card_Applications.csv`, or the same name with the suffix `.xz`, in this
        folder or in its subfolder `credit_card`.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : DataFrame of float of shape (690, 14)
            The columns `A1` to `A14`. The index contains the customer numbers.
        target : ndarray of int of shape (690,)
            1 if the application was approved, otherwise 0.
        target_names : list of str of length 2
            The meaning of 0 and 1.
        categories : list of str
            The columns that contain codes of categories.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The table and the array of targets.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the file is not a table with the columns of the data set, if it has no rows, or if it is
        not a text file in UTF-8.

    References
    ----------
    J. R. Quinlan: Simplifying decision trees. International Journal of Man-Machine Studies 27,
    1987. The file: https://github.com/DevHunterYZ/Self-Organizing-Maps (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_credit_card
    >>> applications = fetch_credit_card()  # doctest: +SKIP
    >>> applications.data.shape, int(applications.target.sum())  # doctest: +SKIP
    ((690, 14), 307)
    """
    path = find_or_download(data_home, "credit_card", _NAME, _FILE, download_if_missing)
    columns = {_ID: np.int64, **_COLUMNS, _TARGET: np.int64}
    table = read_complete_table(path, columns, "application").set_index(_ID)
    return labelled_data(
        table[list(_COLUMNS)],
        table[_TARGET].to_numpy(copy=True),
        return_X_y=return_X_y,
        target_names=["rejected", "approved"],
        categories=list(_CATEGORIES),
        DESCR=_DESCR,
    )
