"""`SequenceGenerator`: a language model over characters, words or other symbols.

Its network is an `RNNClassifier` that predicts the next symbol at every time step, and is trained
as any other (`_train_generator`). `_language_model` computes likelihoods and samples.
"""

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_scalar

from skrnn._fitting import all_or_nothing, draw_seed, fitted_snapshot, is_fitted, read_weights
from skrnn._parameters import with_parameters, with_texts
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import CallbackSupportMixin, _fit_context
from skrnn.recurrent._callbacks import FitTask, learned_attributes
from skrnn.recurrent._generator_parameters import GeneratorParameters
from skrnn.recurrent._language_model import (
    continue_prompt,
    log_likelihoods,
    symbol_probabilities,
)
from skrnn.recurrent._layer_parameters import KERAS_PARAMETERS
from skrnn.recurrent._sampling import UniformNumbers, choose, sharpen
from skrnn.recurrent._texts import TRAINING_ATTRIBUTES, TRAINING_REFERENCES
from skrnn.recurrent._train_generator import train_generator
from skrnn.recurrent._trained import clone_sharing
from skrnn.recurrent._training_parameters import require_constant_rate


@with_texts(references=TRAINING_REFERENCES, network=TRAINING_ATTRIBUTES)
@with_parameters
class SequenceGenerator(DensityMixin, GeneratorParameters, CallbackSupportMixin, SavedEstimator):
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
    {network}

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
    {references}

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

    # For the messages of functions that need another network.
    _network_hint = (
        "Pass its network, the RNNClassifier `classifier_`, which reads the codes of symbols."
    )

    def _validate_params(self):
        require_constant_rate(self.learning_rate)
        super()._validate_params()

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, *, X_val=None, sample_weight_val=None):
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
        sample_weight : array-like of shape (n,), default=None
            The weight of each sequence of a list. Only the ratios of the weights matter. A sequence
            with a weight of zero has no effect on the fit, also not on `symbols_`. If None, all
            sequences have the same weight. A long text does not have weights.
        X_val : as X, default=None
            Validation data, whose loss is reported in `history_`. With `early_stopping=True`, it
            decides when training stops. A long text is cut into `batch_size` parallel streams here
            too, each of which begins without a state.
        sample_weight_val : array-like of shape (n,), default=None
            The weights of the validation sequences.

        Returns
        -------
        self : object
            The fitted generator.

        Raises
        ------
        TypeError, ValueError
            If X does not contain sequences of symbols, if it contains a symbol that is not in
            `symbols`, if weights are given for a long text, or if training diverges. The state of
            an earlier fit is then kept.
        """
        resume = self.warm_start and is_fitted(self)
        # On the estimator itself: scikit-learn needs the context also after an error.
        task = FitTask(self, X, y, sample_weight)
        with all_or_nothing(self) as fitted:
            if not resume:
                fitted._forget_stored_version()
            weights = sample_weight, sample_weight_val
            train_generator(fitted, X, X_val, weights, resume=resume, task=task)
            task.end(partial(learned_attributes, fitted))
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on a part of the data.

        The optimizer continues from its state after the last call.

        Parameters
        ----------
        X : as in `fit`
            In the first call, its symbols become `symbols_`, unless the parameter `symbols`
            contains all that may occur. A part of a long text begins without a state.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError, ValueError
            As in `fit`. The state of earlier calls is then kept.
        """
        self._validate_params()  # scikit-learn validates only in the first call
        resume = is_fitted(self)
        with all_or_nothing(self) as fitted:
            train_generator(fitted, X, None, (sample_weight, None), resume=resume, partial=True)
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

    def score(self, X, y=None, sample_weight=None):
        r"""Return the negative mean cross-entropy per symbol.

        Parameters
        ----------
        X : as in `score_samples`
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), default=None
            The weight of each sequence, by which its log-likelihood and its number of symbols are
            multiplied. If None, all symbols have the same weight.

        Returns
        -------
        float
            The mean log-likelihood in nats per symbol, where the ends of the sequences count as
            symbols too. Greater is better; :math:`-\log n_{symbols}` is that of a uniform guess.
        """
        total, counts = log_likelihoods(fitted_snapshot(self), X)
        weights = read_weights(sample_weight, len(total))
        if not weights @ counts:
            raise ValueError(
                "X must contain at least one symbol with a positive weight, got only empty texts "
                "or texts of weight zero."
            )
        return float(weights @ total / (weights @ counts))

    def perplexity(self, X, sample_weight=None):
        """Return the perplexity, the exponential of the mean cross-entropy per symbol.

        Parameters
        ----------
        X : as in `score_samples`
        sample_weight : array-like of shape (n,), default=None
            As in `score`.

        Returns
        -------
        float
            At least 1; smaller is better. It is the number of equally probable symbols between
            which a choice would be as uncertain.
        """
        return float(np.exp(-self.score(X, sample_weight=sample_weight)))

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
