"""The machine's own rate: plain matrix products, which epochs and readouts are measured by."""

import numpy as np
from scipy.linalg import blas

__all__ = ["gram", "product"]


def product(n):
    """Multiply two float32 matrices of n rows and columns."""
    one, other = np.random.default_rng(0).random((2, n, n), dtype=np.float32)

    def run():
        return {"mean": float((one @ other).mean())}

    return run


def gram(rows, columns, block=1000):
    """Multiply so many float64 rows with themselves, a block at a time: half a product."""
    steps = np.random.default_rng(0).random((min(block, rows), columns))

    def run():
        products = np.zeros((columns, columns), order="F")
        for _ in range(max(1, rows // block)):
            products = blas.dsyrk(1.0, steps.T, 1.0, products, overwrite_c=1)
        return {"mean": float(products.mean())}

    return run
