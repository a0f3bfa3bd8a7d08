"""What a compiled kernel could gain at most: an epoch, and the arithmetic that it cannot save.

``KERAS_BACKEND=jax python tests/benchmarks/kernel_bound.py`` prints processor times of training on
Keras' backend, on one core, for an LSTM and a GRU. No kernel can train without the matrix products
of all time steps and the values of tanh (also for sigmoids), so their sum is a lower bound.
"""

import argparse
import os
import platform
import time
from importlib.metadata import version

N, STEPS, FEATURES, UNITS, BATCH = 1000, 100, 8, 64, 32
# The gates, and how many values of tanh or of sigmoid a unit needs in a time step.
CELLS = {"lstm": (4, 5), "gru": (3, 3)}
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")


def seconds(function):
    """Return the processor time of a call."""
    begin = time.process_time()
    function()
    return time.process_time() - begin


def network(cell):
    """Return a function that returns the processor times of three epochs, without compilation."""
    import keras
    import numpy as np

    from skrnn import RNNClassifier

    class Clock(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["clock"] = time.process_time()

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((N, STEPS, FEATURES), dtype=np.float32), np.arange(N) % 2
    options = {"pooling": "last", "standardize": False, "add_differences": False}
    model = RNNClassifier(cell=cell, units=UNITS, epochs=4, batch_size=BATCH, **options)
    model.set_params(callbacks=[Clock()], random_state=0)
    return lambda: np.diff(model.fit(X, y).history_["clock"]).tolist()


def zeros(*shape):
    import numpy as np

    return np.zeros(shape, np.float32)


def products(n_gates):
    """Return a function that computes the products of an epoch with arrays that are made once."""
    import numpy as np

    columns, n_batches, n_rows = n_gates * UNITS, -(-N // BATCH), BATCH * STEPS
    states, gates, all_gates = zeros(BATCH, UNITS), zeros(BATCH, columns), zeros(n_rows, columns)
    recurrent, transposed = zeros(UNITS, columns), zeros(columns, UNITS)
    inputs, kernel = zeros(n_rows, FEATURES), zeros(FEATURES, columns)
    inputs_t, states_t = zeros(FEATURES, n_rows), zeros(UNITS, n_rows)

    def run():
        for _ in range(n_batches):
            np.matmul(inputs, kernel, out=all_gates)
            for _ in range(STEPS):
                np.matmul(states, recurrent, out=gates)
            for _ in range(STEPS):
                np.matmul(gates, transposed, out=states)
            inputs_t @ all_gates, states_t @ all_gates

    return run


def large_product(n_gates):
    """Return a function that computes one product with the number of operations of an epoch."""
    n_operations = 2 * N * STEPS * n_gates * UNITS * (3 * UNITS + 2 * FEATURES)
    rows, size = zeros(n_operations // (2 * 1024**2), 1024), zeros(1024, 1024)
    return lambda: rows @ size


def activations(n_values):
    """Return a function that computes tanh as often as an epoch needs it, a time step at a time."""
    import jax

    n_calls, values = -(-N // BATCH) * STEPS, jax.numpy.ones((BATCH, n_values * UNITS))

    @jax.jit
    def run(values):
        # Each call receives the values of the one before, so that none of them is left out.
        return jax.lax.fori_loop(0, n_calls, lambda i, values: jax.numpy.tanh(values), values)

    return lambda: run(values).block_until_ready()


def main():
    """Measure in turns, and print the least time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    # TensorFlow and XLA count the cores that the process may use when they start.
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    print(platform.processor(), BACKEND, version(BACKEND), "Keras", version("keras"))
    for cell in CELLS:
        fit, (n_gates, n_values) = network(cell), CELLS[cell]
        others = {"products": products(n_gates), "one large product": large_product(n_gates)}
        if BACKEND == "jax":
            others["tanh by XLA"] = activations(n_values)
        times = {"epoch": [], **{name: [] for name in others}}
        for _ in range(rounds):
            times["epoch"] += fit()
            for name, function in others.items():
                times[name].append(seconds(function))
        for name, values in times.items():
            print(f"{cell:<6}{name:<20}{min(values):8.3f} s")


if __name__ == "__main__":
    main()
