"""scikit-learn's callbacks, new in its 1.9: a fit is a task, and each epoch a task below it."""

__all__ = ["FitTask"]


class FitTask:
    """One fit, as scikit-learn's callbacks are told of it; before scikit-learn 1.9, as no one is.

    Parameters
    ----------
    estimator : BaseRNN
    X, y, sample_weight : as given to `fit`
    """

    def __init__(self, estimator, X, y, sample_weight):
        self._context = estimator._init_callback_context(max_subtasks=estimator.epochs)
        self._known = {"estimator": estimator, "X": X, "y": y}
        if sample_weight is not None:
            self._known["metadata"] = {"sample_weight": sample_weight}

    def begin(self):
        """Tell that the data are read and training begins."""
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._known)

    def watcher(self, as_attributes):
        """Return what tells of epochs, as `skrnn.networks.training.train` takes it.

        Parameters
        ----------
        as_attributes : callable
            From a `TrainingResult` to the attributes of an estimator that was trained so far.
        """
        if self._context is None:
            return None
        return _EpochTasks(self._context, self._known, as_attributes)

    def end(self):
        """Tell that the estimator is fitted."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._known, reconstruction_attributes={})


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
