"""Plain matrix products: the rate of the machine, which epochs and readouts are compared with."""

import numpy as np
from scipy.linalg import blas


def product(n):
    """Multiply two float32 matrices of n rows and columns."""
    one, other = np.random.default_rng(0).random((2, n, n), dtype=np.float32)

    def run():
        return {"mean": float((one @ other).mean()), "n": n}

    return run


def gram(rows, columns, block=1000):
    """Multiply the transpose of float64 rows with the rows, block by block, by symmetry."""
    steps = np.random.default_rng(0).random((min(block, rows), columns))

    def run():
        products = np.zeros((columns, columns), order="F")
        for _ in range(max(1, rows // block)):
            products = blas.dsyrk(1.0, steps.T, 1.0, products, overwrite_c=1)
        return {"mean": float(products.mean())}

    return run
