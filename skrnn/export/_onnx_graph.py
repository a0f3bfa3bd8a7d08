"""A small builder of ONNX graphs, so that the code that writes a network reads like the network.

`onnx` is an optional dependency, which is imported when a graph is begun.
"""

import importlib

import numpy as np

# The oldest version of the operators that has all operators used here.
OPSET = 18


def require_package(name):
    """Import and return an optional package.

    Parameters
    ----------
    name : {"onnx", "onnxruntime", "skl2onnx"}

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Export to ONNX requires the package {name}: python -m pip install {name}. The extra "
            "skrnn[export] contains all packages that exports need."
        ) from error


class OnnxGraph:
    """A graph of ONNX operators to which one operator after another is added.

    Tensors are passed by name. All names are unique in the graph, and begin with `prefix`.

    Parameters
    ----------
    prefix : str, default=""
        Graphs that become one have different prefixes.
    opset : int, default=OPSET
        The version of the operators.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.export._onnx_graph import OnnxGraph
    >>> graph = OnnxGraph()
    >>> doubled = graph.add("Mul", ["X", graph.constant(np.float32(2))])
    >>> named = graph.rename(doubled, "Y")
    >>> model = graph.finish([("X", "float32", ("n", 3))], [("Y", "float32", ("n", 3))])
    >>> [node.op_type for node in model.graph.node]
    ['Mul', 'Identity']
    """

    def __init__(self, prefix="", opset=OPSET):
        self._onnx = require_package("onnx")
        self._prefix = prefix
        self._n_names = 0
        self._constants = {}
        self.nodes = []
        self.initializers = []
        self.functions = {}
        self.opsets = {"": opset}

    def add(self, op, inputs, *, n_outputs=1, domain="", **attributes):
        """Add an operator.

        Parameters
        ----------
        op : str
            The name of the operator.
        inputs : list of str
            The names of its inputs. An empty name stands for an optional input that is left out.
        n_outputs : int, default=1
        domain : str, default=""
        **attributes
            The attributes of the operator.

        Returns
        -------
        str, or list of str if `n_outputs` is not 1
            The names of its outputs.
        """
        outputs = [self._new_name(op) for _ in range(n_outputs)]
        node = self._onnx.helper.make_node(op, inputs, outputs, domain=domain, **attributes)
        self.nodes.append(node)
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, array):
        """Add a constant, and return its name; equal constants are stored once.

        Parameters
        ----------
        array : array-like
            Numbers, booleans or strings. The dtype is kept.
        """
        array = np.asarray(array)
        key = array.dtype.str, array.shape, array.tobytes()
        if array.dtype == object or key not in self._constants:
            name = self._new_name("constant")
            self.initializers.append(_tensor(self._onnx, array, name))
            self._constants[key] = name
            return name
        return self._constants[key]

    def cast(self, name, dtype):
        """Convert a tensor to another dtype."""
        return self.add("Cast", [name], to=_tensor_type(self._onnx, np.dtype(dtype)))

    def reshape(self, name, shape):
        """Reshape a tensor: 0 keeps a dimension, and -1 is inferred from the others."""
        return self.add("Reshape", [name, self.constant(np.array(shape, dtype=np.int64))])

    def rename(self, name, new_name):
        """Give a tensor another name, for example that of an output; return the new name."""
        self.nodes.append(self._onnx.helper.make_node("Identity", [name], [new_name]))
        return new_name

    def begin_body(self):
        """Return a new graph for the body of an operator such as Scan, to be added by `body`."""
        return OnnxGraph(f"{self._new_name('body')}_")

    def own_name(self, stem):
        """Return a name for an input or an output of a body, which differs from all others."""
        return f"{self._prefix}{stem}"

    def body(self, inputs, outputs):
        """Return the graph as an attribute of an operator.

        Parameters
        ----------
        inputs, outputs : list of tuple (name, dtype, shape)
            As in `finish`.

        Returns
        -------
        onnx.GraphProto
        """
        return self._onnx.helper.make_graph(
            self.nodes,
            f"{self._prefix}skrnn",
            [self._value(*value) for value in inputs],
            [self._value(*value) for value in outputs],
            self.initializers,
        )

    def inline(self, model, inputs):
        """Add all operators of another model.

        Parameters
        ----------
        model : onnx.ModelProto
            A model that was made for the versions of the operators in `opsets`.
        inputs : list of str
            The names of the tensors that are the inputs of the model.

        Returns
        -------
        list of str
            The names of the outputs of the model.

        Raises
        ------
        ValueError
            If the model has a function, and an earlier one has another function of its name.
        """
        for function in model.functions:
            # The order is that of a set.
            function.opset_import.sort(key=lambda opset: opset.domain)
            name = function.domain, function.name
            if self.functions.setdefault(name, function) != function:
                raise ValueError(
                    f"Two transformers need different ONNX functions of the name {function.name!r}."
                )
        prefix = f"{self._new_name('inlined')}_"
        graph = self._onnx.compose.add_prefix_graph(model.graph, prefix)
        for name, value in zip(inputs, graph.input, strict=True):
            self.rename(name, value.name)
        self.nodes.extend(graph.node)
        self.initializers.extend(graph.initializer)
        for opset in model.opset_import:
            self.opsets.setdefault(opset.domain, opset.version)
        return [value.name for value in graph.output]

    def finish(self, inputs, outputs):
        """Return the checked model.

        Parameters
        ----------
        inputs, outputs : list of tuple (name, dtype, shape)
            The dtype is that of NumPy, or "str". In a shape, a dimension is an int or the name of
            a dimension of any size.

        Returns
        -------
        onnx.ModelProto
        """
        helper = self._onnx.helper
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        model = helper.make_model(
            self.body(inputs, outputs),
            functions=list(self.functions.values()),
            opset_imports=opsets,
            # The domains of functions are not known to onnx.
            ir_version=helper.find_min_ir_version_for(opsets, ignore_unknown=True),
            producer_name="skrnn",
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def _new_name(self, stem):
        self._n_names += 1
        return f"{self._prefix}{stem}_{self._n_names}"

    def _value(self, name, dtype, shape):
        code = _tensor_type(self._onnx, np.dtype(dtype))
        return self._onnx.helper.make_tensor_value_info(name, code, shape)


def _tensor_type(onnx, dtype):
    if dtype.kind in "UO":
        return onnx.TensorProto.STRING
    return onnx.helper.np_dtype_to_tensor_dtype(dtype)


def _tensor(onnx, array, name):
    if array.dtype.kind in "UO":
        texts = [str(text).encode("utf-8") for text in array.ravel()]
        return onnx.helper.make_tensor(name, onnx.TensorProto.STRING, array.shape, texts)
    return onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
