"""Fits whose every number is kept before a change and compared with after it.

A refactoring may not move a single bit. `python -m tests.same_bits save FILE` fits all cases and
saves their results. `python -m tests.same_bits compare FILE` fits them again and lists every array
that differs. Bits depend on the processor and on the versions of the libraries, so the file belongs
to one machine and is not committed. The backend is that of ``KERAS_BACKEND``.
"""
