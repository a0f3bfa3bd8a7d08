"""Curves that are computed when the docs are built: gradients by lag, and early stopping."""

import matplotlib.pyplot as plt
import numpy as np

_STYLES = {"simple": ("#d55e00", ":"), "gru": ("#009e73", "--"), "lstm": ("#0072b2", "-")}
_UNITS, _FEATURES, _LAGS = 24, 4, 80


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _simple(state, x, W, U):
    return np.tanh(x @ W[0] + state @ U[0])


def _gru(state, x, W, U):
    update, reset = (_sigmoid(x @ W[i] + state @ U[i]) for i in (0, 1))
    return update * state + (1 - update) * np.tanh(x @ W[2] + reset * (state @ U[2]))


def _lstm(state, x, W, U):
    h, c = np.split(state, 2, axis=-1)
    gates = [x @ W[i] + h @ U[i] for i in range(4)]
    c = _sigmoid(gates[0] + 1) * c + _sigmoid(gates[1]) * np.tanh(gates[2])
    return np.concatenate([_sigmoid(gates[3]) * np.tanh(c), c], axis=-1)


_CELLS = {"simple": (_simple, 1, 1), "gru": (_gru, 3, 1), "lstm": (_lstm, 4, 2)}


def jacobian(step, state, x, W, U, *, small=1e-5):
    """Return the derivative of the next state with respect to a state, by central differences."""
    nearby = small * np.eye(state.size)
    up, down = step(state + nearby, x, W, U), step(state - nearby, x, W, U)
    return (up - down).T / (2 * small)


def gradient_norms(cell, *, seed):
    """Return the norm of the last output's derivative with respect to each earlier state.

    Parameters
    ----------
    cell : {"simple", "gru", "lstm"}
        A cell with the first weights that Keras gives it: orthogonal recurrent matrices, and 1 as
        the bias of the forget gate.
    seed : int

    Returns
    -------
    ndarray of shape (n_lags,)
    """
    step, n_gates, n_states = _CELLS[cell]
    rng = np.random.default_rng(seed)
    limit = np.sqrt(6 / (_FEATURES + n_gates * _UNITS))
    W = rng.uniform(-limit, limit, size=(n_gates, _FEATURES, _UNITS))
    U = np.linalg.qr(rng.normal(size=(n_gates, _UNITS, _UNITS)))[0]
    inputs = rng.normal(size=(_LAGS + 20, _FEATURES))
    state, jacobians = np.zeros(n_states * _UNITS), []
    for x in inputs:
        jacobians.append(jacobian(step, state, x, W, U))
        state = step(state, x, W, U)
    product, norms = np.eye(state.size)[:_UNITS], []
    for factor in jacobians[: -_LAGS - 1 : -1]:
        product = product @ factor
        norms.append(np.linalg.norm(product))
    return np.array(norms)


def draw_gradients_by_lag():
    """Draw the gradient by the number of time steps that it has passed, for three cells."""
    figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for cell, (color, style) in _STYLES.items():
        norms = np.array([gradient_norms(cell, seed=seed) for seed in range(5)])
        ax.plot(np.arange(1, _LAGS + 1), np.median(norms, axis=0), style, color=color, lw=2)
        ax.annotate(cell, (_LAGS + 1, np.median(norms[:, -1])), color=color, va="center", size=11)
    ax.set(
        yscale="log",
        xlim=(0, _LAGS + 12),
        xlabel="lag (time steps)",
        ylabel="norm of the gradient",
    )
    ax.grid(alpha=0.3)
    return figure


def draw_early_stopping(*, best=12, patience=5):
    """Draw losses by epoch, and where early stopping ends the fit."""
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    epochs = np.arange(1, best + patience + 1)
    training = 0.15 + 0.9 * np.exp(-epochs / 6)
    validation = 0.42 + 0.003 * (epochs - best) ** 2 + 0.25 * np.exp(-epochs / 2)
    validation[: best - 1] = np.maximum(validation[: best - 1], validation[best - 1] + 0.01)
    ax.plot(epochs, training, "--", color="#0072b2", lw=2)
    ax.plot(epochs, validation, "-", color="#d55e00", lw=2)
    ax.annotate("training", (epochs[-1] + 0.3, training[-1]), color="#0072b2", va="center")
    ax.annotate("validation", (epochs[-1] + 0.3, validation[-1]), color="#d55e00", va="center")
    ax.plot(best, validation[best - 1], "o", color="#d55e00", ms=8)
    ax.annotate("weights that are kept", (best, 0.62), ha="center")
    ax.axvspan(best, best + patience, color="#888888", alpha=0.15, lw=0)
    ax.annotate(f"patience = {patience}", (best + patience / 2, 0.95), ha="center")
    ax.set(xlim=(0, best + patience + 4), ylim=(0, 1.05), xlabel="epoch", ylabel="loss")
    ax.set_xticks(range(0, best + patience + 1, 3))
    return figure
