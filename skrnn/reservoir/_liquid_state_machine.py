"""`LiquidStateMachine`: a reservoir of spiking units, as a transformer for any classifier."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from skrnn._fitting import all_or_nothing, draw_seed, fitted_snapshot
from skrnn._parameters import parameter, with_parameters
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._sequence_transformer import TableTransformerMixin
from skrnn.preprocessing._step_tables import drop_unused_steps
from skrnn.reservoir._spike_encoding import make_encoder, scale_to_unit
from skrnn.reservoir._spiking_connections import (
    draw_connections,
    draw_input_connections,
    grid_positions,
)
from skrnn.reservoir._spiking_units import SpikingNetwork, simulate
from skrnn.sequences import Sequences
from skrnn.sequences._containers import array_like, wrap_like
from skrnn.sequences._inputs import StepFormat, read_inputs
from skrnn.sequences._sequences import offsets_of


@with_parameters
class LiquidStateMachine(ClassNamePrefixFeaturesOutMixin, TableTransformerMixin, SavedEstimator):
    r"""Reservoir of spiking units that turns sequences into filtered spike trains.

    Leaky integrate-and-fire units on a three-dimensional grid are connected at random, near units
    more often than distant ones [1]_. Each time step of a sequence is encoded as spikes and lasts
    some milliseconds; the spikes of the units are filtered and read at its end. `fit` learns only
    the range of each feature. A classifier such as
    :class:`~sklearn.linear_model.LogisticRegression` is trained on the result.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    positions_ : ndarray of int of shape (n_units, 3)
        Positions of the units on the grid.
    is_inhibitory_ : ndarray of bool of shape (n_units,)
        Which units are inhibitory.
    recurrent_weights_ : csr_array of shape (n_units, n_units)
        Scaled weights in nA. Row i holds the weights of the connections to unit i.
    input_weights_ : ndarray of shape (n_units, n_features)
        Scaled weights in nA.
    feature_min_, feature_max_ : ndarray of shape (n_features,)
        Range of each feature in `fit`, which is encoded as 0 to 1. Values outside it are clipped.
    n_features_in_ : int
        Number of features of a time step, or of columns if X was a table of univariate sequences.
    feature_names_in_ : ndarray of str
        Column names, if X was a table that has them.

    See Also
    --------
    Reservoir : A reservoir of units with continuous states.

    Notes
    -----
    Between spikes, the potential V of a unit with the synaptic current I follows

    .. math:: 30 \, ms \cdot \frac{dV}{dt} = -V + 1 \, M\Omega \cdot I.

    At 1.5 mV the unit fires and is reset to 0, where it stays for 3 ms (inhibitory units 2 ms).
    Currents decay with a time constant of 3 ms (from inhibitory units 6 ms). Two units at the
    distance d are connected with the probability

    .. math:: C \exp \big( -(d / \lambda)^2 \big),

    with C = 0.3 between excitatory units, 0.2 from excitatory to inhibitory units, 0.4 from
    inhibitory to excitatory units and 0.1 between inhibitory units. The mean strengths are 30, 60,
    -19 and -19 nA, times `weight_scaling`. In [1]_ synapses are dynamic, and soon transmit only a
    small part of their strength; here they are static, and the default scaling takes account of
    that.

    Each feature is connected to 30 % of the units, with a mean strength of 18 nA (inhibitory units
    9 nA), times `input_scaling` and divided by the mean number of features that a unit receives, if
    that is above 1.

    The random numbers of `encoding="rate"` are drawn again from the same seed in every `transform`,
    one for each feature and each millisecond since the beginning of a sequence. All sequences share
    them. So the features of a sequence are the same if it is passed alone, in any batch or in any
    order, and sequences differ only by their values, not by their noise.

    The mean over the time steps measures how often a unit fires, and all time steps count in it.
    The features after the last time step depend on little more than the last 100 ms, which are a
    few time steps with few spikes of each unit. Hence "mean" is the default of `pooling`.

    References
    ----------
    .. [1] W. Maass, T. Natschläger, H. Markram, "Real-time computing without stable states: a new
       framework for neural computation based on perturbations", Neural Computation 14, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn.reservoir import LiquidStateMachine
    >>> slow = [np.sin(0.3 * np.arange(20 + i)) for i in range(10)]
    >>> fast = [np.sin(1.2 * np.arange(20 + i)) for i in range(10)]
    >>> liquid = LiquidStateMachine(random_state=0)
    >>> liquid.fit_transform(slow + fast).shape
    (20, 135)
    >>> model = make_pipeline(liquid, StandardScaler(), LogisticRegression())
    >>> model.fit(slow + fast, ["slow"] * 10 + ["fast"] * 10).predict([np.sin(0.4 * np.arange(25))])
    array(['slow'], dtype='<U4')
    """

    units: object = parameter(
        default=135,
        constraint=[Interval(Integral, 1, None, closed="left"), tuple, list],
        description="""
        int or tuple of 3 int
        Number of units, or shape of the grid. An int is a number of units, which fill layers of 3
        by 3 units one after another, as 135 = 15 · 3 · 3 in [1]_. A tuple is the shape of a grid
        with a unit at each position.
        """,
    )
    encoding: object = parameter(
        default="rate",
        constraint=[StrOptions({"rate", "latency"})],
        description="""
        {"rate", "latency"}
        How a value becomes spikes of its feature. With "rate", they are random, at a rate that is
        proportional to the value. With "latency", there is one spike per time step, the earlier
        the larger the value.
        """,
    )
    max_rate: object = parameter(
        default=200.0,
        constraint=[Interval(Real, 0, 1000, closed="right")],
        description="""
        float in (0, 1000]
        Spikes per second (Hz) of the largest value. Only used when `encoding="rate"`.
        """,
    )
    step_duration: object = parameter(
        default=20,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        Duration of a time step in milliseconds. The simulation has one tick per millisecond.
        """,
    )
    input_scaling: object = parameter(
        default=2.0,
        constraint=[Interval(Real, 0, None, closed="left")],
        description="""
        float >= 0
        Factor of the input weights; see Notes.
        """,
    )
    weight_scaling: object = parameter(
        default=0.1,
        constraint=[Interval(Real, 0, None, closed="left")],
        description="""
        float >= 0
        Factor of the recurrent weights. With 0 the units have no effect on each other.
        """,
    )
    connection_distance: object = parameter(
        default=2.0,
        constraint=[Interval(Real, 0, None, closed="neither")],
        description="""
        float > 0
        The length λ in the probability of a connection: the larger it is, the more likely are
        connections between distant units.
        """,
    )
    inhibitory: object = parameter(
        default=0.2,
        constraint=[Interval(Real, 0, 1, closed="both")],
        description="""
        float in [0, 1]
        Fraction of inhibitory units.
        """,
    )
    filter_time: object = parameter(
        default=30.0,
        constraint=[Interval(Real, 0, None, closed="neither")],
        description="""
        float > 0
        Time constant of the exponential filter in milliseconds. A feature is the sum of
        exp(-age / filter_time) over all spikes of a unit so far.
        """,
    )
    pooling: object = parameter(
        default="mean",
        constraint=[StrOptions({"mean", "last"}), None],
        description="""
        {"mean", "last"} or None
        How the features of a sequence become one vector: "mean" is the mean over its time steps,
        "last" the features after its last time step. If None, the features at the end of each time
        step are returned.
        """,
    )
    random_state: object = parameter(
        default=None,
        constraint=["random_state"],
        description="""
        int, RandomState instance or None
        Controls the connections and the random spikes. Pass an int for results that are equal to
        the last bit across calls on one machine.
        """,
    )

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the range of each feature, and draw the connections.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        self : LiquidStateMachine

        Raises
        ------
        ValueError
            If a parameter or X is not valid. The estimator then does not change.
        """
        with all_or_nothing(self) as draft:
            fresh = StepFormat(tokens=False, codes=False, dtype="float64")
            draft.positions_ = grid_positions(draft.units)
            values = draft._validate_X(X, fresh=fresh).values
            draft._forget_stored_version()
            draft.feature_min_, draft.feature_max_ = values.min(axis=0), values.max(axis=0)
            draft._seed = draw_seed(draft.random_state)
            rng = np.random.default_rng(draft._seed)
            vars(draft).update(draft._draw_weights(draft.positions_, values.shape[1], rng))
        return self

    def transform(self, X):
        """Return the filtered spike trains of sequences, each of which begins at rest.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray or the container of X
            With `pooling`, a float32 array (n, n_units). Otherwise, the features at the end of each
            time step, of shape (T_i, n_units), are returned in the same kind of container as X: an
            array of shape (n, T, n_units) if X is an array.

        Raises
        ------
        ValueError
            If X is not a valid batch of sequences, or has other features than in `fit`.
        """
        fitted = fitted_snapshot(self)
        sequences = fitted._validate_X(X)
        values = scale_to_unit(sequences.values, fitted.feature_min_, fitted.feature_max_)
        sequences = sequences.with_values(values)
        if fitted.pooling is not None:
            return fitted._pool(sequences)
        return wrap_like(fitted._features_of_steps(sequences), array_like(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _takes_static(self):
        return self.pooling is None

    @property
    def _returns_table(self):
        return self.pooling is not None

    @property
    def _n_features_out(self):
        return len(self.positions_)

    def _validate_X(self, X, *, fresh=None):
        """Return X as sequences without values that belong to no sequence."""
        return drop_unused_steps(read_inputs(self, X, fresh=fresh).sequences)

    def _draw_weights(self, positions, n_features, rng):
        """Return the drawn and scaled weights as fitted attributes, by name."""
        units = len(positions)
        is_inhibitory = rng.permutation(units) < round(self.inhibitory * units)
        recurrent = draw_connections(positions, is_inhibitory, self.connection_distance, rng)
        inputs = draw_input_connections(is_inhibitory, n_features, rng)
        return {
            "is_inhibitory_": is_inhibitory,
            "recurrent_weights_": recurrent * self.weight_scaling,
            "input_weights_": inputs * self.input_scaling,
        }

    def _simulate(self, sequences):
        """Yield the filtered spikes of sequences of values in [0, 1]; see `simulate`."""
        network = SpikingNetwork(
            self.recurrent_weights_, self.input_weights_, self.is_inhibitory_, self.filter_time
        )
        encoding = (self.encoding, int(self.step_duration), self.max_rate, (self._seed, 1))
        return simulate(network, sequences, lambda: make_encoder(*encoding))

    def _features_of_steps(self, sequences):
        """Return the features at the end of each time step, as sequences."""
        lengths = sequences.lengths
        starts = offsets_of(lengths)
        features = np.empty((lengths.sum(), self._n_features_out), np.float32)
        for which, step, filtered in self._simulate(sequences):
            features[starts[which] + step] = filtered
        return Sequences(features, starts, lengths)

    def _pool(self, sequences):
        """Return one vector for each sequence."""
        pooled = np.zeros((len(sequences), self._n_features_out))
        for which, _, filtered in self._simulate(sequences):
            if self.pooling == "last":
                pooled[which] = filtered
            else:
                pooled[which] += filtered
        if self.pooling == "mean":
            pooled /= sequences.lengths[:, None]
        return pooled.astype(np.float32)
