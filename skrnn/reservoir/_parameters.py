"""The parameters that the echo state classifier and the regressor share, each described once."""

from numbers import Integral, Number, Real

from sklearn.base import clone

from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn.reservoir._pooling import POOLINGS, check_pooling
from skrnn.reservoir._reservoir import Reservoir

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


@with_parameters
class EchoStateParameters:
    """The parameters of `EchoStateRegressor` and `EchoStateClassifier`."""

    units: object = parameter(
        default=None,
        constraint=[Interval(Integral, 1, None, closed="left"), tuple, list, None],
        description="""
        int or tuple of int or None
        Number of units of the reservoir. A tuple holds one number per layer. If None, the `units`
        of `reservoir` are used (500 by default). Give this parameter, and each of the next four,
        either here or in `reservoir`, not in both.
        """,
    )
    spectral_radius: object = parameter(
        default=None,
        constraint=[Interval(Real, 0, None, closed="neither"), None],
        description="""
        float > 0 or None
        Largest absolute eigenvalue of the recurrent weights: the larger it is, the longer past
        inputs have an effect. If None, that of `reservoir` is used (0.9 by default).
        """,
    )
    leak_rate: object = parameter(
        default=None,
        constraint=[
            Interval(Real, 0, 1, closed="right"),
            StrOptions({"log_uniform"}),
            "array-like",
            None,
        ],
        description="""
        float in (0, 1], "log_uniform", array-like or None
        Fraction of the state that is replaced at each time step: small rates suit slow series. With
        "log_uniform", each unit has its own rate in [0.03, 1]. If None, that of `reservoir` is
        used; if that is None too, it is "log_uniform" with one target per sequence, and 1 with one
        target per time step.
        """,
    )
    input_scaling: object = parameter(
        default=None,
        constraint=[Interval(Real, 0, None, closed="left"), "array-like", None],
        description="",
    )
    washout: object = parameter(
        default=None,
        constraint=[Interval(Integral, 0, None, closed="left"), None],
        description="""
        int or None
        Number of initial time steps of each sequence that are not used to train the readout, nor
        for pooling other than "last". If None, that of `reservoir` is used (0 by default).
        """,
    )
    reservoir: object = parameter(
        default=None,
        constraint=[Reservoir, None],
        description="""
        Reservoir or None
        Reservoir with all other parameters of the dynamics, such as ``Reservoir(topology="cycle",
        layers=3)``. A clone of it is fitted. In a search, its parameters are named
        ``reservoir__...``. If None, ``Reservoir()`` is used.
        """,
    )
    standardize: object = parameter(
        default=True,
        constraint=["boolean"],
        description="""
        bool
        Whether each input feature is brought to mean 0 and standard deviation 1 over the time steps
        of the training set, weighted by `sample_weight`. The readout and the reservoir receive the
        standardised inputs. Constant features become 1 or -1, or remain 0, and one-hot time steps
        are left unchanged. The statistics are computed in float64 by `fit`, or by the first call of
        `partial_fit`, and kept in later ones. If False, the inputs are used unchanged, in the dtype
        of the reservoir.
        """,
    )
    alpha: object = parameter(
        default="auto",
        constraint=[Interval(Real, 0, None, closed="neither"), StrOptions({"auto"}), "array-like"],
        description="",
    )
    solver: object = parameter(
        default="auto",
        constraint=[StrOptions({"auto", "cholesky", "svd"})],
        description="""
        {"auto", "cholesky", "svd"}
        How the ridge regression is solved. "cholesky" solves the normal equations, which is fastest
        but squares the condition number. "svd" keeps a triangular factor of all rows instead, which
        is exact down to the smallest penalties. "auto" uses "cholesky", but "svd" if there are
        fewer rows than features, or if `fit` finds that the penalty is below the rounding of the
        normal equations (`partial_fit` then warns).
        """,
    )
    readout_input: object = parameter(
        default=True,
        constraint=["boolean"],
        description="""
        bool
        Whether the readout receives the inputs in addition to the states.
        """,
    )
    static: object = parameter(
        default="concat",
        constraint=[StrOptions({"concat"}), None],
        description="""
        "concat" or None
        How static features are used, which belong to a whole sequence, such as the age of a
        patient; :ref:`static_features` shows how X contains them. With "concat", the readout
        receives them in addition to the states: in the row of each sequence, or in the row of each
        of its time steps. They are standardised if `standardize=True`. If None, static features are
        ignored. Ignored if X has none; not available with `feedback_scaling` or `rows="steps"`, in
        `generate` and in streams.
        """,
    )
    pooling: object = parameter(
        default=None,
        constraint=[StrOptions(set(POOLINGS)), tuple, list, None],
        description="",
    )
    return_sequences: object = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether there is one target per time step (sequence-to-sequence) or one per sequence
        (sequence-to-vector). Ignored when `rows="steps"`.
        """,
    )
    rows: object = parameter(
        default="sequences",
        constraint=[StrOptions({"sequences", "steps"})],
        description="""
        {"sequences", "steps"}
        What a row of X is. If "sequences", X holds sequences. If "steps", X is one long series of
        shape (T, n_features) with one target per row, so that `TimeSeriesSplit` and scorers work as
        on any table.
        """,
    )
    initial_state: object = parameter(
        default="zero",
        constraint=[StrOptions({"zero", "fit_end"})],
        description="""
        {"zero", "fit_end"}
        State in which `predict`, and a further `partial_fit` or `update`, begin. If "zero", all
        states are zero. If "fit_end", it is the state after the last time step of training, so that
        X continues the training series. "fit_end" needs `rows="steps"`.
        """,
    )
    random_state: object = parameter(
        default=None,
        constraint=["random_state"],
        description="""
        int, RandomState instance or None
        Controls the weights and the noise of the reservoir; it takes precedence over the
        `random_state` of `reservoir`. Pass an int for results that are equal to the last bit across
        calls on one machine.
        """,
    )


def names_given_to_reservoir(estimator):
    """Return the names of shared parameters that `reservoir` holds, and not the estimator."""
    if estimator.reservoir is None:
        return []
    defaults = Reservoir().get_params()
    values = estimator.reservoir.get_params(deep=False)
    return [
        name
        for name in SHARED_WITH_RESERVOIR
        if getattr(estimator, name) is None and not _is_same(values[name], defaults[name])
    ]


def combined_reservoir(estimator):
    """Return an unfitted reservoir with all parameters, including those of the estimator itself.

    Its `input_scaling` may still be None.

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
    check_pooling(reservoir.pooling)
    _choose_missing(reservoir, estimator)
    return reservoir


def _choose_missing(reservoir, estimator):
    """Set the leak rate, and the pooling, of an estimator's reservoir if they are None."""
    if estimator._per_step:
        reservoir.pooling = None
    elif reservoir.pooling is None:
        reservoir.pooling = estimator._default_pooling
    if reservoir.leak_rate is None:
        reservoir.leak_rate = 1.0 if estimator._per_step else "log_uniform"


def _is_same(one, other):
    is_simple = isinstance(one, str | Number) and isinstance(other, str | Number)
    return one is other or (is_simple and one == other)
