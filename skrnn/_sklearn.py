"""The only private scikit-learn imports, so that a new release is checked in one place.

None has a public counterpart: the decorators and the constraint classes are how scikit-learn's own
estimators and functions validate their parameters, the checks are those of its own ``fit``, and
``_num_samples`` and ``_safe_indexing`` are how its splitters take subsets of any container.

``CallbackSupportMixin`` is public, with ``_init_callback_context`` for estimators to call. It was
added in scikit-learn 1.9.
"""

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import _check_sample_weight, _num_samples

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """An estimator without callbacks."""

        def _init_callback_context(self, **_):
            return None
