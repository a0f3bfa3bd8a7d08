"""The parameters of the echo state estimators: constraint and description of each, written once.

The docstrings and the `_parameter_constraints` of both classes are built from these tables. The
default values are those of the signatures of `__init__`, from which the docstrings take them.
"""

import inspect
import re
from dataclasses import dataclass
from numbers import Integral, Number, Real
from textwrap import fill

from sklearn.base import clone

from skrnn._sklearn import Interval, StrOptions
from skrnn.reservoir._reservoir import Reservoir


@dataclass(frozen=True)
class Parameter:
    """One parameter of an estimator.

    Parameters
    ----------
    type : str
        The type as the docstring names it.
    constraint : list
        As in scikit-learn's `_parameter_constraints`.
    text : str
        The description in the docstring.
    """

    type: str
    constraint: list
    text: str


# Parameters that can be given to an estimator, or to its `reservoir`.
SHARED_WITH_RESERVOIR = (
    "units",
    "spectral_radius",
    "leak_rate",
    "input_scaling",
    "washout",
    "pooling",
    "random_state",
)

_OF_BOTH = {
    "units": Parameter(
        "int or tuple of int",
        [Interval(Integral, 1, None, closed="left"), tuple, list, None],
        "Number of units of the reservoir. A tuple holds one number per layer. If None, the "
        "`units` of `reservoir` are used (500 by default). Like the next four parameters, it must "
        "not be given here and in `reservoir`.",
    ),
    "spectral_radius": Parameter(
        "float > 0",
        [Interval(Real, 0, None, closed="neither"), None],
        "Largest absolute eigenvalue of the recurrent weights: the larger it is, the longer past "
        "inputs have an effect. If None, that of `reservoir` is used (0.9 by default).",
    ),
    "leak_rate": Parameter(
        "float in (0, 1] or array-like",
        [Interval(Real, 0, 1, closed="right"), "array-like", None],
        "Fraction of the state that is replaced at each time step: small rates suit slow series. "
        "If None, that of `reservoir` is used (1.0 by default).",
    ),
    "input_scaling": Parameter(
        "float or array-like of shape (n_features,)",
        [Interval(Real, 0, None, closed="left"), "array-like", None],
        "Factor of the input weights: small values give a nearly linear reservoir with a long "
        "memory, large values a strongly nonlinear one with a short memory. If None, that of "
        "`reservoir` is used (1.0 by default).",
    ),
    "washout": Parameter(
        "int",
        [Interval(Integral, 0, None, closed="left"), None],
        "Number of initial time steps of each sequence that are not used to train the readout, "
        'nor for pooling other than "last". If None, that of `reservoir` is used (0 by default).',
    ),
    "reservoir": Parameter(
        "Reservoir",
        [Reservoir, None],
        "Reservoir with all other parameters of the dynamics, such as "
        '``Reservoir(topology="cycle", layers=3)``. It is cloned, not fitted. Its parameters are '
        "tuned as ``reservoir__...``. If None, ``Reservoir()`` is used.",
    ),
    "alphas": Parameter(
        "array-like of float > 0",
        ["array-like", None],
        "Candidates for `alpha`. The one with the smallest error in generalised cross-validation "
        "is used, and `alpha` is ignored. One factorisation serves all candidates. If None, "
        "`alpha` is used.",
    ),
    "solver": Parameter(
        '{"auto", "cholesky", "svd"}',
        [StrOptions({"auto", "cholesky", "svd"})],
        'How the ridge regression is solved. "cholesky" solves the normal equations, which is '
        'fastest but squares the condition number. "svd" keeps a triangular factor of all rows '
        'instead, which is exact down to the smallest penalties. "auto" uses "cholesky", but '
        '"svd" if there are fewer rows than features, or if `fit` finds that the penalty is '
        "below the rounding of the normal equations (`partial_fit` then warns).",
    ),
    "readout_input": Parameter(
        "bool",
        ["boolean"],
        "Whether the readout receives the inputs in addition to the states.",
    ),
    "pooling": Parameter(
        '{"last", "mean", "model_space"}',
        [StrOptions({"last", "mean", "model_space"}), None],
        "How the states of a sequence become the vector that the readout receives; see "
        ":class:`~skrnn.reservoir.Reservoir`. Only used when `return_sequences=False` and "
        '`rows="sequences"`. If None, that of `reservoir` is used, or "last" if that is None '
        "too.",
    ),
    "return_sequences": Parameter(
        "bool",
        ["boolean"],
        "Whether there is one target per time step (sequence-to-sequence) or one per sequence "
        '(sequence-to-vector). Ignored when `rows="steps"`.',
    ),
    "rows": Parameter(
        '{"sequences", "steps"}',
        [StrOptions({"sequences", "steps"})],
        'What a row of X is. "sequences": X holds sequences. "steps": X, of shape '
        "(T, n_features), is one long series with one target per row, so that `TimeSeriesSplit` "
        "and scorers work as on any table.",
    ),
    "initial_state": Parameter(
        '{"zero", "fit_end"}',
        [StrOptions({"zero", "fit_end"})],
        'State in which `predict`, and a further `partial_fit` or `update`, begin. "zero": a '
        'zero state. "fit_end": the state after the last time step of training, so that X '
        'continues the training series. "fit_end" needs `rows="steps"`.',
    ),
    "random_state": Parameter(
        "int, RandomState instance or None",
        ["random_state"],
        "Controls the weights and the noise of the reservoir; it takes precedence over the "
        "`random_state` of `reservoir`. Pass an int for results that are equal to the last bit "
        "across calls on one machine.",
    ),
}
_POSITIVE = [Interval(Real, 0, None, closed="neither")]

REGRESSOR_PARAMETERS = _OF_BOTH | {
    "alpha": Parameter(
        "float > 0",
        _POSITIVE,
        "Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's "
        "`Ridge`. The intercept is not penalised. Ignored if `alphas` is given.",
    ),
}
CLASSIFIER_PARAMETERS = _OF_BOTH | {
    "alpha": Parameter(
        "float > 0",
        _POSITIVE,
        "Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's "
        "`RidgeClassifier`. The intercept is not penalised. Ignored if `alphas` is given. The "
        "default is far larger than that of the regressor, because the indicator of a class "
        "cannot be predicted to the last digit.",
    ),
    "class_weight": Parameter(
        'dict or "balanced"',
        [dict, StrOptions({"balanced"}), None],
        "Weight of each class, by which `sample_weight` is multiplied. Classes that a dict does "
        'not name have the weight 1. "balanced" gives weights that are inversely proportional '
        "to the class frequencies. If None, all classes have the weight 1.",
    ),
}


def constraints_of(parameters):
    """Return a table of parameters as scikit-learn's `_parameter_constraints`."""
    return {name: parameter.constraint for name, parameter in parameters.items()}


def document_parameters(parameters):
    """Decorate a class whose docstring has ``{parameters}`` in place of its parameters.

    Parameters
    ----------
    parameters : dict of str to Parameter
        A description of each parameter in the signature of the class.
    """

    def decorate(cls):
        if cls.__doc__ is not None:
            entries = [
                _docstring_entry(name, parameters[name], argument.default)
                for name, argument in inspect.signature(cls).parameters.items()
            ]
            cls.__doc__ = cls.__doc__.replace("    {parameters}", "\n".join(entries))
        return cls

    return decorate


def _docstring_entry(name, parameter, default):
    written = f'"{default}"' if isinstance(default, str) else repr(default)
    written = re.sub(r"e-0(\d)", r"e-\1", written)  # 1e-6, not 1e-06
    indent = " " * 8
    text = fill(
        parameter.text,
        width=100,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"    {name} : {parameter.type}, default={written}\n{text}"


def combined_reservoir(estimator):
    """Return an unfitted reservoir with all parameters, including those of the estimator itself.

    Raises
    ------
    ValueError
        If a parameter is given to the estimator and to its reservoir.
    """
    given = estimator.reservoir
    reservoir = Reservoir() if given is None else clone(given)
    defaults = Reservoir().get_params()
    for name in SHARED_WITH_RESERVOIR:
        value = getattr(estimator, name)
        if value is None:
            continue
        inner = getattr(reservoir, name)
        # Ensembles set the random_state of both; that of the estimator is used.
        if name != "random_state" and not _is_same(inner, defaults[name]):
            raise ValueError(
                f"{name} is given twice, as {name}={value!r} and as "
                f"reservoir=Reservoir({name}={inner!r}). Give it only once."
            )
        reservoir.set_params(**{name: value})
    reservoir._validate_params()
    return reservoir


def _is_same(one, other):
    is_simple = isinstance(one, str | Number) and isinstance(other, str | Number)
    return one is other or (is_simple and one == other)
