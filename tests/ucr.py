"""Reader of the UCR/UEA archive's .ts files, for tests on real sequences."""

from pathlib import Path

import numpy as np


def read_ts(path):
    """Read one .ts file.

    Source: the format's description at https://www.aeon-toolkit.org, "The .ts file format". Each
    line after ``@data`` is one case: its dimensions and its label are separated by ``:``, the
    values of a dimension by ``,``.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    X : list of ndarray of shape (n_steps, n_features)
        The cases.
    y : ndarray of str
        The label of each case.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    cases = [line.strip().split(":") for line in lines[start + 1 :] if line.strip()]
    X = [np.array([d.split(",") for d in dimensions], dtype=float).T for *dimensions, _ in cases]
    y = np.array([label.strip() for *_, label in cases])
    return X, y


def read_split(folder, name):
    """Return the official split of a data set as X_train, X_test, y_train, y_test.

    The order is that of ``sklearn.model_selection.train_test_split``.
    """
    X_train, y_train = read_ts(Path(folder) / f"{name}_TRAIN.ts")
    X_test, y_test = read_ts(Path(folder) / f"{name}_TEST.ts")
    return X_train, X_test, y_train, y_test
