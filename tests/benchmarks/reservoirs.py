"""The published benchmarks of reservoir computing over several seeds.

Run with ``python tests/benchmarks/reservoirs.py``; ``--only`` chooses tasks, ``--seeds`` how many.
Settings were chosen on other seeds and other parts of the series than those reported here; those of
JapaneseVowels were chosen by cross-validation on the training set. That task reads the folder that
SKRNN_DATA names; the laser series is part of ReservoirPy.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EchoStateClassifier, EchoStateRegressor, TimeDistributed
from skrnn.datasets import make_lorenz, make_mackey_glass, make_narma
from skrnn.reservoir import Reservoir, memory_capacity

LYAPUNOV_EXPONENT = 0.9056


def nrmse(predicted, true, variance=None):
    """Return the root of the mean squared error over the variance, which is 1 for the mean."""
    variance = np.var(true) if variance is None else variance
    return float(np.sqrt(np.mean((predicted - true) ** 2) / variance))


def mackey_glass(seed, units=400, n_starts=100):
    """Return the NRMSE after 84 generated steps of the series tanh(x - 1), scaled to [-1, 1].

    The network is trained on 3,000 steps with teacher forcing, of which the first 1,000 are
    dropped. From each of 100 later starts, it receives 300 steps and generates 84. The error is
    that of the last generated step, and the variance is that of the series.
    """
    series = np.tanh(make_mackey_glass(10_000, tau=17, random_state=1000 + seed) - 1)
    series = 2 * (series - series.min()) / np.ptp(series) - 1
    still = np.zeros((len(series), 1))
    network = EchoStateRegressor(
        standardize=False,
        reservoir=Reservoir(feedback_scaling=0.4, bias_scaling=0.3, dtype="float64"),
        units=units,
        spectral_radius=0.9,
        leak_rate=0.5,
        washout=1000,
        alpha=1e-13,
        readout_input=False,
        return_sequences=True,
        random_state=seed,
    ).fit([still[:3000]], [series[:3000]])
    starts = np.linspace(3500, 9500, n_starts).astype(int)
    context = [series[start - 300 : start] for start in starts]
    generated = network.generate(84, [still[:300]] * n_starts, context)
    return nrmse(generated[:, -1], series[starts + 83], series.var())


def narma(seed, units=200):
    """Return the NRMSE of NARMA10: 2,000 steps to train and 2,000 to test, a washout of 200.

    The task is that of Atiya & Parlos, "New results on recurrent neural networks training", IEEE
    Transactions on Neural Networks 11, 2000.
    """
    u, y = make_narma(4400, order=10, random_state=1000 + seed)
    network = EchoStateRegressor(
        standardize=False,
        reservoir=Reservoir(dtype="float64", bias_scaling=0.3),
        units=units,
        spectral_radius=0.9,
        input_scaling=0.05,
        washout=200,
        rows="steps",
        alpha=1e-10,
        random_state=seed,
    ).fit(u[:2200, None], y[:2200])
    return nrmse(network.predict(u[2200:, None])[200:], y[2400:])


def narma_defaults(seed, units=200):
    """Return the same as `narma` for the defaults, with only the spectral radius given."""
    u, y = make_narma(4400, order=10, random_state=1000 + seed)
    network = EchoStateRegressor(
        units=units, spectral_radius=0.9, rows="steps", random_state=seed
    ).fit(u[:2200, None], y[:2200])
    return nrmse(network.predict(u[2200:, None])[200:], y[2400:])


def memory(seed, units=100):
    """Return the memory capacity of linear units with an orthogonal matrix, for delays to 200."""
    network = EchoStateRegressor(
        standardize=False,
        reservoir=Reservoir(
            topology="orthogonal", activation="identity", bias_scaling=0.0, dtype="float64"
        ),
        units=units,
        spectral_radius=0.95,
        input_scaling=0.1,
        alpha=1e-14,
        random_state=seed,
    )
    return memory_capacity(network, max_delay=2 * units, random_state=seed).capacity


def vowels(seed, units=1000):
    """Return the accuracy on the test set of JapaneseVowels, 370 utterances of 9 speakers."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from ucr import read_split

    folder = Path(os.environ["SKRNN_DATA"]) / "ucr_uea"
    X_train, X_test, y_train, y_test = read_split(folder, "JapaneseVowels")
    network = EchoStateClassifier(
        standardize=False,
        reservoir=Reservoir(bidirectional=True, bias_scaling=0.6),
        units=units,
        spectral_radius=0.9,
        leak_rate=0.3,
        input_scaling=0.4,
        alpha=10,
        readout_input=False,
        random_state=seed,
    )
    model = make_pipeline(TimeDistributed(StandardScaler()), network)
    return model.fit(X_train, y_train).score(X_test, y_test)


def lorenz(seed, units=1000, n_starts=20, step=0.02):
    """Return the valid time in Lyapunov times: until the error exceeds 0.4 of the spread.

    The three coordinates are standardized, and the training set has 20,000 steps of 0.02. From each
    of 20 later starts, the network receives 200 steps and generates 1,200, using each output as the
    next input. The error is the Euclidean distance, the spread is the root of the mean squared
    distance from the mean, and the median over the starts is returned.
    """
    series = make_lorenz(40_000, step=step, random_state=1000 + seed)
    series = StandardScaler().fit(series[:20_000]).transform(series)
    network = EchoStateRegressor(
        standardize=False,
        reservoir=Reservoir(bias_scaling=1.0, dtype="float64"),
        units=units,
        spectral_radius=0.4,
        input_scaling=0.3,
        washout=200,
        alpha=1e-10,
        return_sequences=True,
        random_state=seed,
    ).fit([series[:19_999]], [series[1:20_000]])
    starts = np.linspace(21_000, 38_500, n_starts).astype(int)
    generated = network.generate(1200, [series[start - 200 : start] for start in starts])
    true = np.stack([series[start : start + 1200] for start in starts])
    spread = np.sqrt((series - series.mean(axis=0)).var(axis=0).sum())
    wrong = np.linalg.norm(generated - true, axis=2) > 0.4 * spread
    valid = np.where(wrong.any(axis=1), wrong.argmax(axis=1), wrong.shape[1])
    return float(np.median(valid) * step * LYAPUNOV_EXPONENT)


def laser_series():
    """Return inputs and targets of the Santa Fe laser one step ahead, scaled to [-1, 1]."""
    from reservoirpy.datasets import santafe_laser

    series = np.asarray(santafe_laser(), dtype=float).ravel()
    series = 2 * (series - series.min()) / np.ptp(series) - 1
    return series[:-1, None], series[1:]


def laser(seed, units=500):
    """Return the NRMSE of the Santa Fe laser: 6,000 steps for training, 3,000 for testing."""
    X, y = laser_series()
    network = EchoStateRegressor(
        standardize=False,
        reservoir=Reservoir(bias_scaling=0.0, connectivity=10),
        units=units,
        input_scaling=1.0,
        spectral_radius=0.9,
        washout=100,
        rows="steps",
        initial_state="fit_end",
        alpha=1e-6,
        readout_input=False,
        random_state=seed,
    ).fit(X[:6000], y[:6000])
    return nrmse(network.predict(X[6000:9000]), y[6000:9000])


def laser_reservoirpy(seed, units=500):
    """Return the same for ReservoirPy with the same parameters; its input weights are -1 or 1."""
    from reservoirpy.nodes import Reservoir as Peer
    from reservoirpy.nodes import Ridge

    X, y = laser_series()
    reservoir = Peer(
        units, sr=0.9, lr=1.0, rc_connectivity=10 / units, input_connectivity=1.0, seed=seed
    )
    network = reservoir >> Ridge(ridge=1e-6)
    network.fit(X[:6000], y[:6000, None], warmup=100)
    return nrmse(np.asarray(network.run(X[6000:9000])).ravel(), y[6000:9000])


def same_states(seed, units=100, n_steps=500):
    """Return the largest difference of states to ReservoirPy's and PyRCN's, in float64."""
    from pyrcn.base.blocks import InputToNode, NodeToNode
    from reservoirpy.nodes import Reservoir as Peer

    rng = np.random.default_rng(seed)
    recurrent = rng.normal(size=(units, units)) * 0.9 / np.sqrt(units)
    inputs, X = rng.uniform(-1, 1, (units, 3)), rng.uniform(-1, 1, (n_steps, 3))
    differences = []
    for leak in (1.0, 0.3):
        ours = Reservoir(
            units=units,
            topology=recurrent,
            spectral_radius=None,
            input_weights=inputs,
            bias_scaling=0.0,
            leak_rate=leak,
            dtype="float64",
        )
        states = ours.fit_transform([X])[0]
        peer = Peer(units, lr=leak, W=recurrent, Win=inputs, bias=0.0)
        differences.append(np.abs(states - np.asarray(peer.run(X))).max())
        fed = InputToNode(
            hidden_layer_size=units,
            input_activation="identity",
            bias_scaling=0.0,
            predefined_input_weights=inputs.T,
        ).fit_transform(X)
        peer = NodeToNode(
            hidden_layer_size=units,
            leakage=leak,
            spectral_radius=1.0,
            predefined_recurrent_weights=recurrent.T,
        )
        differences.append(np.abs(states - peer.fit(fed).transform(fed)).max())
    return float(max(differences))


TASKS = {
    "mackey_glass": mackey_glass,
    "mackey_glass, 1,000 units": lambda seed: mackey_glass(seed, units=1000),
    "narma": narma,
    "narma, defaults": narma_defaults,
    "memory": memory,
    "vowels": vowels,
    "lorenz": lorenz,
    "laser": laser,
    "laser, ReservoirPy": laser_reservoirpy,
    "same_states": same_states,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    columns = ("median", "mean", "sd", "least", "most", "seconds")
    print(f"{'task':<27}" + "".join(f"{column:>10}" for column in columns))
    for name in given.only:
        begin = time.perf_counter()
        try:
            numbers = np.array([TASKS[name](seed) for seed in range(given.seeds)])
        except ImportError as error:
            print(f"{name:<27}left out: {error}")
            continue
        each = (time.perf_counter() - begin) / given.seeds
        cells = (np.median(numbers), numbers.mean(), numbers.std(), numbers.min(), numbers.max())
        print(f"{name:<27}" + "".join(f"{cell:>10.4g}" for cell in cells) + f"{each:>10.2f}")


if __name__ == "__main__":
    main()
