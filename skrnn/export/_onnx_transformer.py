"""Convert transformers of scikit-learn to ONNX, and compare the results of both.

Some converters of skl2onnx raise an error for a version of scikit-learn or for a dtype, and some
return a model with other results. Therefore each model is run and compared before it is used.
"""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.utils import get_tags

from skrnn.export._onnx_graph import require_package

_ML_OPSET = 3
# The largest error for each dtype of numbers, in multiples of the largest value of the results.
_TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


def n_features_of(transformer):
    """Return the number of columns that a fitted transformer was fitted on.

    Raises
    ------
    ValueError
        If the transformer does not know it.
    """
    if not hasattr(transformer, "n_features_in_"):
        raise ValueError(
            f"{type(transformer).__name__} cannot be converted to ONNX, because it does not have "
            "the attribute n_features_in_. Apply it before the model, and export the estimator "
            "after it: to_onnx(pipeline[-1])."
        )
    return int(transformer.n_features_in_)


def as_onnx(transformer, n_features, dtype, opset):
    """Return a fitted transformer as an ONNX model, and the index of its output.

    Parameters
    ----------
    transformer : estimator with `transform`
    n_features : int
    dtype : {"float32", "float64"}
    opset : int
        The version of ONNX's operators.

    Returns
    -------
    model : onnx.ModelProto
    i : int

    Raises
    ------
    ValueError
        If the transformer cannot be converted, or if its conversion has other results.
    """
    skl2onnx, runtime = require_package("skl2onnx"), require_package("onnxruntime")
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind = FloatTensorType if dtype == "float32" else DoubleTensorType
    try:
        model = skl2onnx.convert_sklearn(
            transformer,
            initial_types=[("X", kind([None, n_features]))],
            target_opset={"": opset, "ai.onnx.ml": _ML_OPSET},
            **({} if dtype == "float32" else _FLOAT64_CONVERTERS),
        )
        session = runtime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return model, _matching_output(session, transformer, n_features, dtype)
    except Exception as error:
        # The converters raise errors of many types.
        other = "float32" if dtype == "float64" else "float64"
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{type(transformer).__name__} cannot be converted to ONNX for {dtype} inputs: "
            f"{reason} Try input_dtype={other!r}, or apply the transformer before the model and "
            "export the estimator after it: to_onnx(pipeline[-1])."
        ) from error


def _convert_imputer(scope, operator, container):
    """Add a `SimpleImputer` to a container of skl2onnx."""
    imputer, (X,), (filled,) = operator.raw_operator, operator.inputs, operator.outputs
    values = np.asarray(imputer.statistics_, dtype=np.float64)
    if imputer.add_indicator or not np.isnan(imputer.missing_values) or np.isnan(values).any():
        raise NotImplementedError("SimpleImputer can only replace NaN in columns that are kept.")
    names = [scope.get_unique_variable_name(stem) for stem in ("statistics", "is_missing")]
    double = require_package("onnx").TensorProto.DOUBLE
    container.add_initializer(names[0], double, [1, len(values)], values.tolist())
    container.add_node("IsNaN", [X.full_name], [names[1]], op_version=13)
    inputs = [names[1], names[0], X.full_name]
    container.add_node("Where", inputs, [filled.full_name], op_version=9)


def _set_imputer_shape(operator):
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = kind([None, len(operator.raw_operator.statistics_)])


# onnxruntime has the operator Imputer for float32 only.
_FLOAT64_CONVERTERS = {
    "custom_conversion_functions": {SimpleImputer: _convert_imputer},
    "custom_shape_calculators": {SimpleImputer: _set_imputer_shape},
}


def _matching_output(session, transformer, n_features, dtype):
    """Return the index of the output of a session that equals the output of a transformer."""
    rows = _example_rows(transformer, n_features).astype(dtype)
    expected = np.asarray(transformer.transform(rows))
    limit = _TOLERANCE[dtype] * np.nanmax(np.abs(expected))
    for i, output in enumerate(session.run(None, {"X": rows})):
        if output.shape == expected.shape and np.allclose(
            output, expected, rtol=0, atol=limit, equal_nan=True
        ):
            return i
    raise ValueError("The converted model has other results than the transformer.")


def _example_rows(transformer, n_features):
    """Return rows to compare results on, which resemble the training data if this is possible."""
    rows = np.random.default_rng(0).normal(size=(16, n_features))
    categories = getattr(transformer, "categories_", None)
    if categories is not None:
        return np.stack([np.resize(values, len(rows)) for values in categories], axis=1)
    rows = _like_training_data(transformer, rows)
    if get_tags(transformer).input_tags.allow_nan:
        rows[::3, 0] = np.nan
    return rows


def _like_training_data(transformer, rows):
    """Return the rows that a transformer would transform to values around 0, if it knows them."""
    try:
        n_outputs = len(transformer.get_feature_names_out())
        original = transformer.inverse_transform(np.resize(rows, (len(rows), n_outputs)))
    except (AttributeError, TypeError, ValueError):
        return rows
    is_finite = np.isfinite(original).all(axis=1)
    return original[is_finite] if is_finite.any() else rows
