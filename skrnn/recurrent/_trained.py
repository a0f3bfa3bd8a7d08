"""The base of all estimators with a trained network: fit, and its building blocks.

A fit reads and checks all data first (`_data`), turns them and the parameters into a
`TrainingJob` (`_job`), which `skrnn.networks` trains, and makes fitted attributes of the result.
All this happens on a copy of the estimator, whose state the estimator takes over in one step at
the end. A prediction works on such a copy too, so a fit in another thread cannot change it halfway.
"""

from abc import ABCMeta, abstractmethod
from functools import partial

from skrnn._fitting import all_or_nothing, fitted_snapshot, is_fitted, snapshot
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import CallbackSupportMixin, _fit_context
from skrnn.recurrent._bodies import is_ready_made
from skrnn.recurrent._callbacks import FitTask, learned_attributes
from skrnn.recurrent._convergence import warn_if_nothing_was_learned
from skrnn.recurrent._job import fitted_attributes, prepare
from skrnn.recurrent._layer_parameters import KERAS_PARAMETERS, LayerParameters
from skrnn.recurrent._read_examples import read_examples, read_validation
from skrnn.recurrent._static import static_standardization
from skrnn.recurrent._training_parameters import TrainingParameters, require_constant_rate
from skrnn.recurrent._validation_score import validation_score
from skrnn.recurrent._validation_split import check_groups, draw_split, holds_out
from skrnn.sequences._standardization import Standardization
from skrnn.sequences._target_weights import read_step_weights, without_effect


def clone_sharing(estimator, names):
    """Return a clone of an estimator that shares the values of some parameters with it."""
    shared = {name: getattr(estimator, name) for name in names}
    bare = snapshot(estimator)
    vars(bare).update(dict.fromkeys(shared))
    cloned = SavedEstimator.__sklearn_clone__(bare)
    vars(cloned).update(shared)
    return cloned


class BaseTrained(
    TrainingParameters,
    LayerParameters,
    CallbackSupportMixin,
    SavedEstimator,
    metaclass=ABCMeta,
):
    """Base of the estimators with a trained network; not for direct use."""

    @property
    @abstractmethod
    def _codec(self):
        """The fitted codec, which encodes and decodes targets."""

    @abstractmethod
    def _flatten_targets(self, y, inputs, input_name, *, reset, classes):
        """Return all targets in one array, and the number of targets of each sequence."""

    # Whether the network receives the static features of X. If not, they raise an error.
    _takes_static = False

    def _decoder_spec(self, n_outputs):
        """Return the decoder of an encoder-decoder with some number of outputs."""

    def _as_sequences(self, X, input_name):
        """Return X as sequences, and the table that has the names of their features, or None."""
        return X, None

    def _read_target_inputs(self, target_inputs, counts, names, *, reset):
        """Return the known inputs for each target, which only some decoders receive, or None."""

    def _learn_target_inputs(self, known, rows, weights):
        """Learn the scale of known inputs, as attributes."""

    def _scaled_target_inputs(self, known, rows):
        """Return the known inputs of some targets as the network receives them, or None."""

    @abstractmethod
    def _check_targets(self, y, input_name="y"):
        """Return flat targets in the units of the user, checked."""

    @abstractmethod
    def _learn_targets(self, y, has_weight, weights, classes):
        """Learn the classes or the scale of flat targets, as attributes."""

    @property
    def _may_miss_targets(self):
        """Whether missing targets are read, as targets of weight zero."""
        return False

    def _step_weights_reader(self, inputs, counts):
        """Return a function of sequences of weights that returns the weight of each target."""
        return partial(read_step_weights, inputs=inputs)

    def _without_missing(self, y, weights, counts, known):
        """Return targets, some of weight zero or missing, as the network is trained on them."""
        return without_effect(y, weights)

    def _learn_more_targets(self, y, has_weight, weights):
        """Learn the scale of targets that were constant in earlier calls."""

    def _validate_params(self):
        require_constant_rate(self.learning_rate)
        super()._validate_params()

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The training sequences: numeric time steps, token ids with `embedding`, or numbers and
            categories with `categorical_features`, for example in a list of DataFrames.
        y : array-like
            One target per sequence. With `return_sequences=True`, there is one target per time
            step, in a list of arrays of shape (T_i,) or (T_i, k), or an array of shape (n, T) or
            (n, T, k). Targets of time steps may be missing: NaN, None, or masked in a NumPy masked
            array. Such a time step is read, but has the weight zero. A classifier reads rows of 0
            and 1 as indicators of several labels and, with one target per sequence, rows of other
            labels as one class for each of several outputs.
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            The weight of each sequence or, with `return_sequences=True`, optionally of each time
            step, also as an array of shape (n, T). Only the ratios of the weights matter: weights
            of any scale give the same fit. A sequence or a time step with a weight of zero has no
            effect on the loss and the metrics. Features are standardised with the largest weight of
            each sequence. If None, all have the same weight.
        groups : array-like of shape (n,), default=None
            The group of each sequence. No group is split between training and validation. Only
            used when a part of the sequences is held out, see `validation_split`.
        X_val, y_val : as X and y, default=None
            Validation sequences and targets. Their loss and metrics are reported in `history_`.
            With `early_stopping=True`, their loss or score decides when training stops.
        sample_weight_val : array-like, default=None
            The weights of the validation sequences.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data do not fit the parameters or each other, or if training diverges. The
            state of an earlier fit is then kept.
        """
        return self._fit((X, y, sample_weight), (X_val, y_val, sample_weight_val), groups)

    def _fit(self, given, given_val, groups):
        """Train the network.

        Parameters
        ----------
        given, given_val : tuple (X, y, sample_weight) or (X, y, sample_weight, target_inputs)
            The training data and the validation data, as they were passed to `fit`.
        groups : as in `fit`
        """
        X, X_val, resume = given[0], given_val[0], self.warm_start and is_fitted(self)
        # On the estimator itself: scikit-learn needs the context also after an error.
        task = FitTask(self, *given)
        with all_or_nothing(self) as fitted:
            if not resume:
                fitted._forget_stored_version()
            draw = None
            if X_val is None and holds_out(fitted):
                draw = partial(draw_split, fitted, groups, len(X))
            examples, used, split = read_examples(fitted, *given, reset=not resume, draw_split=draw)
            if groups is not None:
                check_groups(groups, len(X))
            held_out, used_val = read_validation(fitted, *given_val)
            if split is None:
                score = validation_score(fitted, used_val, *given_val)
            else:
                rows = split.held_out if isinstance(used, slice) else used[split.held_out]
                score = validation_score(fitted, rows, *given)
            fitted._train(examples, held_out, split, resume=resume, task=task, score=score)
            task.end(fitted._learned)
        return self

    def _partial_fit(self, *given, classes=None):
        resume = is_fitted(self)
        with all_or_nothing(self) as fitted:
            examples, *_ = read_examples(fitted, *given, reset=not resume, classes=classes)
            fitted._train(examples, None, None, resume=resume, partial=True)
        return self

    def _train(self, examples, held_out, split, *, resume, partial=False, task=None, score=None):
        """Train on examples that have been read, and set fitted attributes."""
        job, vocabulary = prepare(self, examples, held_out, split, resume=resume, partial=partial)
        if task is not None:
            task.begin(job.training.epochs)
        history = self.history_ if resume else {}

        def as_attributes(result):
            fitted = fitted_attributes(result, vocabulary, history, job.examples.sequences)
            return {**self._learned(), **fitted}

        def score_of(result):
            fitted = snapshot(self)
            vars(fitted).update(as_attributes(result))
            return score(fitted)

        from skrnn.networks.one import train

        watcher = task and task.watcher(as_attributes)
        result = train(job, watcher, score and score_of)
        if not partial:
            warn_if_nothing_was_learned(job, result.history)
        vars(self).update(as_attributes(result))

    def _learned(self):
        return learned_attributes(self)

    @property
    def model_(self):
        """A `keras.Model` with the inputs ``[steps, lengths]``, built at each access.

        Static features, if there are some, are a third input. It has the weights in `weights_`.
        Time steps are padded on the right, with any values; lengths are the numbers of real time
        steps. With `standardize=True`, it standardises the
        time steps itself. Its outputs are probabilities, or targets in the units of the user.
        Time steps or outputs are in float64 if rounding to float32 would change them too much.
        Categorical features hold rows of their embeddings: 0 for a category that was not in the
        training set, 1 for a missing one, and ``i + 2`` for entry ``i`` of `categories_`.
        Call the model itself on such time steps, because Keras' ``predict`` converts arrays to
        float32. On JAX, models with inputs or outputs in float64 must be built and called within
        ``jax.enable_x64(True)``.
        """
        fitted = fitted_snapshot(self)
        from skrnn.networks.export import export_model

        known = fitted._standardization, static_standardization(fitted)
        return export_model(fitted._spec, fitted.weights_, fitted._codec.target_scale, *known)

    @property
    def _standardization(self):
        """How features are standardised, or None if the network receives them unchanged."""
        # Estimators that an earlier version saved read one dtype and do not have these attributes.
        if isinstance(self._step_format.dtype, str) or self.input_mean_ is None:
            return None
        return Standardization(self.input_mean_, self.input_scale_)

    def __sklearn_clone__(self):
        # Keras objects are only read, and some do not survive a copy: that of keras.losses.Huber
        # loses its delta.
        params = self.get_params(deep=False)
        shared = {name: params[name] for name in KERAS_PARAMETERS if name in params}
        if "body" in params and is_ready_made(self.body):
            del shared["body"]
        return clone_sharing(self, shared)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
