"""The official splits of data sets of the UCR/UEA archive, for tests on real sequences."""

from skrnn.datasets import load_ucr


def read_split(folder, name):
    """Return the official split of a data set as X_train, X_test, y_train, y_test.

    The order is that of ``sklearn.model_selection.train_test_split``.
    """
    X_train, y_train = load_ucr(name, data_home=folder, subset="train", return_X_y=True)
    X_test, y_test = load_ucr(name, data_home=folder, subset="test", return_X_y=True)
    return X_train, X_test, y_train, y_test
