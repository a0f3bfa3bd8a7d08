"""`to_onnx`: write a fitted estimator or Pipeline as an ONNX model."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._check_arrays import in_words
from skrnn._fitting import fitted_snapshot
from skrnn.export._checks import check_path
from skrnn.export._onnx_estimators import converter_of
from skrnn.export._onnx_graph import OnnxGraph
from skrnn.export._onnx_pipeline import add_steps, describe_steps, makes_codes, split_pipeline

_NUMBERS = ("float32", "float64")


def to_onnx(estimator, path=None, *, input_dtype=None, one_hot=False):
    """Convert a fitted estimator or Pipeline to an ONNX model.

    The model runs wherever ONNX runs, without skrnn, scikit-learn or a deep-learning framework. It
    is written from the fitted weights, which does not load a framework either.

    Parameters
    ----------
    estimator : RNNClassifier, RNNRegressor, EchoStateClassifier, EchoStateRegressor or Pipeline
        A fitted estimator, or a fitted Pipeline that ends with one. The steps before it may be:

        - :class:`~skrnn.TimeDistributed` of a transformer that skl2onnx converts, such as
          :class:`~sklearn.preprocessing.StandardScaler`, :class:`~sklearn.decomposition.PCA`,
          :class:`~sklearn.impute.SimpleImputer` or a Pipeline of them;
        - :class:`~skrnn.EmbeddingTokenizer` with ``analyzer="tokens"`` and, unless the tokens are
          int, ``lowercase=False``;
        - :class:`~skrnn.OneHotSequenceEncoder` with ``analyzer=None`` and ``output="sequence"``.
    path : str or path-like, default=None
        The file to write the model to, which must end with ".onnx". If None, no file is written.
    input_dtype : {"float32", "float64"}, default=None
        The dtype of X if it consists of numbers. If None, it is the `dtype` of the estimator. It is
        "float64" for a Pipeline, for an echo state estimator with ``standardize=True``, and if a
        recurrent one standardises features with a large offset, because float32 cannot represent
        the differences between large numbers, such as pressures in pascals or seconds since 1970.
    one_hot : bool, default=False
        Whether X contains the codes of one-hot time steps in place of the vectors. Only used for an
        estimator without `embedding` that is not in a Pipeline.

    Returns
    -------
    onnx.ModelProto
        The model. Its inputs are:

        - `X`, the sequences in one array, padded with any values to the longest one:
          numbers of shape (n, T, n_features), or token ids, codes (int64) or symbols (strings or
          int64) of shape (n, T). A table of univariate sequences has the shape (n, T, 1).
        - `lengths`, the number of time steps of each sequence, int64 of shape (n,).

        The outputs of a classifier are `label` (n,) and `probabilities` (n, n_classes). That of a
        regressor is `variable` (n,) or (n, n_targets), in the units of the targets and in float64,
        as those of `predict`. With `return_sequences=True`, the outputs have a second axis of
        length T, and the values after the end of a sequence have no meaning. An echo state network
        that was fitted on one series (``rows="steps"``) has these outputs too: the series is a
        batch of one sequence.

    Raises
    ------
    ImportError
        If a package of the extra `export` is not installed.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not one of the estimators above.
    ValueError
        If the network has a custom `body` or `cell` or an `activation` that ONNX does not have, if
        the matrices of a reservoir take 2 GiB or more, if a step of the Pipeline cannot be
        converted, or if the converted step has other results than the step itself.

    Notes
    -----
    LSTM, GRU and simple cells in float32 with the activations "tanh", "relu" and "sigmoid" use the
    operators LSTM, GRU and RNN of ONNX. Other cells, activations and float64 are written as a loop,
    the operator Scan. The results equal those of the estimator up to rounding, about 1e-6 of the
    standard deviation of the targets in float32.

    A reservoir is written as a loop in its own dtype, and pooling and the readout in float64, as in
    `predict`. Feedback, washout, every `pooling` and ``initial_state="fit_end"`` are included. If
    the `dtype` of the reservoir is "float64", the results equal those of `predict` except for
    rounding in the last digits. In float32 its states differ by about 1e-7, and large coefficients
    of the readout enlarge these differences. The recurrent weights become a dense matrix, because
    ONNX does not have a product with a sparse one: in float32, 500 units take 1 MB, and 5,000 units
    100 MB.

    The model reads token ids as `predict` does: unknown ids are read as the unknown token, and
    padding at either end is removed. The outputs of `return_sequences=True` then begin with the
    first token.

    Running the model raises an error if a length is not between 1 and T, if an id is beyond a
    pre-trained embedding, or if a category is unknown and ``handle_unknown="error"``. Unlike
    `predict`, it does not check that numbers are finite: results of NaN are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import RNNClassifier, TimeDistributed
    >>> from skrnn.export import to_onnx
    >>> X = [np.array([[1.0], [2.0], [3.0]]), np.array([[9.0], [7.0]])]
    >>> pipeline = make_pipeline(
    ...     TimeDistributed(StandardScaler()), RNNClassifier(units=4, epochs=20, random_state=0)
    ... )
    >>> model = to_onnx(pipeline.fit(X, ["up", "down"]))
    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> padded = np.array([[[1.0], [2.0], [3.0]], [[9.0], [7.0], [0.0]]])
    >>> labels, probabilities = session.run(None, {"X": padded, "lengths": [3, 2]})
    >>> labels
    array(['up', 'down'], dtype=object)
    >>> bool(np.allclose(probabilities, pipeline.predict_proba(X), atol=1e-5))
    True
    """
    if path is not None:
        path = check_path(path, ".onnx")
    if input_dtype is not None and not (isinstance(input_dtype, str) and input_dtype in _NUMBERS):
        raise ValueError(f"input_dtype must be 'float32', 'float64' or None, got {input_dtype!r}.")
    if not isinstance(one_hot, bool | np.bool_):
        raise TypeError(f"one_hot must be a bool, got {in_words(one_hot)}.")
    model = _convert(estimator, input_dtype, one_hot)
    if path is not None:
        path.write_bytes(model.SerializeToString())
    return model


def _convert(estimator, input_dtype, one_hot):
    steps, final = split_pipeline(estimator)
    converter = converter_of(final)
    check_is_fitted(estimator)
    # A fit in another thread cannot change the estimator halfway.
    final = fitted_snapshot(final)
    if steps and one_hot:
        raise ValueError("one_hot=True is for estimators, but the estimator is a Pipeline.")
    one_hot = one_hot or makes_codes(steps)
    network_dtype, shape = converter.describe_input(final, one_hot=one_hot)
    is_numeric = network_dtype in _NUMBERS
    dtype = input_dtype or network_dtype if is_numeric else network_dtype
    if steps:
        dtype = input_dtype or "float64"
        dtype, shape = describe_steps(steps, dtype, needs_numbers=is_numeric)
    if input_dtype not in (None, dtype):
        raise ValueError(
            f"input_dtype={input_dtype!r} is for numbers, but the inputs of the model are {dtype}."
        )
    graph = OnnxGraph()
    X, lengths = add_steps(graph, steps, "X", "lengths", dtype)
    if is_numeric and dtype != network_dtype:
        X = graph.cast(X, network_dtype)
    outputs = converter.add(graph, final, X, lengths, one_hot=one_hot)
    return graph.finish(
        [("X", dtype, shape), ("lengths", "int64", ("n",))],
        [(graph.rename(out.tensor, out.name), out.dtype, out.shape) for out in outputs],
    )
