"""`Reservoir`: a fixed recurrent network, as a transformer from sequences to states."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._output import SequenceTransformerMixin, array_like
from skrnn.reservoir._dynamics import Dynamics, draw_dynamics
from skrnn.reservoir._estimator_state import (
    fitted_snapshot,
    replace_fitted,
    set_parameters,
    snapshot,
)
from skrnn.reservoir._time_loop import ACTIVATIONS
from skrnn.reservoir._topologies import TOPOLOGIES
from skrnn.sequences import wrap_like
from skrnn.sequences._inputs import StepFormat, read_inputs


class Reservoir(ClassNamePrefixFeaturesOutMixin, SequenceTransformerMixin, BaseEstimator):
    r"""Fixed recurrent network that turns sequences into sequences of states.

    The weights are drawn once. They are not trained, but `plasticity` can adapt them [1]_.

    Parameters
    ----------
    units : int or tuple of int, default=500
        Number of units of each layer. A tuple holds one number per layer.
    spectral_radius : float > 0 or None, default=0.9
        Largest absolute eigenvalue of W, to which it is scaled. If None, W is not scaled. A delay
        line has no cycle and hence no eigenvalue but 0: there it is the weight of the connections.
    leak_rate : float in (0, 1], array of shape (units,) or sequence, default=1.0
        The leak rate a: the fraction of the state that is replaced at each time step. With 1 there
        is no leak, small rates make the states change slowly. An array holds one rate per unit of
        a single layer. With several layers, a sequence holds a rate or an array for each of them.
    input_scaling : float or array of shape (n_features,), default=1.0
        Factor of W_in, for all features or for each of them. The weights between layers are
        uniform in plus or minus sqrt(3 / n) times its mean, for n units in the layer below, so that
        the weighted sum of the n states is about as large as one of them.
    bias_scaling : float, default=0.2
        The biases b are uniform in [-bias_scaling, bias_scaling].
    connectivity : int or float in (0, 1], default=10
        Number (int) or fraction (float) of recurrent connections per unit. Only used when
        `topology="random"`.
    topology : {"random", "cycle", "delay_line", "orthogonal"}, matrix or callable, default="random"
        Which units are connected:

        - "random": each unit receives from `connectivity` units, with weights uniform in [-1, 1].
          The distances of connected units are drawn once for all units, so that a product runs
          along memory.
        - "cycle" and "delay_line": each unit receives from the one before it, in a ring or in a
          line [3]_.
        - "orthogonal": W is a random orthogonal matrix.
        - A dense or sparse matrix of shape (units, units) is used as W.
        - A callable ``topology(units, rng)`` returns W.
    input_weights : {"uniform", "binary", "normal"}, array or callable, default="uniform"
        Distribution of the input weights W_in of the first layer before scaling: uniform in
        [-1, 1], either -1 or 1, or standard normal. An array of shape (units, n_features) is used
        as W_in; a callable ``input_weights(units, n_features, rng)`` returns it.
    activation : {"tanh", "relu", "identity", "logistic"} or callable, default="tanh"
        The activation f, by its name in scikit-learn, or a function that takes an array and
        returns one of the same shape.
    feedback_scaling : float, default=0.0
        The feedback weights W_fb are uniform in [-feedback_scaling, feedback_scaling]. With 0,
        outputs are not fed back. Only an echo state estimator has outputs, so a `Reservoir` with
        feedback cannot be fitted alone.
    noise : float, default=0.0
        Standard deviation of the normal noise that is added inside f while an echo state estimator
        is trained. With noise, training in parts does not give the same readout as one `fit`.
    washout : int, default=0
        Number of initial time steps of each sequence that are left out of the training of a
        readout and of pooling by "mean" or "model_space".
    bidirectional : bool, default=False
        Whether a second reservoir reads each sequence from its end. Its states follow those of the
        forward direction.
    layers : int, default=1
        Number of layers of a deep reservoir [4]_. Each layer receives the states of the one below
        as inputs. The result has the states of all layers side by side.
    plasticity : {"intrinsic", "oja", "anti_hebbian"}, default=None
        How `fit` adapts the weights to the sequences. "intrinsic" changes gains and biases so that
        the outputs of each unit approach a normal (tanh) or an exponential (logistic) distribution
        [5]_. "oja" and "anti_hebbian" change the recurrent weights by Oja's rule or the
        anti-Hebbian rule. W is not scaled again. If None, the weights stay as drawn.
    plasticity_epochs : int, default=1
        Number of passes over the sequences. Only used when `plasticity` is not None.
    plasticity_rate : float > 0, default=1e-4
        Learning rate of the rule at each time step. Only used when `plasticity` is not None.
    pooling : {"last", "mean", "model_space"}, default=None
        How the states of a sequence become one vector:

        - None: they do not, `transform` returns the states at all time steps.
        - "last": the state after the last time step (of the backward direction: after the first).
        - "mean": the mean of the states.
        - "model_space": the coefficients of the linear model that best predicts the next state
          of the sequence, on at most 75 principal components of the states [6]_.
    chunk_overlap : int, default=None
        Number of warm-up time steps of each chunk, if one long series is split into up to 32
        chunks that run side by side. Only used for a single series without noise whose states at
        all time steps are needed. A chunk begins this many time steps early, at zero. The overlap
        is doubled until the states after it no longer depend on the initial state (to 32 units in
        the last place); if it becomes too long, the series runs as a whole. If a chunk begins in
        another state than the chunk before it ended in, a ValueError is raised. So results are
        equal to that precision, not to the last bit. If None, a series always runs as a whole.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the states and of the inputs.
    random_state : int, RandomState instance or None, default=None
        Controls the weights and the noise. Pass an int for results that are equal to the last bit
        across calls on one machine.

    Attributes
    ----------
    layers_ : tuple of Layer
        The weights of each layer as arrays: `recurrent_weights`, `input_weights`, `bias`,
        `leak_rate` and `feedback_weights`.
    backward_layers_ : tuple of Layer
        The layers that read from the end. It is empty if `bidirectional=False`.
    n_features_in_ : int
        Number of features of a time step, or of columns if X was a table of univariate sequences.
    feature_names_in_ : ndarray of str
        Column names, if X was a table that has them.

    See Also
    --------
    EchoStateRegressor, EchoStateClassifier : A reservoir with a linear readout.
    LiquidStateMachine : A reservoir of spiking units.

    Notes
    -----
    The state x(t) of a layer with the input u(t) is [2]_

    .. math:: x(t) = (1 - a) \, x(t-1)
              + a \, f(W x(t-1) + W_{in} u(t) + W_{fb} y(t-1) + b), \qquad x(-1) = 0,

    with the leak rate a, the activation f, and the output y(t) of the readout (only with feedback).

    A list of SciPy sparse matrices of one-hot rows is read as codes: each time step selects one
    column of the input weights, and no dense time step is made.

    References
    ----------
    .. [1] H. Jaeger, "The echo state approach to analysing and training recurrent neural
       networks", GMD report 148, 2001.
    .. [2] M. Lukoševičius, "A practical guide to applying echo state networks", Neural Networks:
       Tricks of the Trade, 2012, eq. 2 and 3.
    .. [3] A. Rodan, P. Tiňo, "Minimum complexity echo state network", IEEE Transactions on Neural
       Networks 22, 2011.
    .. [4] C. Gallicchio, A. Micheli, L. Pedrelli, "Deep reservoir computing: a critical
       experimental analysis", Neurocomputing 268, 2017.
    .. [5] B. Schrauwen et al., "Improving reservoirs using intrinsic plasticity", Neurocomputing
       71, 2008.
    .. [6] F. M. Bianchi et al., "Reservoir computing approaches for representation and
       classification of multivariate time series", IEEE Transactions on Neural Networks and
       Learning Systems 32, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.reservoir import Reservoir
    >>> X = [np.sin(np.arange(30)), np.sin(0.5 * np.arange(20))]
    >>> reservoir = Reservoir(units=50, random_state=0).fit(X)
    >>> [states.shape for states in reservoir.transform(X)]
    [(30, 50), (20, 50)]
    >>> reservoir.set_params(pooling="mean").fit_transform(X).shape
    (2, 50)
    """

    _parameter_constraints: dict = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "spectral_radius": [Interval(Real, 0, None, closed="neither"), None],
        "leak_rate": [Interval(Real, 0, 1, closed="right"), "array-like"],
        "input_scaling": [Interval(Real, 0, None, closed="left"), "array-like"],
        "bias_scaling": [Interval(Real, 0, None, closed="left")],
        "connectivity": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
        ],
        "topology": [StrOptions(set(TOPOLOGIES)), "array-like", "sparse matrix", callable],
        "input_weights": [
            StrOptions({"uniform", "binary", "normal"}),
            "array-like",
            "sparse matrix",
            callable,
        ],
        "activation": [StrOptions(set(ACTIVATIONS)), callable],
        "feedback_scaling": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "washout": [Interval(Integral, 0, None, closed="left")],
        "bidirectional": ["boolean"],
        "layers": [Interval(Integral, 1, None, closed="left")],
        "plasticity": [StrOptions({"intrinsic", "oja", "anti_hebbian"}), None],
        "plasticity_epochs": [Interval(Integral, 1, None, closed="left")],
        "plasticity_rate": [Interval(Real, 0, None, closed="neither")],
        "pooling": [StrOptions({"last", "mean", "model_space"}), None],
        "chunk_overlap": [Interval(Integral, 1, None, closed="left"), None],
        "dtype": [StrOptions({"float32", "float64"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        units=500,
        spectral_radius=0.9,
        leak_rate=1.0,
        input_scaling=1.0,
        bias_scaling=0.2,
        connectivity=10,
        topology="random",
        input_weights="uniform",
        activation="tanh",
        feedback_scaling=0.0,
        noise=0.0,
        washout=0,
        bidirectional=False,
        layers=1,
        plasticity=None,
        plasticity_epochs=1,
        plasticity_rate=1e-4,
        pooling=None,
        chunk_overlap=None,
        dtype="float32",
        random_state=None,
    ):
        set_parameters(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Draw the weights, and adapt them to the sequences if `plasticity` is set.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences. Without `plasticity` and `pooling="model_space"`, only their number of
            features is used.
        y : None
            Ignored.

        Returns
        -------
        self : Reservoir

        Raises
        ------
        ValueError
            If a parameter or X is not valid, or if `feedback_scaling` is positive. The estimator
            then stays as it was.
        """
        if self.feedback_scaling > 0:
            raise ValueError(
                f"feedback_scaling={self.feedback_scaling} feeds outputs back, but a Reservoir "
                "alone has no outputs. Use EchoStateRegressor or EchoStateClassifier with "
                "reservoir=Reservoir(...)."
            )
        draft = snapshot(self)
        fresh = StepFormat(tokens=False, codes=True, dtype=draft.dtype)
        sequences = read_inputs(draft, X, fresh=fresh).sequences
        dynamics = draw_dynamics(draft, sequences, draft._step_format.n_features)
        replace_fitted(self, draft, **attributes_of(dynamics))
        return self

    def transform(self, X):
        """Return the states of sequences, each of which begins at a zero state.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray or the container of X
            Without `pooling`, the states at all time steps, (T_i, n_states), in the same kind of
            container as X (an array (n, T, n_states) for an array). With "last" or "mean" an array
            (n, n_states), with "model_space" an array (n, n_components * (n_components + 1)).
        """
        fitted = fitted_snapshot(self)
        dynamics = fitted._dynamics()
        check_no_feedback(dynamics)
        sequences = read_inputs(fitted, X).sequences
        if fitted.pooling is not None:
            return dynamics.pool(sequences, fitted.pooling).astype(dynamics.dtype)
        return wrap_like(dynamics.states(sequences), array_like(X))

    def _dynamics(self):
        """Return the drawn weights and the parameters of `transform` as a value."""
        state = vars(self).copy()
        return Dynamics(
            layers=state["layers_"],
            backward_layers=state["backward_layers_"],
            activation=state["_activation"],
            dtype=state["_dtype"],
            seed=state["_seed"],
            model_space=state["_model_space"],
            noise=state["noise"],
            washout=state["washout"],
            chunk_overlap=state["chunk_overlap"],
        )

    @property
    def n_states_(self):
        """Number of states of a time step: the units of all layers and of both directions."""
        return sum(layer.units for layer in (*self.layers_, *self.backward_layers_))

    @property
    def _n_features_out(self):
        is_model = self.pooling == "model_space" and self._model_space is not None
        return self._model_space.n_features if is_model else self.n_states_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def attributes_of(dynamics):
    """Return the fitted attributes of a `Reservoir` that has these dynamics, by name.

    The activation and the dtype are stored apart from the parameters, so that parameters that are
    set after a fit have no effect on the states before the next one.
    """
    return {
        "layers_": dynamics.layers,
        "backward_layers_": dynamics.backward_layers,
        "_activation": dynamics.activation,
        "_dtype": dynamics.dtype,
        "_seed": dynamics.seed,
        "_model_space": dynamics.model_space,
    }


def as_fitted(reservoir, dynamics, step_format, n_features_in):
    """Return a reservoir with the fitted attributes that belong to these dynamics.

    Parameters
    ----------
    reservoir : Reservoir
        Not fitted. Its attributes are set.
    dynamics : Dynamics
    step_format : StepFormat
    n_features_in : int
    """
    attributes = {"n_features_in_": n_features_in, "_step_format": step_format}
    vars(reservoir).update(attributes_of(dynamics) | attributes)
    return reservoir


def check_no_feedback(dynamics):
    """Check that states follow from inputs alone.

    Raises
    ------
    ValueError
    """
    if dynamics.has_feedback:
        raise ValueError(
            "The states of a reservoir with feedback depend on outputs, which only an echo state "
            "estimator has. Use its method hidden_states."
        )
