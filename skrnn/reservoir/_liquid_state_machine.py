"""`LiquidStateMachine`: a reservoir of spiking units, as a transformer for any readout."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import all_or_nothing, draw_seed
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._sequence_transformer import SequenceTransformerMixin
from skrnn.preprocessing._time_distributed import drop_unused_steps
from skrnn.reservoir._spikes import (
    draw_input_links,
    draw_links,
    encoder,
    grid_positions,
    scale_to_unit,
)
from skrnn.reservoir._spiking_units import Liquid, readings
from skrnn.sequences import Sequences
from skrnn.sequences._containers import array_like, wrap_like
from skrnn.sequences._inputs import StepFormat, read_inputs

__all__ = ["LiquidStateMachine"]


class LiquidStateMachine(ClassNamePrefixFeaturesOutMixin, SequenceTransformerMixin, BaseEstimator):
    """Reservoir of spiking units that turns sequences into filtered spike trains.

    Leaky integrate-and-fire units stand on a three-dimensional grid and are linked at random, near
    ones more often than far ones [1]_. Each step of a sequence is encoded as spikes and lasts some
    milliseconds; what the units fire meanwhile is filtered and read at its end. Nothing is learned
    but the range of each feature: a readout, such as a
    :class:`~sklearn.linear_model.LogisticRegression`, learns on what comes out.

    Parameters
    ----------
    units : int or tuple of 3 int, default=135
        A number of units fills a column of layers of 3 × 3 units, as 135 = 15 · 3 · 3 do in [1]_.
        A tuple is the shape of a grid, all of whose places are filled.
    encoding : {"rate", "latency"}, default="rate"
        How a value becomes spikes of its feature. "rate": at random, with a rate in proportion to
        the value. "latency": one spike a step, the earlier the larger the value.
    max_rate : float in (0, 1000], default=200.0
        Spikes a second (Hz) of the largest value, for `encoding="rate"`.
    step_duration : int, default=20
        Milliseconds that a step lasts. The simulation has one tick a millisecond.
    input_scaling : float >= 0, default=2.0
        Factor of the strengths of input links; see Notes.
    weight_scaling : float >= 0, default=0.1
        Factor of the strengths of links between units; 0: the units do not hear each other.
    link_distance : float > 0, default=2.0
        How far links reach, λ in C exp(-(d/λ)²), the probability of a link over the distance d.
    inhibitory : float in [0, 1], default=0.2
        Share of inhibitory units.
    filter_time : float > 0, default=30.0
        Time constant, in milliseconds, of the exponential filter: a feature is the sum of
        exp(-age / filter_time) over all spikes of a unit so far.
    pooling : {"mean", "last"} or None, default="mean"
        "mean": one vector a sequence, the mean over its steps; "last": what is read after its last
        step. None: what is read at the end of each step.
    random_state : int, RandomState instance or None, default=None
        Seeds the links and the random spikes. With an int results are equal to the last bit on one
        machine.

    Attributes
    ----------
    positions_ : ndarray of int of shape (n_units, 3)
        Where the units stand.
    is_inhibitory_ : ndarray of bool of shape (n_units,)
        Which units are inhibitory.
    links_ : csr_array of shape (n_units, n_units)
        Strengths in nA, scaled. The row hears the column.
    input_links_ : ndarray of shape (n_units, n_features)
        Strengths in nA, scaled.
    feature_min_, feature_max_ : ndarray of shape (n_features,)
        The range of each feature in `fit`, which is encoded as 0 to 1. What lies outside is clipped
        to it.
    n_features_in_ : int
        Width of a table of univariate sequences, else features of a step.
    feature_names_in_ : ndarray of str
        Column names, where X was a table that has them.

    See Also
    --------
    Reservoir : A reservoir of units with continuous states.

    Notes
    -----
    The units have a membrane time constant of 30 ms, a threshold 1.5 mV above the potential to
    which they are reset and at which they rest, and a refractory period of 3 ms (inhibitory ones
    2 ms). Currents decay with 3 ms (of inhibitory units 6 ms). C is 0.3 between excitatory units,
    0.2 from excitatory to inhibitory ones, 0.4 back and 0.1 between inhibitory ones; the mean
    strengths are 30, 60, -19 and -19 nA, times `weight_scaling`. In [1]_ synapses tire, and soon
    pass on a small part of their strength; here they do not, and the default scaling stands for it.

    A feature is heard by 30 % of the units, with a mean strength of 18 nA (inhibitory ones 9 nA),
    times `input_scaling` and divided by the number of features that a unit hears on average, if
    that is above 1.

    The random numbers of `encoding="rate"` are drawn again from the same seed in every `transform`,
    one for each millisecond since the beginning of a sequence and each feature, and all sequences
    share them. So a sequence gets the same features alone, in any batch and in any order, and
    sequences differ by their values and never by their noise.

    The mean over the steps says how often a unit fires, and all steps count in it. What is read
    last has seen hardly more than the last 100 ms, a few steps, and few spikes of each unit. Hence
    the default.

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

    _parameter_constraints: dict = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "encoding": [StrOptions({"rate", "latency"})],
        "max_rate": [Interval(Real, 0, 1000, closed="right")],
        "step_duration": [Interval(Integral, 1, None, closed="left")],
        "input_scaling": [Interval(Real, 0, None, closed="left")],
        "weight_scaling": [Interval(Real, 0, None, closed="left")],
        "link_distance": [Interval(Real, 0, None, closed="neither")],
        "inhibitory": [Interval(Real, 0, 1, closed="both")],
        "filter_time": [Interval(Real, 0, None, closed="neither")],
        "pooling": [StrOptions({"mean", "last"}), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        units=135,
        encoding="rate",
        max_rate=200.0,
        step_duration=20,
        input_scaling=2.0,
        weight_scaling=0.1,
        link_distance=2.0,
        inhibitory=0.2,
        filter_time=30.0,
        pooling="mean",
        random_state=None,
    ):
        self.units = units
        self.encoding = encoding
        self.max_rate = max_rate
        self.step_duration = step_duration
        self.input_scaling = input_scaling
        self.weight_scaling = weight_scaling
        self.link_distance = link_distance
        self.inhibitory = inhibitory
        self.filter_time = filter_time
        self.pooling = pooling
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the range of each feature, and draw the links.

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
            If a parameter or X is not as it should be.
        """
        positions = grid_positions(self.units)
        with all_or_nothing(self):
            sequences = self._read(X, fresh=StepFormat(tokens=False, codes=False, dtype="float64"))
            self.feature_min_ = sequences.values.min(axis=0)
            self.feature_max_ = sequences.values.max(axis=0)
            self._seed = draw_seed(self.random_state)
            self._draw(positions, np.random.default_rng(self._seed))
        return self

    def transform(self, X):
        """Return the filtered spike trains that sequences lead to, each from rest.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray or the container that X is
            With `pooling` a float32 array (n, n_units); else the features at the end of each step,
            (T_i, n_units), in the kind of container that X is (an array (n, T, n_units) for an
            array).

        Raises
        ------
        ValueError
            If X is no valid batch of sequences, or has other features than in `fit`.
        """
        check_is_fitted(self)
        sequences = self._read(X)
        values = scale_to_unit(sequences.values, self.feature_min_, self.feature_max_)
        sequences = sequences.with_values(values)
        if self.pooling is not None:
            return self._pool(sequences)
        return wrap_like(self._steps(sequences), array_like(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self):
        return len(self.positions_)

    def _read(self, X, *, fresh=None):
        """Return X as sequences, of which every value belongs to one at least."""
        return drop_unused_steps(read_inputs(self, X, fresh=fresh).sequences)

    def _draw(self, positions, rng):
        units = len(positions)
        is_inhibitory = rng.permutation(units) < round(self.inhibitory * units)
        links = draw_links(positions, is_inhibitory, self.link_distance, rng)
        input_links = draw_input_links(is_inhibitory, len(self.feature_min_), rng)
        self.positions_ = positions
        self.is_inhibitory_ = is_inhibitory
        self.links_ = links * self.weight_scaling
        self.input_links_ = input_links * self.input_scaling

    def _readings(self, sequences):
        """Yield the filtered spikes of sequences in [0, 1], step by step; see `readings`."""
        liquid = Liquid(self.links_, self.input_links_, self.is_inhibitory_, self.filter_time)
        how = (self.encoding, self.step_duration, self.max_rate, (self._seed, 1))
        return readings(liquid, sequences, lambda: encoder(*how))

    def _steps(self, sequences):
        """Return the features at the end of each step, as sequences."""
        lengths = sequences.lengths
        starts = np.cumsum(lengths) - lengths
        features = np.empty((lengths.sum(), self._n_features_out), np.float32)
        for which, step, filtered in self._readings(sequences):
            features[starts[which] + step] = filtered
        return Sequences(features, starts, lengths)

    def _pool(self, sequences):
        """Return one vector a sequence."""
        pooled = np.zeros((len(sequences), self._n_features_out))
        for which, _, filtered in self._readings(sequences):
            if self.pooling == "last":
                pooled[which] = filtered
            else:
                pooled[which] += filtered
        if self.pooling == "mean":
            pooled /= sequences.lengths[:, None]
        return pooled.astype(np.float32)
