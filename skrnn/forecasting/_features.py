"""What the regressor sees of a row: its columns, changes for levels, and what is known ahead."""

import numpy as np

__all__ = ["series_features", "window_features"]


def series_features(values, changing, known_ahead, n_ahead):
    """Return what windows of a whole series are cut from, the series itself where nothing is asked.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
    changing : ndarray of int
        Columns of which the change from the row before goes in.
    known_ahead : ndarray of int
        Columns that go in a second time, from `n_ahead` rows later.
    n_ahead : int

    Returns
    -------
    ndarray of shape (n_rows, n_features + n_known_ahead)
        The first row has no change, the last `n_ahead` repeat what is known last: no window that is
        learned from has them.

    Examples
    --------
    >>> series_features(np.array([[1.0], [3.0], [6.0]]), np.array([0]), np.array([], int), 1)
    array([[0.],
           [2.],
           [3.]])
    """
    features = values
    if len(changing):
        features = values.copy()
        features[0, changing] = 0
        features[1:, changing] -= values[:-1, changing]
    if len(known_ahead):
        later = np.minimum(np.arange(len(values)) + n_ahead, len(values) - 1)
        features = np.concatenate([features, values[later][:, known_ahead]], axis=1)
    return features


def window_features(block, window_length, changing, known_ahead, n_ahead):
    """Return the same for blocks of rows, each a window, the row before it and rows known ahead.

    Parameters
    ----------
    block : ndarray of shape (n, n_rows, n_features)
        A row before the window where some columns are `changing`, the window, `n_ahead` rows.
    window_length, changing, known_ahead, n_ahead : as in `series_features`
    """
    first = 1 if len(changing) else 0
    features = block[:, first : first + window_length]
    if len(changing):
        features = features.copy()
        features[..., changing] -= block[:, :window_length, changing]
    if len(known_ahead):
        later = block[:, first + n_ahead : first + n_ahead + window_length, known_ahead]
        features = np.concatenate([features, later], axis=2)
    return features
