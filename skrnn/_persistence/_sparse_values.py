"""Store SciPy's sparse arrays by their parts, because skops trusts only the parts."""

from scipy import sparse

from skrnn._persistence._plain_values import store_as

_PARTS = ("data", "indices", "indptr", "shape")


def _csr_fields(matrix):
    return {name: getattr(matrix, name) for name in _PARTS}


def _csr_from(content):
    *parts, shape = (content[name] for name in _PARTS)
    matrix = sparse.csr_array(tuple(parts), shape=shape)
    # SciPy's products do not check indices, so that invalid ones would read other memory.
    matrix.check_format(full_check=True)
    return matrix


def register():
    """Register how sparse arrays are stored."""
    store_as("csr_array", sparse.csr_array, _csr_fields, _csr_from)
