"""Recurrent cells. Each has a file with its equation, its gates, its weights and its time step.

This file is the only description of the cell. Layers take the shapes of the weights from it, and
networks take the initial values. `run_steps` runs the method `step` of the cell on any backend, and
the fast loops of the backends are tested against it. The names of all cells are in
`skrnn._cells.CELLS`, so that an estimator can check its parameter `cell` before Keras is imported.
Each name is the name of a module of this package, which contains the cell as `CELL`.
"""

import importlib

from skrnn.networks.cells._cell import Cell, glorot_uniform, orthogonal
from skrnn.networks.cells._inputs import project_inputs
from skrnn.networks.cells._loop import run_steps
from skrnn.networks.cells._scan import ScanCell, run_scan

__all__ = [
    "Cell",
    "ScanCell",
    "get_cell",
    "glorot_uniform",
    "orthogonal",
    "project_inputs",
    "run_scan",
    "run_steps",
]


def get_cell(name):
    """Return the description of a cell.

    Parameters
    ----------
    name : str
        One of `skrnn._cells.CELLS`.

    Returns
    -------
    Cell
    """
    return importlib.import_module(f"{__name__}.{name}").CELL
