"""`Reservoir`: a fixed recurrent network, as a transformer from sequences to states."""

from sklearn.base import ClassNamePrefixFeaturesOutMixin

from skrnn._fitting import all_or_nothing, fitted_snapshot, snapshot
from skrnn._parameters import with_parameters
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import _fit_context
from skrnn.preprocessing._sequence_transformer import TableTransformerMixin
from skrnn.reservoir._dynamics import Dynamics, draw_dynamics
from skrnn.reservoir._pooling import pooling_kinds
from skrnn.reservoir._reservoir_parameters import ReservoirParameters
from skrnn.sequences._containers import array_like, wrap_like
from skrnn.sequences._inputs import StepFormat, read_inputs


@with_parameters
class Reservoir(
    ReservoirParameters, ClassNamePrefixFeaturesOutMixin, TableTransformerMixin, SavedEstimator
):
    r"""Fixed recurrent network that turns sequences into sequences of states.

    The weights are drawn once. They are not trained, but `plasticity` can adapt them [1]_.

    Parameters
    ----------
    {parameters}

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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Draw the weights, and adapt them to the sequences if `plasticity` is set.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences. Without `plasticity` and "model_space" in `pooling`, only their number of
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
            then does not change.
        """
        if self.feedback_scaling > 0:
            raise ValueError(
                f"feedback_scaling={self.feedback_scaling} feeds outputs back, but a Reservoir "
                "alone has no outputs. Use EchoStateRegressor or EchoStateClassifier with "
                "reservoir=Reservoir(...)."
            )
        with all_or_nothing(self) as draft:
            draft._forget_stored_version()
            fresh = StepFormat(tokens=False, codes=True, dtype=draft.dtype)
            sequences = read_inputs(draft, X, fresh=fresh).sequences
            dynamics = draw_dynamics(draft, sequences, draft._step_format.n_features)
            vars(draft).update(attributes_of(dynamics))
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
            Without `pooling`, the states at all time steps, of shape (T_i, n_states), in the same
            kind of container as X: an array of shape (n, T, n_states) if X is an array. With
            `pooling`, an array of shape (n, n_states) for "last", "mean" and "std", and of shape
            (n, n_components * (n_components + 1)) for "model_space". Several are side by side.
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
        fitted = snapshot(self)
        return Dynamics(
            layers=fitted.layers_,
            backward_layers=fitted.backward_layers_,
            activation=fitted._activation,
            dtype=fitted._dtype,
            seed=fitted._seed,
            model_space=fitted._model_space,
            noise=fitted.noise,
            washout=fitted.washout,
            chunk_overlap=fitted.chunk_overlap,
        )

    @property
    def n_states_(self):
        """Number of states of a time step: the units of all layers and of both directions."""
        return sum(layer.units for layer in (*self.layers_, *self.backward_layers_))

    @property
    def _takes_static(self):
        return self.pooling is None

    @property
    def _returns_table(self):
        return self.pooling is not None

    @property
    def _n_features_out(self):
        dynamics = self._dynamics()
        is_learned = "model_space" not in pooling_kinds(self.pooling) or dynamics.model_space
        return dynamics.n_pooled(self.pooling) if self.pooling and is_learned else self.n_states_

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
        A reservoir that is not fitted. Its fitted attributes are set.
    dynamics : Dynamics
    step_format : StepFormat
    n_features_in : int
    """
    attributes = {"n_features_in_": n_features_in, "_step_format": step_format}
    vars(reservoir).update(attributes_of(dynamics) | attributes)
    return reservoir


def check_no_feedback(dynamics):
    """Check that the states depend only on the inputs.

    Raises
    ------
    ValueError
    """
    if dynamics.has_feedback:
        raise ValueError(
            "The states of a reservoir with feedback depend on outputs, which only an echo state "
            "estimator has. Use its method hidden_states."
        )
