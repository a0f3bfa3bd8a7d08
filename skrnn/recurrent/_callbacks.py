"""Reports a fit to scikit-learn's callbacks: a fit is a task, and each epoch a task within it."""


def learned_attributes(estimator):
    """Return all attributes of an estimator that are not parameters, by name."""
    params = estimator.get_params(deep=False)
    return {name: value for name, value in vars(estimator).items() if name not in params}


class FitTask:
    """Reports one fit to scikit-learn's callbacks; does nothing before scikit-learn 1.9.

    Parameters
    ----------
    estimator : BaseRNN
    X, y, sample_weight, target_inputs : as given to `fit`
    """

    def __init__(self, estimator, X, y, sample_weight, target_inputs=None):
        # The number of epochs that "auto" stands for is not known before the data are read.
        n_epochs = None if estimator.epochs == "auto" else estimator.epochs
        self._context = estimator._init_callback_context(max_subtasks=n_epochs)
        # Callbacks recognise the estimator by its identity, though a copy of it is trained.
        self._known = {"estimator": estimator, "X": X, "y": y}
        others = {"sample_weight": sample_weight, "target_inputs": target_inputs}
        metadata = {name: value for name, value in others.items() if value is not None}
        if metadata:
            self._known["metadata"] = metadata

    def begin(self, n_epochs):
        """Report that the data are read and training begins, for at most `n_epochs` epochs."""
        if self._context is not None:
            self._context.max_subtasks = n_epochs
            self._context.call_on_fit_task_begin(**self._known)

    def watcher(self, as_attributes):
        """Return an object that reports epochs, as `skrnn.networks.one.train` expects it, or None.

        Parameters
        ----------
        as_attributes : callable
            Turns a `TrainingResult` into the attributes of an estimator fitted so far.
        """
        # Without callbacks, epochs need not be trained one at a time. If scikit-learn renames its
        # list of callbacks, they are.
        if self._context is None or getattr(self._context, "_callbacks", None) == []:
            return None
        return _EpochTasks(self._context, self._known, as_attributes)

    def end(self, attributes):
        """Report that training has ended.

        Parameters
        ----------
        attributes : callable
            Returns the attributes of the fitted estimator.
        """
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._known, reconstruction_attributes=attributes)


class _EpochTasks:
    def __init__(self, context, known, as_attributes):
        self._context = context
        self._known = known
        self._as_attributes = as_attributes
        self._epoch = None

    def begin_epoch(self):
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._known)

    def end_epoch(self, snapshot):
        return self._epoch.call_on_fit_task_end(
            **self._known,
            # A function, so that weights are read only if a callback asks for an estimator.
            reconstruction_attributes=lambda: self._as_attributes(snapshot()),
        )
