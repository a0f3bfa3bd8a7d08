"""`ForecastRule`: the learned state of a forecaster, and the functions that forecast with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from skrnn._check_arrays import in_words

# Blocks are made for at most this many rows at once, so that their memory is bounded.
_BLOCK_ROWS = 2**18
# The maximum number of values of the table in which a forecast after the data is made.
MAX_VALUES = 10**8


@dataclass(frozen=True)
class ForecastRule(ABC):
    """Computes forecasts from blocks of rows.

    Parameters
    ----------
    n_context : int
        The number of rows, ending with its origin, that a forecast is made from.
    steps_at_once : int
        The number of steps that are forecast before forecasts are used as context.
    target_columns : ndarray of int of shape (n_targets,)
        The column index of each target, or -1 if the target is not a column.
    known_future : ndarray of int
        The columns that are known after the origin.
    allows_missing : bool
        Whether the rows of a block may be NaN.
    static : ndarray of int
        The columns that do not change within a series.
    """

    n_context: int
    steps_at_once: int
    target_columns: np.ndarray
    known_future: np.ndarray
    allows_missing: bool
    static: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int), kw_only=True)

    @abstractmethod
    def forecast(self, block, n_steps):
        """Return the forecasts of `n_steps` steps after the origins of some blocks.

        Parameters
        ----------
        block : ndarray of shape (n, n_context + n_ahead, n_features)
            The context, then rows in which only known future covariates are not NaN. A rule may
            write forecasts into these rows.
        n_steps : int

        Returns
        -------
        ndarray of shape (n, n_steps, n_targets)
        """

    def check_context(self, context, origins):  # noqa: B027 - most rules have nothing to warn about
        """Warn if forecasts from some origins of a context cannot be trusted."""

    def count_ahead(self, n_steps):
        """Return the number of rows of known future covariates that `n_steps` steps need."""
        if len(self.known_future) == 0:
            return n_steps
        return -(-n_steps // self.steps_at_once) * self.steps_at_once


def forecast_from(rule, context, origins, n_steps, steps=slice(None)):
    """Return the forecasts after some origins.

    Parameters
    ----------
    rule : ForecastRule
    context : Context
    origins : ndarray of int of shape (n,)
        The last row that each forecast may see, as a position in the values of the context.
    n_steps : int
        The number of steps to forecast.
    steps : slice, default=slice(None)
        The steps to return.

    Returns
    -------
    ndarray of shape (n, number of returned steps, n_targets)
        The forecasts, which are NaN if a known future covariate is missing and the rule needs it.
    """
    rule.check_context(context, origins)
    n_ahead = rule.count_ahead(n_steps)
    size = max(1, _BLOCK_ROWS // (rule.n_context + n_ahead))
    n_returned = len(range(n_steps)[steps])
    result = np.full((len(origins), n_returned, len(rule.target_columns)), np.nan)
    for first in range(0, len(origins), size):
        chosen = origins[first : first + size]
        block = context.block(chosen, rule.n_context, n_ahead, rule.known_future)
        is_known = np.ones(len(chosen), dtype=bool)
        if not rule.allows_missing:
            ahead = block[:, rule.n_context :, rule.known_future]
            is_known = ~np.isnan(ahead).any(axis=(1, 2))
        if is_known.any():
            forecasts = rule.forecast(block[is_known], n_steps)
            result[first : first + size][is_known] = forecasts[:, steps]
    return result


def forecast_rows(rule, context, horizon, fallback):
    """Return the forecast of each row of a context, made `horizon` rows before it.

    Parameters
    ----------
    rule : ForecastRule
    context : Context
    horizon : int
    fallback : ndarray of shape (n_targets,)
        The forecast of rows before which fewer than `horizon` rows are known.

    Returns
    -------
    forecasts : ndarray of shape (n_rows, n_targets)
    has_context : ndarray of bool of shape (n_rows,)
        Whether the forecast is not the fallback.
    """
    has_context = context.n_known >= horizon
    origins = context.rows[has_context] - horizon
    forecasts = np.tile(fallback, (len(context.rows), 1))
    last_step = slice(horizon - 1, horizon)
    forecasts[has_context] = forecast_from(rule, context, origins, horizon, last_step)[:, 0]
    return forecasts, has_context


def check_n_steps(n_steps, rule, horizon, column_names):
    """Return the number of steps to forecast, which is `horizon` if `n_steps` is None.

    Raises
    ------
    ValueError
        If it is not a positive integer, or more than the rule can forecast.
    """
    if n_steps is None:
        return horizon
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise ValueError(
            f"n_steps must be an integer of at least 1, got {in_words(n_steps)}. Pass the rows "
            "that the forecast continues as X=."
        )
    available = [*rule.target_columns, *rule.known_future, *rule.static]
    missing = np.setdiff1d(np.arange(len(column_names)), available)
    if n_steps > rule.steps_at_once and len(missing):
        raise ValueError(
            f"n_steps={n_steps}: steps after the first {rule.steps_at_once} use forecasts as "
            "context, so y must hold all columns of X that are not in known_future or static "
            f"(y=None does); these are missing: {[column_names[i] for i in missing]}."
        )
    return int(n_steps)


def check_memory(n_steps, n_series, n_columns):
    """Check that the table of forecasts and their context has at most 10**8 values (0.8 GB).

    Raises
    ------
    ValueError
        If it would have more.
    """
    n_values = n_steps * n_series * n_columns
    if n_values > MAX_VALUES:
        raise ValueError(
            f"n_steps={in_words(n_steps)}: the forecasts of {n_series} series with {n_columns} "
            f"column(s) would have more than {MAX_VALUES:.0e} values, which take 0.8 GB; expected "
            f"at most {MAX_VALUES // (n_series * n_columns)} steps."
        )
