"""Read the two file formats of the UCR and UEA archives: `.ts`, and `.tsv` for one feature.

The numbers of a file are converted line by line, so that an error can name the line.
"""

import numpy as np

from skrnn.datasets._files import check_not_empty, read_text


def read_ts(path, what):
    """Return the comment, the header and the lines of data of a file in the `.ts` format.

    Source: https://www.aeon-toolkit.org, "The .ts file format". Lines that start with `#` are the
    comment, lines that start with `@` are the header, and each line after `@data` is one series.

    Parameters
    ----------
    path : pathlib.Path
        The file, which may be compressed (.xz).
    what : str
        What a line is, for error messages.

    Returns
    -------
    comment : str
    header : dict of str to list of str
        The words after each keyword, all in lower case.
    lines : list of (str, str)
        The location of each line of data for error messages, and the line.

    Raises
    ------
    ValueError
        If there is no line `@data`, or no line after it.
    """
    lines = [line.strip() for line in read_text(path).split("\n")]
    start = next((i for i, line in enumerate(lines) if line.lower() == "@data"), None)
    if start is None:
        raise ValueError(f"{path} has no line @data, which starts the data in the .ts format.")
    comment = "\n".join(line[1:].strip() for line in lines[:start] if line.startswith("#"))
    fields = [line[1:].lower().split() for line in lines[:start] if line.startswith("@")]
    header = {keyword: words for keyword, *words in filter(None, fields)}
    return comment, header, _located(lines, start + 1, path, what)


def read_tsv(path, what):
    """Return the lines of a file in the `.tsv` format of the archive, which has no header.

    Returns
    -------
    lines : list of (str, str)
        The location of each line for error messages, and the line.

    Raises
    ------
    ValueError
        If there is no line.
    """
    # A tab at the beginning of a line is not white space, but the end of an empty label.
    lines = [line.rstrip() for line in read_text(path).split("\n")]
    return _located(lines, 0, path, what)


def _located(lines, start, path, what):
    located = [
        (f"{path}, line {number}", line)
        for number, line in enumerate(lines[start:], start=start + 1)
        if line
    ]
    return check_not_empty(located, path, what)


def steps_of(dimensions, location):
    """Return the numbers of a line of a `.ts` file, of shape (n_steps, n_features).

    Parameters
    ----------
    dimensions : list of str
        For each feature, its values in order of time, separated by commas.
    location : str
        The file and the line, for error messages.

    Raises
    ------
    ValueError
        If the features do not have equally many numbers.

    Examples
    --------
    >>> steps_of(["0.5,1.5,2.5", "1,2,3"], "line 16")
    array([[0.5, 1. ],
           [1.5, 2. ],
           [2.5, 3. ]])
    """
    try:
        steps = np.array([dimension.split(",") for dimension in dimensions], dtype=np.float64).T
    except ValueError as error:
        raise ValueError(
            f"{location}: expected equally long dimensions of numbers separated by commas: {error}"
        ) from error
    return np.ascontiguousarray(steps)
