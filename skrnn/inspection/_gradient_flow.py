"""`gradient_flow` and `GradientFlowDisplay`: the gradient that reaches each time step."""

import numpy as np

from skrnn.inspection._arguments import check_choice, check_name
from skrnn.inspection._figures import check_matplotlib, panels
from skrnn.inspection._networks import find_network
from skrnn.recurrent._look_inside import before_training, gradient_norms

_WEIGHTS = ("fitted", "initial")
_ALIGNMENTS = ("end", "start")


def gradient_flow(estimator, X, y, *, weights="fitted", align="end"):
    r"""Return the norm of the gradient of the loss that reaches each time step of each layer.

    If it falls towards the first time steps by a constant factor per time step, the gradient
    vanishes: the network cannot learn from what happened early in a sequence. If it grows in this
    direction, the gradient explodes.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        The estimator, or a Pipeline or a search that contains one. It must be fitted if `weights`
        is "fitted".

    X, y : as in `fit`
        Sequences and their targets.

    weights : {"fitted", "initial"}, default="fitted"
        "fitted" uses the weights of the fitted estimator. "initial" uses the weights with which
        ``estimator.fit(X, y)`` would begin, so the estimator need not be fitted, and does not
        change. With `random_state=None`, they differ between calls.

    align : {"end", "start"}, default="end"
        How sequences of different lengths are aligned for the mean: at their last or at their first
        time step. Each mean is over those sequences that have the time step.

    Returns
    -------
    flow : dict of str to ndarray of shape (T_max,)
        The mean norm at each time step, for each layer. The keys are the names of the layers in
        `model_`: "recurrent_0" for the first layer and, if it is bidirectional,
        "recurrent_0_backward". With ``align="end"``, the last value is that of the last time step
        of all sequences, and with ``align="start"`` the first value is that of the first time step.

    Raises
    ------
    NotFittedError
        If `weights` is "fitted" and the estimator is not fitted.

    TypeError
        If `estimator` is not an RNNClassifier or RNNRegressor, and does not contain one.

    ValueError
        If a parameter is not valid, if X or y do not have the format of the training data, or if a
        custom `body` does not use the recurrent layers of the estimator.

    See Also
    --------
    GradientFlowDisplay : Plots the norms.

    Notes
    -----
    Let :math:`s_t` be the state of a layer after time step :math:`t`: the hidden state :math:`h_t`
    of the simple cell and of the GRU, and both :math:`h_t` and :math:`c_t` for the LSTM. Let
    :math:`L` be the training loss of one sequence, for standardised targets and without sample
    weights and penalties. If there is one target per time step, it is the mean over them. The
    norm at time step :math:`t` is

    .. math::

        \left\| \frac{dL}{ds_t} \right\|_2, \qquad
        \frac{dL}{ds_t} = \frac{\partial L}{\partial s_t}
            + \left(\frac{\partial s_{t+1}}{\partial s_t}\right)^\top \frac{dL}{ds_{t+1}}

    which is the total derivative, through the recurrence and all layers above [1]_. It is computed
    for each sequence without dropout, and then averaged over the sequences. A layer that reads
    sequences backward passes the gradient from the first to the last time step. The gradient is
    computed before any clipping, which changes only the update of the weights.

    With `truncation`, gradients end at the start of each segment, as in training: at the last time
    step of a segment, :math:`dL/ds_t = \partial L / \partial s_t`.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_flow
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((20, 40, 1))
    >>> y = X[:, 0, 0]
    >>> regressor = RNNRegressor(cell="simple", units=8, random_state=0)
    >>> flow = gradient_flow(regressor, X, y, weights="initial")
    >>> flow["recurrent_0"].shape
    (40,)
    >>> bool(flow["recurrent_0"][0] < 1e-3 * flow["recurrent_0"][-1])
    True
    """
    check_choice(weights, "weights", _WEIGHTS)
    check_choice(align, "align", _ALIGNMENTS)
    network, X = find_network(estimator, X, "gradient_flow")
    if weights == "initial":
        network = before_training(network, X, y)
    norms = gradient_norms(network, X, y)
    return {name: _mean_over_sequences(of_layer, align) for name, of_layer in norms.items()}


def _mean_over_sequences(norms, align):
    """Return the mean of arrays of different lengths, aligned at their ends or starts."""
    longest = max(map(len, norms))
    total, count = np.zeros(longest), np.zeros(longest)
    for one in norms:
        part = slice(longest - len(one), None) if align == "end" else slice(len(one))
        total[part] += one
        count[part] += 1
    return total / count


class GradientFlowDisplay:
    """The norm of the gradient of the loss at each time step, on a logarithmic scale.

    Use `from_estimator` to create it from an estimator, or `from_values` or the constructor to
    create it from the return value of `gradient_flow`. Several can be plotted on the same axes.

    Parameters
    ----------
    flow : dict of str to array-like of shape (T,)
        The norms of each layer.

    align : {"end", "start"}, default="end"
        Whether the last norm is that of the last time step of all sequences, or the first norm that
        of the first one.

    name : str, default=None
        The name in the legend. If None, the legend shows the layers only.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        The line of each layer.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    gradient_flow : Computes the norms, and explains them.

    Examples
    --------
    >>> from skrnn.inspection import GradientFlowDisplay
    >>> flow = {"recurrent_0": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}
    >>> display = GradientFlowDisplay(flow=flow, name="simple cell").plot()
    >>> display.lines_["recurrent_0"].get_label()
    'simple cell'
    >>> display.ax_.get_yscale()
    'log'
    """

    def __init__(self, *, flow, align="end", name=None):
        self.flow = flow
        self.align = align
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, weights="fitted", align="end", ax=None, name=None, **kwargs
    ):
        """Compute and plot the norms of an estimator.

        Parameters
        ----------
        estimator, X, y, weights, align
            As in `gradient_flow`.

        ax, name, **kwargs
            As in `plot`. If `name` is None, it is the `cell` of the estimator if this is a str.

        Returns
        -------
        display : GradientFlowDisplay

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gradient_flow`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        flow = gradient_flow(estimator, X, y, weights=weights, align=align)
        cell = getattr(estimator, "cell", None)
        name = cell if name is None and isinstance(cell, str) else name
        return cls.from_values(flow, align=align, ax=ax, name=name, **kwargs)

    @classmethod
    def from_values(cls, flow, *, align="end", ax=None, name=None, **kwargs):
        """Plot norms.

        Parameters
        ----------
        flow : dict of str to array-like of shape (T,)
            The return value of `gradient_flow`.

        align : {"end", "start"}, default="end"
            The value with which `flow` was computed.

        ax, name, **kwargs
            As in `plot`.

        Returns
        -------
        display : GradientFlowDisplay
        """
        return cls(flow=flow, align=align, name=name).plot(ax, **kwargs)

    def plot(self, ax=None, *, name=None, **kwargs):
        """Plot the norms.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on. If None, a new figure is created.

        name : str, default=None
            The name in the legend. If None, the constructor's `name` is used.

        **kwargs : dict
            Further arguments of matplotlib's `plot`.

        Returns
        -------
        display : GradientFlowDisplay

        Raises
        ------
        ValueError
            If `align` is not valid.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        check_choice(self.align, "align", _ALIGNMENTS)
        name = self.name if name is None else name
        check_name(name)
        (panel,) = panels(ax, 1, "panels")
        self.lines_ = {}
        for layer, norms in self.flow.items():
            steps = np.arange(len(norms)) - (len(norms) - 1 if self.align == "end" else 0)
            label = _label(layer, name, is_only=len(self.flow) == 1)
            (self.lines_[layer],) = panel.plot(steps, norms, **{"label": label, **kwargs})
        at_end = "Time step, counted from the last one"
        panel.set(yscale="log", ylabel="Norm of the gradient")
        panel.set_xlabel(at_end if self.align == "end" else "Time step")
        panel.grid(alpha=0.3)
        panel.legend()
        self.ax_, self.figure_ = panel, panel.figure
        return self


def _label(layer, name, *, is_only):
    """Return the label of a layer in the legend, such as "gru, layer 2, backward"."""
    if is_only and name is not None:
        return name
    _, number, *backward = layer.split("_")
    parts = [] if name is None else [name]
    return ", ".join([*parts, f"layer {int(number) + 1}", *backward])
