"""`SequenceGenerator`: a language model over characters, words or other symbols.

Its network is an `RNNClassifier` that predicts the next symbol at every time step, and is trained
as any other. This file holds what a user sees, and `_language_model` does the work.
"""

from collections.abc import Callable
from numbers import Integral, Real

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_scalar

from skrnn._cells import CELLS
from skrnn._fitting import all_or_nothing, draw_seed, fitted_snapshot, is_fitted
from skrnn._parameters import inherited, parameter, with_parameters
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._language_model import (
    continue_prompt,
    log_likelihoods,
    symbol_probabilities,
    train_generator,
)
from skrnn.recurrent._parameters import KERAS_PARAMETERS, NetworkParameters
from skrnn.recurrent._sampling import UniformNumbers, choose, sharpen
from skrnn.recurrent._trained import clone_sharing
from skrnn.recurrent._training_parameters import (
    GradientParameters,
    TrainingParameters,
    require_constant_rate,
)


@with_parameters
class SequenceGenerator(DensityMixin, TrainingParameters, SavedEstimator):
    r"""Recurrent language model, which predicts each next symbol of a sequence and writes new ones.

    A symbol is a character, a word or a token id. `fit` receives a list of sequences, such as
    names, or one long text.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    symbols_ : ndarray of shape (n_symbols,)
        The symbols, sorted: integers, or strings in an array of objects.
    classifier_ : RNNClassifier
        The fitted network, which predicts the code of the next symbol at each time step. The code
        of a symbol is its index in `symbols_`; `n_symbols` is that of the start and the end of a
        sequence. With an `embedding`, its inputs are codes plus 2.
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch. The loss is the cross-entropy in
        nats per symbol. With validation data, there are the same names with the prefix ``"val_"``.
    n_iter_ : int
        The number of epochs that the network was trained for.
    weights_ : list of ndarray
        The weights of the network, in Keras' order.

    See Also
    --------
    RNNClassifier : Predicts a label for each sequence or each time step.
    skrnn.EmbeddingTokenizer : Converts words to token ids.

    Notes
    -----
    The model factorises the probability of a sequence :math:`s_1, \dots, s_T` as

    .. math:: P(s) = \prod_{t=1}^{T+1} P(s_t \mid s_1, \dots, s_{t-1}),

    where :math:`s_{T+1}` is the end of the sequence [1]_. The network receives the symbols before
    :math:`s_t`, after a symbol for the start. The start and the end are added by the generator.

    One long text has neither. It is cut into `batch_size` parallel streams of equal length, and
    each update of the weights reads one segment of `truncation` symbols of each stream. The states
    at the end of a segment are the initial states of the next one [2]_. The probability of the
    first symbol of a text is its smoothed frequency :math:`(n_s + 1) / (n + n_{symbols})`.

    References
    ----------
    .. [1] T. Mikolov et al., "Recurrent neural network based language model",
       Interspeech 2010.
    .. [2] R. J. Williams, J. Peng, "An efficient gradient-based algorithm for on-line training of
       recurrent network trajectories", Neural Computation 2, 1990.
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 3.2.
    .. [5] I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR
       2017, equation 5, without restarts.
    .. [6] L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
       arXiv:1803.09820, 2018, with the constants of PyTorch's OneCycleLR.
    .. [7] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?",
       ICLR 2018.
    .. [8] A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
       ICML 2020.

    Examples
    --------
    >>> from skrnn import SequenceGenerator
    >>> names = ["anna", "hanna", "nana", "hannah"] * 10
    >>> generator = SequenceGenerator(units=16, epochs=60, random_state=0).fit(names)
    >>> set(generator.sample(20, random_state=0)) & set(names) != set()
    True
    >>> generator.sample(prompt="han", temperature=0)
    ['hanna']
    >>> log_likelihood = generator.score_samples(["anna", "aaaa"])
    >>> bool(log_likelihood[0] > log_likelihood[1])
    True
    """

    cell: str = parameter(
        default="gru",
        constraint=[StrOptions(set(CELLS))],
        description="""
        str
        The recurrent cell, one of those of :class:`RNNClassifier`. A custom cell is not available,
        because `sample` computes each time step with NumPy.
        """,
    )
    units: int | tuple = inherited(NetworkParameters, "units", default=128)
    activation: str | Callable = inherited(NetworkParameters, "activation", default="auto")
    dropout: float = inherited(NetworkParameters, "dropout", default=0.0)
    recurrent_dropout: float = inherited(NetworkParameters, "recurrent_dropout", default=0.0)
    l2: float = inherited(NetworkParameters, "l2", default=0.0)
    bias_initializer: str = inherited(NetworkParameters, "bias_initializer", default="default")
    recurrent_initializer: str = inherited(
        NetworkParameters, "recurrent_initializer", default="default"
    )
    embedding: object = parameter(
        default=None,
        constraint=NetworkParameters._parameter_constraints["embedding"],
        description="""
        int, array-like of shape (n_rows, n_dimensions) or None
        If None, the network receives one-hot vectors of the symbols, which is best for characters.
        If an int, a vector of that many dimensions is learned for each symbol, as a vocabulary of
        thousands of words needs. If a matrix, it holds pre-trained vectors, row `i` for the token
        id `i`, and the symbols must be token ids; the start of a sequence has the mean of their
        vectors.
        """,
    )
    train_embedding: bool = inherited(NetworkParameters, "train_embedding", default=True)
    symbols: object = parameter(
        default=None,
        constraint=[None, str, "array-like"],
        description="""
        str, array-like or None
        All symbols that may occur, as a string of characters or as a list of symbols. If None, they
        are those that occur in `fit`, and any other symbol raises an error in `score` and in a
        prompt. In a cross-validation, pass the symbols of the whole data set.
        """,
    )
    loss: object = inherited(RNNClassifier, "loss", default="auto")
    truncation: int | None = parameter(
        default=100,
        constraint=GradientParameters._parameter_constraints["truncation"],
        description="""
        int or None
        The number of symbols k through which gradients flow back, in truncated back-propagation
        through time [2]_. Longer sequences, and the parallel streams of a long text, are cut into
        segments of k symbols. Each segment is one update of the weights. The states at its end are
        the initial states of the next segment, but the gradient ends there. If None, gradients flow
        back through whole sequences, and a long text is one sequence, which needs memory in
        proportion to its length.
        """,
    )
    batch_size: int | None = parameter(
        default=32,
        constraint=TrainingParameters._parameter_constraints["batch_size"],
        description="""
        int or None
        The number of sequences per update of the weights, or the number of parallel streams of a
        long text. A text of less than `batch_size` times `truncation` symbols has fewer streams, so
        that each of them has at least one whole segment. If None, every update uses the whole
        training set.
        """,
    )
    monitor: str | Callable = parameter(
        default="loss",
        constraint=[StrOptions({"loss"}), callable],
        description="""
        "loss" or callable
        What early stopping compares after each epoch: the validation loss, or the return value of
        a scorer ``scorer(generator, X, y)``, where greater is better, `X` are the validation data
        and `y` is None. It is reported in `history_` as "val_score". Only used when
        `early_stopping=True`.
        """,
    )
    validation_split: float | None = parameter(
        default=None,
        constraint=TrainingParameters._parameter_constraints["validation_split"],
        description="""
        float in (0, 1) or None
        The fraction of the data that `fit` holds out as validation data: sequences that are drawn
        at random, or the end of a long text. If None, it is 0.1 if `early_stopping=True`, and
        otherwise `fit` trains on all data. Only used when `fit` receives no `X_val`.
        """,
    )

    def _validate_params(self):
        require_constant_rate(self.learning_rate)
        super()._validate_params()

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, X_val=None):
        """Train the network to predict each next symbol.

        Parameters
        ----------
        X : list of str, list of array-like of shape (T_i,), array-like of int of shape (n, T), \
str, or array-like of int of shape (T,)
            A list of sequences, or one long text. Each character of a string is a symbol. Other
            sequences contain symbols that are all int or all str; ids are not padded, because 0 is
            a symbol like any other. Sequences of a list may be empty. A string, or one sequence of
            integers, is a long text. A long text of words is passed as integers.
        y : None
            Ignored.
        X_val : as X, default=None
            Validation data, whose loss is reported in `history_`. With `early_stopping=True`, it
            decides when training stops. A long text is cut into `batch_size` parallel streams here
            too, each of which begins without a state.

        Returns
        -------
        self : object
            The fitted generator.

        Raises
        ------
        TypeError, ValueError
            If X does not contain sequences of symbols, if it contains a symbol that is not in
            `symbols`, or if training diverges. The state of an earlier fit is then kept.
        """
        resume = self.warm_start and is_fitted(self)
        with all_or_nothing(self) as fitted:
            if not resume:
                fitted._forget_stored_version()
            train_generator(fitted, X, X_val, resume=resume)
        return self

    def score_samples(self, X):
        """Return the log-likelihood of each sequence.

        Parameters
        ----------
        X : as in `fit`
            A generator of a long text also reads a list of texts.

        Returns
        -------
        float64 ndarray of shape (n,)
            The sum of the logarithms of the probabilities of all symbols of a sequence, and of its
            end, in nats. A long text does not have an end, and is one sequence. A probability
            counts as at least 1.2e-38, the smallest normal number of float32.

        Raises
        ------
        ValueError
            If X contains a symbol that is not in `symbols_`.
        """
        return log_likelihoods(fitted_snapshot(self), X)[0]

    def score(self, X, y=None):
        r"""Return the negative mean cross-entropy per symbol.

        Parameters
        ----------
        X : as in `score_samples`
        y : None
            Ignored.

        Returns
        -------
        float
            The mean log-likelihood in nats per symbol, where the ends of the sequences count as
            symbols too. Greater is better; :math:`-\log n_{symbols}` is that of a uniform guess.
        """
        total, counts = log_likelihoods(fitted_snapshot(self), X)
        if not counts.sum():
            raise ValueError("X must contain at least one symbol, got only empty texts.")
        return float(total.sum() / counts.sum())

    def perplexity(self, X):
        """Return the perplexity, the exponential of the mean cross-entropy per symbol.

        Parameters
        ----------
        X : as in `score_samples`

        Returns
        -------
        float
            At least 1; smaller is better. It is the number of equally probable symbols between
            which a choice would be as uncertain.
        """
        return float(np.exp(-self.score(X)))

    def predict_proba(self, X):
        """Predict the probability of each next symbol.

        Parameters
        ----------
        X : as in `score_samples`

        Returns
        -------
        ndarray of shape (T, n_symbols), or list of ndarray of shape (T_i + 1, n_symbols + 1)
            Row `t` contains the probabilities of the symbol with index `t`, given those before it,
            in the order of `symbols_`. For a list of sequences, the last column is the probability
            of the end, and the last row is that after the whole sequence. A generator of a long
            text returns one array for a text, and a list of them for a list of texts.
        """
        return symbol_probabilities(fitted_snapshot(self), X)

    def sample(
        self,
        n_samples=1,
        *,
        prompt=None,
        max_length=100,
        temperature=1.0,
        top_k=None,
        random_state=None,
    ):
        """Draw new sequences, all at the same time, with NumPy alone.

        Parameters
        ----------
        n_samples : int, default=1
            The number of sequences.
        prompt : str or sequence of symbols, default=None
            The beginning of every sequence, which is part of the returned sequences. If None or
            empty, the first symbol is drawn too.
        max_length : int, default=100
            The largest number of symbols that are drawn after the prompt. A sequence ends before it
            if the end of the sequence is drawn; a long text does not have an end.
        temperature : float, default=1.0
            The logarithms of the probabilities are divided by it. With 1, symbols are drawn with
            the probabilities that `predict_proba` returns. Values between 0 and 1 prefer
            probable symbols, and 0 always chooses the most probable one.
        top_k : int or None, default=None
            Only the `top_k` most probable symbols are drawn at each time step, the end among them.
            If None, or if there are not more symbols, all of them may be drawn.
        random_state : int, RandomState instance or None, default=None
            Pass an int for the same sequences in each call. The first sequences are then the same
            for any `n_samples`, up to the rounding of probabilities.

        Returns
        -------
        list of length n_samples
            Sequences of the type that `fit` received: strings, lists of symbols or arrays.

        Raises
        ------
        ValueError
            If the prompt contains a symbol that is not in `symbols_`, or if a number is out of its
            range.
        """
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        check_scalar(max_length, "max_length", Integral, min_val=1)
        check_scalar(temperature, "temperature", Real, min_val=0)
        if not np.isfinite(temperature):
            raise ValueError(f"temperature must be a finite number, got {temperature}.")
        if top_k is not None:
            check_scalar(top_k, "top_k", Integral, min_val=1)
        fitted, seed, n_samples = fitted_snapshot(self), draw_seed(random_state), int(n_samples)
        uniform = UniformNumbers(seed, n_samples)

        def draw(probabilities, t, rows):
            sharpened = sharpen(probabilities, temperature, top_k)
            return choose(sharpened, uniform.at(t, rows))

        return continue_prompt(fitted, prompt, n_samples, max_length, draw)

    @property
    def history_(self):
        """The loss and the metrics of each epoch."""
        return self.classifier_.history_

    @property
    def n_iter_(self):
        """The number of epochs that the network was trained for."""
        return self.classifier_.n_iter_

    @property
    def weights_(self):
        """The weights of the network."""
        return self.classifier_.weights_

    def __sklearn_clone__(self):
        return clone_sharing(self, set(KERAS_PARAMETERS) & set(self.get_params(deep=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
