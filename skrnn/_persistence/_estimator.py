"""`SavedEstimator`: the base of all estimators, which determines their stored state."""

import warnings

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from skrnn._persistence._plain_values import UnreadableValueError, as_plain, from_plain
from skrnn._version import __version__

# The entry of a state that holds the version which stored it.
VERSION = "_skrnn_version"
# The attribute of an estimator that another version stored.
_STORED_WITH = "_stored_with_skrnn"
# The version of a state that has none.
_UNKNOWN = "unknown"


class InconsistentSkrnnVersionWarning(InconsistentVersionWarning):
    """An estimator was saved with another version of skrnn than it is loaded with.

    The fields are those of scikit-learn's warning; the versions are those of skrnn.
    """

    def __str__(self):
        return (
            f"{self.estimator_name} was saved with skrnn {self.original_sklearn_version} and is "
            f"loaded with skrnn {self.current_sklearn_version}. Its results may be invalid. Fit it "
            "again, or load it with the version that saved it."
        )


class SavedEstimator(BaseEstimator):
    """Base of all estimators: stores the version, and names it if a stored attribute is missing."""

    def __getstate__(self):
        state = super().__getstate__()
        return {name: as_plain(value) for name, value in state.items()} | {VERSION: __version__}

    def __setstate__(self, state):
        name, current = type(self).__name__, __version__
        stored_with = state.get(VERSION, _UNKNOWN)
        state = {key: value for key, value in state.items() if key != VERSION}
        if stored_with != current:
            state.setdefault(_STORED_WITH, stored_with)
            warning = InconsistentSkrnnVersionWarning(
                estimator_name=name,
                current_sklearn_version=current,
                original_sklearn_version=stored_with,
            )
            warnings.warn(warning, stacklevel=2)
        readable = {}
        for key, value in state.items():
            try:
                readable[key] = from_plain(value)
            except UnreadableValueError as error:
                # An attribute that another version stored in another form is treated as missing.
                if _STORED_WITH not in state:
                    raise ValueError(f"{key} of the stored {name} is invalid: {error}.") from error
        super().__setstate__(readable)

    def __getattr__(self, name):
        # Python calls this after an attribute was not found, or a property raised AttributeError.
        stored_with = vars(self).get(_STORED_WITH)
        if stored_with is None or name.startswith("__") or hasattr(type(self), name):
            return self.__getattribute__(name)  # raises the error of Python or of the property
        raise AttributeError(
            f"This {type(self).__name__} has no attribute {name!r}. It was saved with skrnn "
            f"{stored_with}, which may not have stored it, and was loaded with skrnn "
            f"{__version__}. Fit it again, or load it with the version that saved it."
        )

    def _forget_stored_version(self):
        """Remove the version that stored this estimator, because a new fit replaces its state."""
        vars(self).pop(_STORED_WITH, None)
