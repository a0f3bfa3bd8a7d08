"""Write the weights of a recurrent network to a safetensors file, and read them again.

Such a file holds only arrays and short texts, so reading it does not run code. Libraries of many
languages read it. The file also contains the settings on which predictions depend, and
`from_safetensors` compares them: with other settings, the weights would predict other values.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import skrnn
from skrnn._fitting import fitted_snapshot, snapshot
from skrnn.export._checks import check_path, check_recurrent
from skrnn.recurrent._named_weights import named_weights
from skrnn.recurrent._static import static_standardization

# The fields of a specification that the shapes of the weights do not show.
_SETTINGS = (
    "cell",
    "activation",
    "bidirectional",
    "return_sequences",
    "pooling",
    "output_activation",
)


def to_safetensors(estimator, path):
    """Write the weights of a recurrent network to a safetensors file.

    No framework is loaded. The package safetensors is required.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator.
    path : str or pathlib.Path
        The file to write, whose name ends with ``.safetensors``.

    Returns
    -------
    dict of str to ndarray
        The arrays in the file by name, with their dtype:

        - ``recurrent_0/kernel``, ``recurrent_0/recurrent_kernel`` and ``recurrent_0/bias``: the
          weights of the first recurrent layer, ``recurrent_0_backward/kernel`` and so on: those of
          its backward direction. Shapes and the order of gates are those of Keras.
        - ``attention/kernel``, ``attention/bias`` and ``attention_score/kernel``: with
          ``pooling="attention"``, the weights of the layer before the tanh and of the score.
        - ``head/kernel`` and ``head/bias``: the weights of the dense output layer.
        - ``embedding/embeddings`` and ``embedding/known``: with `embedding`, the vector of each
          token id, and whether the id was in the training set. Any other id is read as 1.
        - ``category_0/embeddings`` and so on: with `categorical_features`, the vectors of the
          categories of each such feature, after those of unseen and of missing categories, and
          ``category/trained``, whether these two have been trained.
        - ``static/mean`` and ``static/scale``: with static features and ``standardize=True``, what
          is subtracted from them, and by what they are then divided. ``first_states/kernel`` and
          ``first_states/bias``: the weights of the layer of ``static="initial_state"``.
        - ``input/mean`` and ``input/scale``: with ``standardize=True``, what is subtracted from the
          features, and by what they are then divided.
        - ``differences/kernel`` and ``input/difference_scale``: with ``add_differences=True``, what
          the differences of standardised features are multiplied by, and `difference_scale_`.
        - ``decay/kernel``, ``decay/bias``, ``decay_mean/kernel`` and ``input/decay_mean``: with
          ``allow_nan=True``, the weights of the decay of missing values, the mean to which
          standardised features decay, and `decay_mean_`.
        - ``target/scale`` and ``target/offset``: the factor by which the outputs of a regressor are
          multiplied, and the number that is then added, to convert them to the units of y.
        - ``weight_0``, ``weight_1`` and so on: the weights of a network with a custom `body` or
          cell, in the order of `weights_`.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    TypeError
        If `estimator` is not an RNNClassifier or RNNRegressor, or `path` is not a path.
    NotFittedError
        If `estimator` is not fitted.
    ValueError
        If `path` does not end with ``.safetensors``.
    FileNotFoundError
        If the folder of `path` does not exist.

    See Also
    --------
    from_safetensors : Read the file into an estimator.

    Notes
    -----
    The metadata of the file are texts:

    - ``skrnn_version``: the version of skrnn.
    - ``estimator``: the name of the class of the estimator.
    - ``classes``: the class labels of a classifier, as JSON.
    - ``categories``: with `categorical_features`, the categories of each such feature, as JSON.
    - ``network``: the settings of the network that the shapes of the arrays do not show, such as
      the cell and the pooling, as JSON. An activation that is a function is described by its name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.export import to_safetensors
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 3))
    >>> regressor = RNNRegressor(cell="gru", units=4, epochs=1).fit(X, X.sum(axis=(1, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     arrays = to_safetensors(regressor, Path(folder) / "weights.safetensors")
    >>> [(name, array.shape) for name, array in arrays.items()]
    [('recurrent_0/kernel', (3, 12)), ('recurrent_0/recurrent_kernel', (4, 12)),
     ('recurrent_0/bias', (2, 12)), ('head/kernel', (4, 1)), ('head/bias', (1,)),
     ('input/mean', (3,)), ('input/scale', (3,)), ('target/scale', (1,)), ('target/offset', (1,))]
    """
    check_recurrent(estimator, "to_safetensors")
    path = check_path(path, ".safetensors")
    save_file = _require_safetensors().numpy.save_file
    fitted = fitted_snapshot(estimator)
    arrays = _arrays(fitted)
    save_file(arrays, path, metadata=_metadata(fitted))
    return arrays


def from_safetensors(estimator, path):
    """Return a copy of a recurrent estimator with the weights of a safetensors file.

    The copy makes the same predictions as the estimator that was written to the file. No framework
    is loaded. The package safetensors is required. To read only the arrays, use
    ``safetensors.numpy.load_file(path)``.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A fitted estimator with a network of the same architecture, and with the same classes. It is
        not changed.
    path : str or pathlib.Path
        A file that `to_safetensors` has written. The arrays in it may have other values, if another
        program has written them with the same names and the same metadata.

    Returns
    -------
    estimator of the same class
        Its parameters, `history_` and `n_iter_` are those of `estimator`. Its weights, the scale
        of its features and targets, and the token ids that it knows are those of the file. If it is
        trained further, the optimizer begins with a new state.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    TypeError
        If `estimator` is not an RNNClassifier or RNNRegressor, or `path` is not a path.
    NotFittedError
        If `estimator` is not fitted.
    FileNotFoundError
        If the file does not exist.
    ValueError
        If `to_safetensors` did not write the file, if an array is missing, unknown or not finite,
        or if its shape, its dtype, a setting of the network or the classes differ from those of
        `estimator`. The message names the first difference.

    See Also
    --------
    to_safetensors : Write the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.export import from_safetensors, to_safetensors
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 3))
    >>> first = RNNRegressor(units=4, epochs=1).fit(X, X.sum(axis=(1, 2)))
    >>> second = RNNRegressor(units=4, epochs=1).fit(X, X.mean(axis=(1, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weights.safetensors"
    ...     _ = to_safetensors(first, path)
    ...     copied = from_safetensors(second, path)
    >>> bool(np.array_equal(copied.predict(X), first.predict(X)))
    True
    """
    check_recurrent(estimator, "from_safetensors")
    arrays, metadata = _read(check_path(path, ".safetensors"))
    fitted = fitted_snapshot(estimator)
    _check_arrays(arrays, _arrays(fitted))
    _check_metadata(metadata, _metadata(fitted))
    copied = snapshot(fitted)
    vars(copied).update(_attributes(fitted, arrays))
    return copied


def _require_safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "Files of weights require the package safetensors: python -m pip install safetensors. "
            "The extra skrnn[export] contains all packages that exports need."
        ) from error
    return safetensors


def _arrays(fitted):
    """Return the arrays of a file by name."""
    arrays = named_weights(fitted._spec, fitted.weights_)
    if fitted._step_format.tokens:
        arrays["embedding/known"] = fitted._vocabulary.known
    if fitted._step_format.categorical:
        arrays["category/trained"] = fitted._vocabulary.trained
    known = fitted._standardization
    if known is not None:
        arrays |= {"input/mean": known.mean, "input/scale": known.scale}
    if fitted.difference_scale_ is not None:
        arrays["input/difference_scale"] = fitted.difference_scale_
    if fitted.decay_mean_ is not None:
        arrays["input/decay_mean"] = fitted.decay_mean_
    of_static = static_standardization(fitted)
    if of_static is not None:
        arrays |= {"static/mean": of_static.mean, "static/scale": of_static.scale}
    if not hasattr(fitted, "classes_"):
        codec = fitted._codec
        arrays |= {"target/scale": codec.scale, "target/offset": codec.offset}
    # safetensors writes the memory of an array, whatever its order.
    return {name: np.array(array, order="C") for name, array in arrays.items()}


def _metadata(fitted):
    """Return the metadata of a file, which are texts."""
    spec = fitted._spec
    network = {name: getattr(spec, name) for name in _SETTINGS}
    if callable(spec.activation):
        named = spec.activation if hasattr(spec.activation, "__name__") else type(spec.activation)
        network["activation"] = f"{named.__module__}.{named.__qualname__}"
    if spec.is_custom:
        described = hashlib.sha256(spec.architecture.encode("utf-8"))
        network |= {"custom_architecture": described.hexdigest()}
    metadata = {
        "skrnn_version": skrnn.__version__,
        "estimator": type(fitted).__name__,
        "network": json.dumps(network),
    }
    if hasattr(fitted, "classes_"):
        found = fitted.classes_
        labels = [each.tolist() for each in found] if isinstance(found, list) else found.tolist()
        metadata["classes"] = json.dumps(labels, default=repr)
    if fitted.categories_:
        tables = {str(name): table.tolist() for name, table in fitted.categories_.items()}
        metadata["categories"] = json.dumps(tables)
    return metadata


def _read(path):
    """Return the arrays and the metadata of a file."""
    safetensors = _require_safetensors()
    if not Path(path).is_file():
        raise FileNotFoundError(f"path={str(path)!r} is not a file.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise ValueError(f"path={str(path)!r} is not a safetensors file. {error}") from error


def _check_arrays(arrays, expected):
    """Check names, shapes, dtypes and values of the arrays of a file."""
    missing, unknown = sorted(expected.keys() - arrays), sorted(arrays.keys() - expected)
    if missing or unknown:
        raise ValueError(
            "The arrays of the file are not those of estimator: "
            + "; ".join(
                f"{problem} {', '.join(names)}"
                for problem, names in (("it lacks", missing), ("it also has", unknown))
                if names
            )
            + "."
        )
    for name, array in expected.items():
        found = arrays[name]
        if (found.shape, found.dtype) != (array.shape, array.dtype):
            raise ValueError(
                f"{name!r} has the shape {found.shape} and the dtype {found.dtype} in the file, "
                f"but {array.shape} and {array.dtype} in estimator."
            )
        if not np.isfinite(found).all():
            raise ValueError(f"{name!r} in the file contains NaN or infinity.")
        if (
            name in ("input/scale", "input/difference_scale", "static/scale")
            and not (found > 0).all()
        ):
            raise ValueError(f"{name!r} in the file must be positive, got {found.min()}.")


def _check_metadata(metadata, expected):
    """Check that the weights of a file mean the same in the estimator."""
    for name, value in expected.items():
        if name == "skrnn_version":
            continue
        if name not in metadata:
            raise ValueError(
                f"The file was not written by to_safetensors, because its metadata lack {name!r}. "
                "If another program has written it, let it copy the metadata of the original file."
            )
        found = metadata[name]
        if name == "network":
            found, value = _read_settings(found), json.loads(value)
            name = next((key for key in value if value[key] != found.get(key)), name)
            found, value = found.get(name, found), value.get(name, value)
        if found != value:
            raise ValueError(f"{name} is {found!r} in the file, but {value!r} in estimator.")


def _read_settings(text):
    """Return the settings of a network in the metadata of a file."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise ValueError(
            f"The metadata 'network' of the file must be a dict of settings as JSON, got {text!r}."
        )
    return settings


def _attributes(fitted, arrays):
    """Return the attributes of an estimator that has the arrays of a file."""
    names = named_weights(fitted._spec, fitted.weights_)
    attributes = {"weights_": [arrays[name] for name in names], "_optimizer_state": None}
    if "embedding/known" in arrays:
        known = arrays["embedding/known"]
        attributes["_vocabulary"] = replace(fitted._vocabulary, known=known)
    if "category/trained" in arrays:
        attributes["_vocabulary"] = replace(fitted._vocabulary, trained=arrays["category/trained"])
    if "input/scale" in arrays:
        attributes["input_mean_"] = arrays["input/mean"]
        attributes["input_scale_"] = arrays["input/scale"]
    if "input/difference_scale" in arrays:
        attributes["difference_scale_"] = arrays["input/difference_scale"]
    if "input/decay_mean" in arrays:
        attributes["decay_mean_"] = arrays["input/decay_mean"]
    if "static/scale" in arrays:
        attributes["static_mean_"] = arrays["static/mean"]
        attributes["static_scale_"] = arrays["static/scale"]
    if "target/scale" in arrays:
        attributes["_y_scale"] = arrays["target/scale"]
        attributes["_y_offset"] = arrays["target/offset"]
    return attributes
