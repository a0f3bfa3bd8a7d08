"""Store estimators as plain values, together with the version of skrnn.

pickle, joblib, copy and skops ask an estimator for its state and give this state to a new instance.
`SavedEstimator` puts the version into the state, and stores the values of private classes as
dicts. A stored estimator therefore names no private class, which a later version may rename, and
skops needs to trust only the public classes.
"""

from skrnn._persistence import _pandas_values, _sparse_values
from skrnn._persistence._estimator import SavedEstimator
from skrnn._persistence._plain_values import stored_as_dict

__all__ = ["SavedEstimator", "stored_as_dict"]

_pandas_values.register()
_sparse_values.register()
