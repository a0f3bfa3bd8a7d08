"""`Reservoir`: all that shapes the dynamics, as a transformer from sequences to states."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import all_or_nothing, draw_seed
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._sequence_transformer import SequenceTransformerMixin
from skrnn.reservoir._chunks import chunked_pieces
from skrnn.reservoir._dynamics import ACTIVATIONS, Drive, pieces_of
from skrnn.reservoir._layers import check_together, draw_layers
from skrnn.reservoir._matrices import TOPOLOGIES
from skrnn.reservoir._plasticity import from_the_end, learn
from skrnn.reservoir._pooling import ModelSpace, Pool, check_washout
from skrnn.sequences import Sequences
from skrnn.sequences._containers import array_like, wrap_like
from skrnn.sequences._inputs import StepFormat, read_inputs

__all__ = ["Reservoir"]


class Reservoir(ClassNamePrefixFeaturesOutMixin, SequenceTransformerMixin, BaseEstimator):
    """Fixed recurrent network that turns sequences into sequences of states.

    Its weights are drawn once and, but for `plasticity`, never learned [1]_. With a the leak rate
    and f the activation, the state of a layer is [2]_

        x(t) = (1 - a) x(t-1) + a f(W x(t-1) + W_in u(t) + W_fb y(t-1) + b),  x(-1) = 0

    Parameters
    ----------
    units : int or tuple of int, default=500
        Units of a layer; a tuple has a number for each layer.
    spectral_radius : float > 0 or None, default=0.9
        Largest absolute eigenvalue that W is scaled to; None: W stays as it was drawn or given.
        Of a delay line, which has no cycle, it is the weight of the links.
    leak_rate : float in (0, 1], array of shape (units,) or sequence, default=1.0
        How much of a state is new at each step: one rate, one for each unit of a single layer, or
        with several layers one (a rate or an array) for each of them.
    input_scaling : float or array of shape (n_features,), default=1.0
        Factor of the input weights, for all features or each. Links between layers are scaled by
        its mean, and by the number of units below, so that they are worth one input together.
    bias_scaling : float, default=0.2
        The biases b are uniform in plus or minus this.
    connectivity : int or float in (0, 1], default=10
        Links that a unit hears, as a number or as a share of all units, for `topology="random"`.
    topology : {"random", "cycle", "delay_line", "orthogonal"}, matrix or callable, \
default="random"
        "random": weights uniform in [-1, 1], `connectivity` of them for each unit, from units at
        distances that are drawn once for all units (a product then runs along memory).
        "cycle", "delay_line": each unit hears the one before it, in a ring or in a line [3]_.
        "orthogonal": a random orthogonal matrix. A matrix of shape (units, units), dense or
        sparse, is W; a callable ``topology(units, rng)`` returns it.
    input_weights : {"uniform", "binary", "normal"}, array or callable, default="uniform"
        How the input weights of the first layer are drawn before scaling: uniform in [-1, 1], -1
        or 1, or standard normal. An array of shape (units, n_features) is W_in; a callable
        ``input_weights(units, n_features, rng)`` returns it.
    activation : {"tanh", "relu", "identity", "logistic"} or callable, default="tanh"
        f, by its name in scikit-learn, or a function of an array that returns one like it.
    feedback_scaling : float, default=0.0
        The feedback weights are uniform in plus or minus this; 0: outputs are not fed back. Only
        the estimators know outputs, so a reservoir with feedback is for them.
    noise : float, default=0.0
        Standard deviation of normal noise inside f while an estimator is trained. With noise, a
        fit in parts is not that at once.
    washout : int, default=0
        Steps at the beginning of each sequence that train no readout and are in no mean.
    bidirectional : bool, default=False
        A second reservoir reads each sequence from its end; its states stand beside the first's.
    layers : int, default=1
        Layers of a deep reservoir [4]_: each reads the states of the one below, and all their
        states stand side by side.
    plasticity : {"intrinsic", "oja", "anti_hebbian"}, default=None
        How `fit` adapts the reservoir to the sequences: gains and biases of units towards a normal
        (tanh) or exponential (logistic) distribution of their outputs [5]_; or the recurrent
        weights by Oja's rule or by its opposite, after · before with a minus sign. They are not
        scaled again.
    plasticity_epochs : int, default=1
        Passes over the sequences.
    plasticity_rate : float > 0, default=1e-4
        Learning rate of the rule, at each step.
    pooling : {"last", "mean", "states"}, default=None
        None: `transform` returns the state at each step. "last", "mean": one vector a sequence,
        the state after its last step (of the backward direction: after its first), or the mean of
        its states. "states": the linear model that
        best predicts a sequence's next state, on at most 75 principal components of the states
        (reservoir model space [6]_).
    chunk_overlap : int, default=None
        Cut one long series in up to 32 chunks that run side by side, where states are read at each
        step and there is no noise. A chunk begins this many steps before its place, at zero; the
        steps are doubled until states from zero and from a random start agree there to 32 units in
        the last place, and if they do not the series is run whole. Where a chunk's state at its
        place is not that in which the chunk before it ended, to the same precision, a ValueError
        is raised. So results are equal to that precision, not to the last bit. None: never.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the states, and of the inputs as they are read.
    random_state : int, RandomState instance or None, default=None
        Seeds the weights, and the noise. With an int results are equal to the last bit on one
        machine.

    Attributes
    ----------
    layers_ : tuple of Layer
        The weights, each a plain array: `recurrent`, `input_weights`, `bias`, `leak_rate` and
        `feedback`.
    backward_layers_ : tuple of Layer
        Those that read from the end; empty if `bidirectional` is False.
    n_features_in_ : int
        Width of a table of univariate sequences, else features of a step.
    feature_names_in_ : ndarray of str
        Column names, where X was a table that has them.

    See Also
    --------
    EchoStateRegressor, EchoStateClassifier : A reservoir with a linear readout.
    LiquidStateMachine : A reservoir of spiking units.

    Notes
    -----
    A list of SciPy sparse matrices of one-hot rows is read as codes: a step takes one column of
    the input weights, and no dense step is made.

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
        "pooling": [StrOptions({"last", "mean", "states"}), None],
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
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak_rate = leak_rate
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.connectivity = connectivity
        self.topology = topology
        self.input_weights = input_weights
        self.activation = activation
        self.feedback_scaling = feedback_scaling
        self.noise = noise
        self.washout = washout
        self.bidirectional = bidirectional
        self.layers = layers
        self.plasticity = plasticity
        self.plasticity_epochs = plasticity_epochs
        self.plasticity_rate = plasticity_rate
        self.pooling = pooling
        self.chunk_overlap = chunk_overlap
        self.dtype = dtype
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Draw the weights, and let them learn where `plasticity` says so.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences. Without plasticity and model space only their number of features counts.
        y : None
            Ignored.

        Returns
        -------
        self : Reservoir

        Raises
        ------
        ValueError
            If a parameter or X is not as it should be, or `feedback_scaling` asks for outputs.
        """
        if self.feedback_scaling > 0:
            raise ValueError(
                f"feedback_scaling={self.feedback_scaling} feeds outputs back, which a Reservoir "
                "alone does not have; give it to an EchoStateRegressor as "
                "reservoir=Reservoir(...)."
            )
        with all_or_nothing(self):
            fresh = StepFormat(tokens=False, codes=True, dtype=self.dtype)
            sequences = read_inputs(self, X, fresh=fresh).sequences
            self._draw(sequences, self._step_format.n_features)
        return self

    def transform(self, X):
        """Return the states that sequences lead to, each from a zero state.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray or the container that X is
            Without `pooling` the states at each step, (T_i, n_states), in the kind of container
            that X is (an array (n, T, n_states) for an array); else an array (n, n_states), or for
            "states" (n, n_components * (n_components + 1)).
        """
        check_is_fitted(self)
        self._check_alone()
        sequences = read_inputs(self, X).sequences
        if self.pooling is not None:
            return self._pool(sequences, self.pooling).astype(self._dtype)
        return wrap_like(self._states(sequences), array_like(X))

    def _check_alone(self):
        """Check that states follow from inputs alone."""
        if self.layers_[0].feedback is not None:
            raise ValueError(
                "The states of a reservoir with feedback depend on outputs, which only its "
                "estimator has: see its hidden_states."
            )

    def _draw(self, sequences, n_features, n_outputs=0):
        """Draw, and perhaps train, the weights for sequences that have been read.

        Parameters
        ----------
        sequences : Sequences
        n_features : int
        n_outputs : int, default=0
            What is fed back.

        Returns
        -------
        self : Reservoir
        """
        check_together(self)
        if self.pooling != "last":
            check_washout(self.washout, sequences)
        self._seed = draw_seed(self.random_state)
        rng = np.random.default_rng(self._seed)
        layers = draw_layers(self, n_features, n_outputs, rng)
        backward = draw_layers(self, n_features, n_outputs, rng) if self.bidirectional else ()
        if self.plasticity is not None:
            how = (self.activation, self.plasticity, self.plasticity_epochs, self.plasticity_rate)
            layers = learn(layers, sequences, *how)
            backward = learn(backward, from_the_end(sequences), *how) if backward else ()
        self.layers_, self.backward_layers_ = layers, backward
        # What states follow from is kept, so that parameters set later wait for the next fit.
        self._activation, self._dtype = self.activation, self.dtype
        self._model_space = None
        if self.pooling == "states":
            pieces = self._pieces(sequences)
            self._model_space = ModelSpace.of(piece.all_rows() for piece in pieces)
        return self

    @property
    def n_states_(self):
        """States of a step: the units of all layers, and of both directions."""
        return sum(layer.units for layer in (*self.layers_, *self.backward_layers_))

    @property
    def _n_features_out(self):
        is_model = self.pooling == "states" and self._model_space is not None
        return self._model_space.n_features if is_model else self.n_states_

    def _pieces(self, sequences, *, outputs=None, noise=None, initial=None, whole=False):
        """Yield the states of sequences that have been read, piece by piece.

        Parameters
        ----------
        sequences : Sequences
        outputs : ndarray of shape (n_steps, n_outputs) or None
            What is fed back at each step.
        noise : int or None
            Which stretch of the noise is heard; None: none.
        initial : sequence of ndarray or None
            Where the states begin, a layer each.
        whole : bool, default=False
            Whether no series is cut in chunks.

        Yields
        ------
        Piece
        """
        drive = Drive(
            activation=self._activation,
            noise=0.0 if noise is None else self.noise,
            rng=np.random.default_rng((self._seed, 1, noise or 0)),
            outputs=outputs,
            initial=initial,
        )
        alone = len(sequences) == 1 and outputs is None and initial is None and not whole
        if alone and self.chunk_overlap and not (self.backward_layers_ or drive.noise):
            # A washout that reached into the chunks would fall on all of them.
            overlap = max(self.chunk_overlap, self.washout)
            return chunked_pieces(self.layers_, sequences, drive, overlap)
        return pieces_of(self.layers_, sequences, drive, backward=self.backward_layers_)

    def _states(self, sequences):
        """Return the states of sequences that have been read, as sequences."""
        starts = np.cumsum(sequences.lengths) - sequences.lengths
        states = np.empty((sequences.lengths.sum(), self.n_states_), self._dtype)
        for piece in self._pieces(sequences):
            states[piece.positions(starts)] = piece.all_rows()
        return Sequences(states, starts, sequences.lengths)

    def _pool(self, sequences, kind, noise=None):
        """Return one float64 vector for each of sequences that have been read.

        Parameters
        ----------
        sequences : Sequences
        kind : {"last", "mean", "states"}
        noise : int or None
            As in `_pieces`.
        """
        check_washout(self.washout if kind != "last" else 0, sequences)
        if kind != "states":
            n_forward = len(self.layers_)
            pool = Pool(kind, sequences, self.washout, self.n_states_, n_forward)
            for piece in self._pieces(sequences, noise=noise, whole=True):
                pool.add(piece)
            return pool.result
        space = self._model_space
        if space is None:
            raise ValueError(
                "pooling='states' reads principal components of the states, which a fit with it "
                "learns; fit again."
            )
        starts = np.cumsum(sequences.lengths) - sequences.lengths
        projected = np.empty((sequences.lengths.sum(), space.axes.shape[1]))
        for piece in self._pieces(sequences, noise=noise):
            projected[piece.positions(starts)] = space.project(piece.all_rows())
        ends = starts + sequences.lengths
        spans = zip(starts + self.washout, ends, strict=True)
        return np.stack([space.model(projected[start:end]) for start, end in spans])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags
