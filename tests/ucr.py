"""Reader of the UCR/UEA archive's .ts files, for the tests that learn from real sequences."""

from pathlib import Path

import numpy as np


def read_ts(path):
    """Read one .ts file.

    Source: the format's description at https://www.aeon-toolkit.org, "The .ts file format". After
    ``@data`` a line is a case: its dimensions and its label parted by ``:``, a dimension's values
    by ``,``.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    X : list of ndarray of shape (n_steps, n_features)
        The cases, as long as they are.
    y : ndarray of str
        Their labels.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    cases = [line.strip().split(":") for line in lines[start + 1 :] if line.strip()]
    X = [np.array([d.split(",") for d in dimensions], dtype=float).T for *dimensions, _ in cases]
    y = np.array([label.strip() for *_, label in cases])
    return X, y


def read_split(folder, name):
    """Read the archive's own train and test parts of a data set: X_train, X_test, y_train, y_test.

    The order is that of ``sklearn.model_selection.train_test_split``.
    """
    X_train, y_train = read_ts(Path(folder) / f"{name}_TRAIN.ts")
    X_test, y_test = read_ts(Path(folder) / f"{name}_TEST.ts")
    return X_train, X_test, y_train, y_test
