"""`register_skl2onnx`: let `skl2onnx.to_onnx` convert Pipelines with estimators of skrnn.

skl2onnx calls three functions for each operator: a parser that declares its outputs, a function
that sets their types, and a converter that adds ONNX operators to a container.
"""

import importlib

import numpy as np
from sklearn.base import is_classifier

from skrnn.export._onnx_estimators import CONVERTERS, converter_of
from skrnn.export._onnx_graph import OPSET, OnnxGraph, require_package
from skrnn.export._onnx_inputs import full_lengths
from skrnn.export._onnx_pipeline import add_time_distributed
from skrnn.preprocessing import TimeDistributed


def register_skl2onnx():
    """Register converters for the estimators of skrnn with skl2onnx.

    After one call, ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert the estimators
    that :func:`to_onnx` converts and :class:`~skrnn.TimeDistributed`, also as parts of Pipelines
    and of other models that skl2onnx converts. :func:`to_onnx` does not need the registration.

    The initial types are X and, optionally, the lengths of the sequences as int64. Without lengths,
    every sequence has the length of the array. The numbers must have the dtype float or double, and
    the outputs are those of :func:`to_onnx`: probabilities are an array, without `ZipMap`.

    Raises
    ------
    ImportError
        If a package of the extra `export` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
    >>> from skrnn import RNNRegressor
    >>> from skrnn.export import register_skl2onnx
    >>> register_skl2onnx()
    >>> X = np.zeros((4, 3, 2))
    >>> regressor = RNNRegressor(units=4, epochs=1, random_state=0).fit(X, [1.0, 2.0, 3.0, 4.0])
    >>> initial_types = [
    ...     ("X", FloatTensorType([None, None, 2])), ("lengths", Int64TensorType([None]))
    ... ]
    >>> model = skl2onnx.to_onnx(regressor, initial_types=initial_types)
    >>> [output.name for output in model.graph.output]
    ['variable']
    """
    skl2onnx = require_package("skl2onnx")
    for kind in CONVERTERS:
        skl2onnx.update_registered_converter(
            kind,
            f"Skrnn{kind.__name__}",
            _set_output_types,
            _convert_estimator,
            parser=_parse_estimator,
            # skl2onnx sets this option for each classifier, and it must be known. It has no effect.
            options={"zipmap": [True, False, "columns"]} if is_classifier(kind()) else None,
        )
    skl2onnx.update_registered_converter(
        TimeDistributed,
        "SkrnnTimeDistributed",
        _set_step_types,
        _convert_time_distributed,
        parser=_parse_time_distributed,
    )


# --- estimators -------------------------------------------------------------------------------


def _parse_estimator(scope, model, inputs, custom_parsers=None):
    converter_of(model).describe_input(model)
    names = ["label", "probabilities"] if hasattr(model, "classes_") else ["variable"]
    return _declare(scope, model, inputs, names).outputs


def _set_output_types(operator):
    # The only description of the outputs is the function that writes them.
    _, outputs = _write_estimator(operator, OnnxGraph())
    for variable, output in zip(operator.outputs, outputs, strict=True):
        variable.type = _variable_type(output.dtype, output.shape)


def _convert_estimator(scope, operator, container):
    graph, outputs = _write_estimator(operator, _begin_graph(scope, container))
    _add_to_container(container, graph, operator, [output.tensor for output in outputs])


def _write_estimator(operator, graph):
    """Return the graph with the estimator of an operator, and the outputs of the estimator."""
    estimator = operator.raw_operator
    converter = converter_of(estimator)
    dtype, shape = converter.describe_input(estimator)
    X, lengths = _add_inputs(graph, operator, dtype, n_axes=len(shape))
    lengths = full_lengths(graph, X) if lengths is None else lengths
    return graph, converter.add(graph, estimator, X, lengths)


def _add_inputs(graph, operator, dtype, n_axes):
    """Return X of a dtype with a number of axes, and the lengths, or None if there are none."""
    variables = operator.inputs
    X = graph.cast(variables[0].full_name, dtype)
    if n_axes == 3 and len(variables[0].type.shape) == 2:
        # A table has one univariate sequence per row.
        X = graph.add("Unsqueeze", [X, graph.constant([2])])
    return X, graph.cast(variables[1].full_name, "int64") if len(variables) > 1 else None


# --- TimeDistributed --------------------------------------------------------------------------


def _parse_time_distributed(scope, model, inputs, custom_parsers=None):
    steps = _declare(scope, model, inputs, ["variable"]).outputs
    # The lengths are an input of the next step too.
    return [*steps, *inputs[1:]]


def _set_step_types(operator):
    operator.outputs[0].type = type(operator.inputs[0].type)([None, None, None])


def _convert_time_distributed(scope, operator, container):
    graph, dtype = _begin_graph(scope, container), _dtype_of(operator.inputs[0])
    X, lengths = _add_inputs(graph, operator, dtype, n_axes=3)
    steps, _ = add_time_distributed(graph, operator.raw_operator, X, lengths, dtype)
    _add_to_container(container, graph, operator, [steps])


# --- objects of skl2onnx ----------------------------------------------------------------------


def _declare(scope, model, inputs, names):
    """Declare an operator with outputs, whose types are set later."""
    operator = scope.declare_local_operator(f"Skrnn{type(model).__name__}", model)
    operator.inputs.extend(inputs)
    kind = _types().FloatTensorType
    operator.outputs.extend(scope.declare_local_variable(name, kind()) for name in names)
    return operator


def _begin_graph(scope, container):
    """Return a graph whose names are not used in a container.

    Raises
    ------
    ValueError
        If the container is for versions of the operators that are too old.
    """
    if container.target_opset < OPSET:
        raise ValueError(
            f"target_opset must be at least {OPSET} for the estimators of skrnn, got "
            f"{container.target_opset}."
        )
    return OnnxGraph(f"{scope.get_unique_operator_name('skrnn')}_", container.target_opset)


def _add_to_container(container, graph, operator, tensors):
    """Add a graph to a container; `tensors` are the outputs of its operator.

    Raises
    ------
    ValueError
        If the graph calls functions, which a container of skl2onnx does not accept.
    """
    if graph.functions:
        raise ValueError(
            f"skl2onnx cannot convert {operator.raw_operator!r}, whose conversion contains ONNX "
            "functions, as part of another model; use skrnn.export.to_onnx for the Pipeline."
        )
    for tensor, variable in zip(tensors, operator.outputs, strict=True):
        graph.rename(tensor, variable.full_name)
    container.nodes.extend(graph.nodes)
    container.initializers.extend(graph.initializers)
    container.node_domain_version_pair_sets.update(graph.opsets.items())


def _types():
    return importlib.import_module("skl2onnx.common.data_types")


def _variable_type(dtype, shape):
    """Return the type of a variable; a dimension of any size is None in skl2onnx."""
    kinds = {"b": "Boolean", "i": "Int64", "U": "String"}
    kind = np.dtype(dtype).kind
    name = kinds.get(kind) or {4: "Float", 8: "Double"}[np.dtype(dtype).itemsize]
    return getattr(_types(), f"{name}TensorType")(
        [size if isinstance(size, int) else None for size in shape]
    )


def _dtype_of(variable):
    """Return the dtype of a variable of numbers.

    Raises
    ------
    ValueError
        If it is neither float nor double.
    """
    types = {_types().FloatTensorType: "float32", _types().DoubleTensorType: "float64"}
    if type(variable.type) not in types:
        raise ValueError(
            "TimeDistributed requires FloatTensorType or DoubleTensorType in skl2onnx, got "
            f"{type(variable.type).__name__} for {variable.full_name!r}."
        )
    return types[type(variable.type)]
