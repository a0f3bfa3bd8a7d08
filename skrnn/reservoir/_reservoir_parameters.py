"""The parameters of `Reservoir`, each described once."""

from numbers import Integral, Real

from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions
from skrnn.reservoir._pooling import POOLINGS
from skrnn.reservoir._time_loop import ACTIVATIONS
from skrnn.reservoir._topologies import TOPOLOGIES


@with_parameters
class ReservoirParameters:
    """The parameters of `Reservoir`."""

    units: object = parameter(
        default=500,
        constraint=[Interval(Integral, 1, None, closed="left"), tuple, list],
        description="""
        int or tuple of int
        Number of units of each layer. A tuple holds one number per layer.
        """,
    )
    spectral_radius: object = parameter(
        default=0.9,
        constraint=[Interval(Real, 0, None, closed="neither"), None],
        description="""
        float > 0 or None
        W is scaled so that this is its largest absolute eigenvalue. If None, W is not scaled. A
        delay line has no cycle and hence no eigenvalue other than 0. For a delay line,
        `spectral_radius` is therefore the weight of the connections.
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
        float in (0, 1], "log_uniform", array of shape (units,), sequence or None
        The leak rate a: the fraction of the state that is replaced at each time step. With 1, the
        state is replaced completely; with small rates, it changes slowly. With "log_uniform", each
        unit has its own rate, which is drawn from [0.03, 1] such that its logarithm is uniform; one
        reservoir then has fast and slow units. An array holds one rate per unit of a single layer.
        With several layers, a sequence holds a rate, a name or an array for each of them. If None,
        an echo state estimator chooses the rate, and a reservoir alone uses 1.
        """,
    )
    input_scaling: object = parameter(
        default=None,
        constraint=[Interval(Real, 0, None, closed="left"), "array-like", None],
        description="""
        float, array of shape (n_features,) or None
        Factor of W_in, for all features or for each of them. The weights between layers are uniform
        in plus or minus sqrt(3 / n) times the mean of `input_scaling`, for n units in the layer
        below, so that the weighted sum of the n states is about as large as one of them. If None,
        an echo state estimator chooses the factor, and a reservoir alone uses 1.
        """,
    )
    bias_scaling: object = parameter(
        default=0.2,
        constraint=[Interval(Real, 0, None, closed="left")],
        description="""
        float
        The biases b are uniform in [-bias_scaling, bias_scaling].
        """,
    )
    connectivity: object = parameter(
        default=10,
        constraint=[
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
        ],
        description="""
        int or float in (0, 1]
        Number (int) or fraction (float) of recurrent connections per unit. Only used when
        `topology="random"`.
        """,
    )
    topology: object = parameter(
        default="random",
        constraint=[StrOptions(set(TOPOLOGIES)), "array-like", "sparse matrix", callable],
        description="""
        {"random", "cycle", "delay_line", "orthogonal"}, matrix or callable
        Which units are connected:

        - "random": each unit receives from `connectivity` units, with weights uniform in [-1, 1].
          The distances of connected units are drawn once for all units, so that a matrix product
          reads memory in order.
        - "cycle" and "delay_line": each unit receives from the one before it, in a ring or in a
          line [3]_.
        - "orthogonal": W is a random orthogonal matrix.
        - A dense or sparse matrix of shape (units, units) is used as W.
        - A callable ``topology(units, rng)`` returns W.
        """,
    )
    input_weights: object = parameter(
        default="uniform",
        constraint=[
            StrOptions({"uniform", "binary", "normal"}),
            "array-like",
            "sparse matrix",
            callable,
        ],
        description="""
        {"uniform", "binary", "normal"}, array or callable
        Distribution of the input weights W_in of the first layer before scaling: uniform in
        [-1, 1], either -1 or 1, or standard normal. An array of shape (units, n_features) is used
        as W_in; a callable ``input_weights(units, n_features, rng)`` returns it.
        """,
    )
    activation: object = parameter(
        default="tanh",
        constraint=[StrOptions(set(ACTIVATIONS)), callable],
        description="""
        {"tanh", "relu", "identity", "logistic"} or callable
        The activation f, by its name in scikit-learn, or a function that takes an array and
        returns one of the same shape.
        """,
    )
    feedback_scaling: object = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        description="""
        float
        The feedback weights W_fb are uniform in [-feedback_scaling, feedback_scaling]. With 0,
        outputs are not fed back. Only an echo state estimator has outputs, so a `Reservoir` with
        feedback cannot be fitted alone.
        """,
    )
    noise: object = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        description="""
        float
        Standard deviation of the normal noise that is added inside f while an echo state estimator
        is trained. With noise, training in parts does not give the same readout as one `fit`.
        """,
    )
    washout: object = parameter(
        default=0,
        constraint=[Interval(Integral, 0, None, closed="left")],
        description="""
        int
        Number of initial time steps of each sequence that are left out of the training of a
        readout and of pooling other than "last".
        """,
    )
    bidirectional: object = parameter(
        default=False,
        constraint=["boolean"],
        description="""
        bool
        Whether a second reservoir reads each sequence from its end. Its states follow those of the
        forward direction.
        """,
    )
    layers: object = parameter(
        default=1,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        Number of layers of a deep reservoir [4]_. Each layer receives the states of the one below
        as inputs. The result has the states of all layers side by side.
        """,
    )
    plasticity: object = parameter(
        default=None,
        constraint=[StrOptions({"intrinsic", "oja", "anti_hebbian"}), None],
        description="""
        {"intrinsic", "oja", "anti_hebbian"} or None
        How `fit` adapts the weights to the sequences. "intrinsic" changes gains and biases so that
        the outputs of each unit approach a normal (tanh) or an exponential (logistic) distribution
        [5]_. "oja" and "anti_hebbian" change the recurrent weights by Oja's rule or the
        anti-Hebbian rule. W is not scaled again. If None, the weights stay as drawn.
        """,
    )
    plasticity_epochs: object = parameter(
        default=1,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        Number of passes over the sequences. Only used when `plasticity` is not None.
        """,
    )
    plasticity_rate: object = parameter(
        default=1e-4,
        constraint=[Interval(Real, 0, None, closed="neither")],
        description="""
        float > 0
        Learning rate of the rule at each time step. Only used when `plasticity` is not None.
        """,
    )
    pooling: object = parameter(
        default=None,
        constraint=[StrOptions(set(POOLINGS)), tuple, list, None],
        description="""
        {"last", "mean", "std", "model_space"}, tuple of these or None
        How the states of a sequence become one vector. A tuple puts several vectors side by side:

        - Without pooling (None), `transform` returns the states at all time steps.
        - "last": the state after the last time step (of the backward direction: after the first).
        - "mean": the mean of the states.
        - "std": the standard deviation of each state.
        - "model_space": the coefficients of the linear model that best predicts the next state
          of the sequence, on at most 40 principal components of the states [6]_.
        """,
    )
    chunk_overlap: object = parameter(
        default=None,
        constraint=[Interval(Integral, 1, None, closed="left"), None],
        description="""
        int or None
        Number of warm-up time steps of each chunk, if one long series is split into up to 32 chunks
        that run side by side. Only used for a single series without noise whose states at all time
        steps are needed. A chunk begins this many time steps early, at zero. The overlap is doubled
        until the states after it no longer depend on the initial state (to 32 units in the last
        place); if it becomes too long, the series runs as a whole. If a chunk does not begin in the
        state in which the chunk before it ended, a ValueError is raised. So results are equal to
        those without chunks up to that precision, not to the last bit. If None, a series always
        runs as a whole.
        """,
    )
    dtype: object = parameter(
        default="float32",
        constraint=[StrOptions({"float32", "float64"})],
        description="""
        {"float32", "float64"}
        Precision of the states and of the inputs.
        """,
    )
    random_state: object = parameter(
        default=None,
        constraint=["random_state"],
        description="""
        int, RandomState instance or None
        Controls the weights and the noise. Pass an int for results that are equal to the last bit
        across calls on one machine.
        """,
    )
