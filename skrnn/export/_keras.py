"""Write a recurrent network as a Keras file, and return it for Keras' own exporters."""

from skrnn.export._checks import check_path, check_recurrent


def to_keras(estimator, path=None):
    """Return a recurrent network as a Keras model, and write it to a ``.keras`` file.

    ``keras.saving.load_model(path)`` opens the file in a program that does not have skrnn. The
    exceptions are cells that Keras does not have, such as ``"minimal_gru"``, whose layer is
    registered by ``import skrnn.networks.architecture``, and a custom `body` or cell, whose own
    classes must be registered as Keras' documentation describes.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator.
    path : str or pathlib.Path, default=None
        The file to write, whose name ends with ``.keras``. If None, no file is written.

    Returns
    -------
    keras.Model
        The model that the attribute `model_` returns. Its inputs are ``[steps, lengths]``, with
        time steps padded on the right, and its outputs are probabilities, or targets in the units
        of y. The time steps are in the units of X, and in float64 if `standardize` is True and
        float32 would round them too much. Token ids that were not in the training set must be
        replaced by 1 before they are passed to the model. Categorical features hold rows of their
        embeddings: 0 for a category that was not in the training set, 1 for a missing one, and
        ``i + 2`` for entry ``i`` of `categories_`. The model has been called once, as Keras'
        exporters require: ``model.export(path, format=...)`` writes it as a TensorFlow SavedModel,
        for LiteRT and so on.

    Raises
    ------
    TypeError
        If `estimator` is not an RNNClassifier or RNNRegressor, or `path` is not a path.
    NotFittedError
        If `estimator` is not fitted.
    ValueError
        If `path` does not end with ``.keras``.
    FileNotFoundError
        If the folder of `path` does not exist.

    See Also
    --------
    to_onnx : Write an estimator or a whole pipeline, which then runs without any framework.
    to_safetensors : Write only the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.export import to_keras
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 3))
    >>> regressor = RNNRegressor(units=4, epochs=1, random_state=0).fit(X, X.sum(axis=(1, 2)))
    >>> model = to_keras(regressor)
    >>> [tensor.name for tensor in model.inputs]
    ['steps', 'lengths']
    >>> outputs = model.predict([X.astype("float32"), np.full(20, 5)], verbose=0)
    >>> bool(np.allclose(outputs[:, 0], regressor.predict(X), atol=1e-5))
    True
    """
    check_recurrent(estimator, "to_keras")
    if path is not None:
        path = check_path(path, ".keras")
    model = estimator.model_
    # Some of Keras' exporters refuse a model that has not been called. Symbols are enough.
    model(model.inputs)
    if path is not None:
        model.save(path)
    return model
