"""The only private SciPy imports, so that a new release is checked in one place.

A step of a reservoir is one small sparse product. `A @ x` allocates its result and costs more in
dispatch than in arithmetic; these kernels of SciPy add the product to an existing array.
"""

from scipy.sparse._sparsetools import csr_matvec, csr_matvecs, dia_matvec
