"""Customers of a bank and whether they left: a table, in which rows are not sequences."""

import numpy as np

from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import labelled_data, validate_loader
from skrnn.datasets._tables import read_complete_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/Abhijitkulkarni18/Deep-Learning/raw/208bf8f7c9e3/Churn_Modelling.csv",
    "3996cd1fa372e0db0cd9c0ebac35bbd4e8e3c65fb942bb010c826e7b1eeef0a0",
)
_NAME = "Churn_Modelling.csv"
_COLUMNS = {
    "CreditScore": np.float64,
    "Geography": str,
    "Gender": str,
    "Age": np.float64,
    "Tenure": np.float64,
    "Balance": np.float64,
    "NumOfProducts": np.float64,
    "HasCrCard": np.float64,
    "IsActiveMember": np.float64,
    "EstimatedSalary": np.float64,
}
_TARGET = "Exited"

_DESCR = """\
Customers who leave a bank
==========================

:Number of customers: 10,000
:Columns: 10, of which Geography and Gender are categories
:Target: whether the customer left the bank; 2,037 did
:Missing values: none

The table is that of the course "Deep Learning A-Z" and is probably simulated. The number of the
row, the number of the customer and the surname are left out.

Source: https://github.com/Abhijitkulkarni18/Deep-Learning, which does not state a licence.
"""


@validate_loader(return_X_y=["boolean"])
def fetch_churn(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load 10,000 customers of a bank, of whom a fifth left (classification of a table).

    The file (0.7 MB) is downloaded if it is not in the local folder.

    ==============   ==================================
    Classes          2
    Rows per class   7,963 stayed and 2,037 left
    Rows             10,000
    Columns          10: 8 of numbers, 2 of categories
    ==============   ==================================

    Parameters
    ----------
    {data_home}
        The file is `Churn_Modelling.csv`, or the same name with the suffix `.xz`, in this folder or
        in its subfolder `churn`.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : DataFrame of shape (10000, 10)
            The customers. `Geography` and `Gender` are strings, and all other columns are floats.
        target : ndarray of int of shape (10000,)
            1 if the customer left the bank, otherwise 0.
        target_names : list of str of length 2
            The meaning of 0 and 1.
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
    The file: https://github.com/Abhijitkulkarni18/Deep-Learning (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_churn
    >>> customers = fetch_churn()  # doctest: +SKIP
    >>> customers.data.shape, int(customers.target.sum())  # doctest: +SKIP
    ((10000, 10), 2037)
    """
    path = find_or_download(data_home, "churn", _NAME, _FILE, download_if_missing)
    table = read_complete_table(path, {**_COLUMNS, _TARGET: np.int64}, "customer")
    return labelled_data(
        table[list(_COLUMNS)],
        table[_TARGET].to_numpy(copy=True),
        return_X_y=return_X_y,
        target_names=["stayed", "left"],
        DESCR=_DESCR,
    )
