"""Recurrent cells, one file each: the equation, the gates, the weights and one readable step.

A cell's file is its only description. Layers take the weights' shapes from it, networks their
first values, `run_steps` runs its `step` on any backend, and the fast loops of the backends are
tested against that. The names of all cells are in `skrnn._specs.CELLS`, so that an estimator can
check its parameter `cell` before Keras is imported; each name is the name of a module here, which
holds the cell as `CELL`.
"""

import importlib

from skrnn.networks.cells._cell import Cell, glorot_uniform
from skrnn.networks.cells._loop import run_steps

__all__ = ["Cell", "get_cell", "glorot_uniform", "run_steps"]


def get_cell(name):
    """Return the description of a cell.

    Parameters
    ----------
    name : str
        One of `skrnn._specs.CELLS`.

    Returns
    -------
    Cell
    """
    return importlib.import_module(f"{__name__}.{name}").CELL
