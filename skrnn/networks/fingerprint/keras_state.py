"""Select the settings of a Keras object, without its records and the values that are loaded."""

import re

import keras
import numpy as np
from keras.src.ops.function import Function
from keras.src.ops.operation import Operation
from keras.src.utils.naming import to_snake_case
from keras.src.utils.tracking import TrackedDict, TrackedList, TrackedSet

from skrnn.networks.fingerprint.libraries import is_library

# Attributes that every layer has, but that users set, or that follow from what users set.
_SETTINGS = {
    "_allow_non_tensor_positional_args",
    "_convert_input_args",
    "_dtype_policy",
    "_input_spec",
    "_layers",
    "_metrics",
    "_non_trainable_variables",
    "_remat_mode",
    "_supports_masking",
    "_trainable",
    "_trainable_variables",
    "activity_regularizer",
    "autocast",
    "name",
    "supports_jit",
}
_HOOKS = re.compile(r"_(forward|backward)(_pre)?_hooks(_with_kwargs|_always_called)?")


def _records_of(bare):
    """Return the names of the attributes in which Keras and the framework keep their records."""
    return {name for name in vars(bare) if name not in _SETTINGS and not _HOOKS.fullmatch(name)}


_BARE = keras.layers.Layer(name="bare")
# Keras wraps these methods of each layer, and stores them as attributes.
_WRAPPERS = {vars(_BARE)[name].__code__ for name in ("build", "quantize") if name in vars(_BARE)}
_RECORDS = {
    # Dropout masks exist during a call only, and the last row is the graph of a functional model.
    keras.layers.Layer: _records_of(_BARE)
    | {"_dropout_mask", "_recurrent_dropout_mask", "_torch_params"},
    Function: set(
        "_inputs _inputs_struct _outputs _outputs_struct _nodes _nodes_by_depth _operations "
        "_operations_by_depth output_names input_names".split()
    ),
    # What `compile` and `fit` of a model set does not affect its outputs.
    keras.Model: set(
        "_run_eagerly _jit_compile compiled steps_per_execution _initial_epoch _compile_loss "
        "_compute_loss_has_training_arg _compile_metrics _loss_tracker train_function "
        "test_function predict_function unrolled_steps_per_execution _distribute_strategy "
        "_jax_state_synced stop_training _compiled_trainable_state _compile_config "
        "_eval_epoch_iterator".split()
    ),
    (keras.Sequential, Function): {"loss", "optimizer", "history"},
    Operation: {"_auto_config", "_inbound_nodes", "_lock", "_outbound_nodes"},
    keras.metrics.Metric: {"_tracker"},
    keras.optimizers.Optimizer: set(
        "_lock built _variables _trainable_variables _tracker _trainable_variables_indices "
        "_iterations _distribution_strategy".split()
    ),
}
# In these attributes, TensorFlow keeps its records.
_TENSORFLOW = {
    "_self_name_based_restores",
    "_self_saveable_object_factories",
    "_self_setattr_tracking",
    "_self_unconditional_checkpoint_dependencies",
    "_self_unconditional_deferred_dependencies",
    "_self_unconditional_dependency_names",
    "_self_update_uid",
}
# PyTorch keeps some attributes of a layer in these dicts.
_TORCH_DICTS = ("_modules", "_parameters", "_buffers")
_TRACKED = {TrackedList: list, TrackedDict: dict, TrackedSet: set}


def attributes(thing, held=None):
    """Return the attributes of an object that affect what it computes.

    Parameters
    ----------
    thing : object
    held : dict of str to object or None
        All attributes of the object. If None, those of its dict.

    Returns
    -------
    dict of str to object
    """
    held = vars(thing) if held is None else held
    if not any(base.__module__.startswith("keras.") for base in type(thing).__mro__):
        return held
    records = set().union(*(names for kind, names in _RECORDS.items() if isinstance(thing, kind)))
    for name in _TORCH_DICTS:
        held = {**held, **held.get(name, {})}
    found = {}
    for name, value in sorted(held.items()):
        if name == "name" and isinstance(value, str):
            found[name] = _own_name(thing, value)
        elif name in records:
            # A record that users have replaced, such as a method, counts.
            if callable(value) and getattr(value, "__code__", None) not in (None, *_WRAPPERS):
                found[name] = value
        elif name not in _TENSORFLOW and not (_HOOKS.fullmatch(name) and not value):
            found[name] = value
    return found


def _own_name(thing, name):
    """Return a name without the counters that Keras adds to make it unique."""
    kind = type(thing)
    automatic = re.fullmatch(rf"{re.escape(to_snake_case(kind.__name__))}(_\d+)?", name)
    return re.sub(r"_\d+", "", name) if automatic or is_library(kind.__module__) else name


def as_container(value):
    """Return a list, dict or set that Keras or TensorFlow tracks as a plain one, or None."""
    if not is_library(type(value).__module__):
        return None
    for kind in (list, dict, set):
        if isinstance(value, kind) and (
            type(value) in _TRACKED or type(value).__name__ in ("ListWrapper", "_DictWrapper")
        ):
            return kind(value)
    return None


def is_tensor(value):
    """Return whether a value is a tensor of any framework, but not a variable of Keras."""
    kind = type(value)
    return is_library(kind.__module__) and hasattr(kind, "__array__")


def is_symbolic(tensor):
    """Return whether a tensor stands for a value of a compiled function, and has no values."""
    name = type(tensor).__name__
    return name == "SymbolicTensor" or name.endswith("Tracer")


def as_array(tensor):
    """Return the values of a tensor, or None if NumPy cannot read them, as those of JAX's keys."""
    try:
        return np.asarray(keras.ops.convert_to_numpy(tensor))
    except Exception:
        # Each framework raises its own error.
        return None


def graph(model):
    """Return the calls of operations in a functional model: operations, arguments, results.

    Parameters
    ----------
    model : keras.src.ops.function.Function

    Returns
    -------
    list of tuple
    """
    depths = sorted(model._nodes_by_depth, reverse=True)
    nodes = [node for depth in depths for node in model._nodes_by_depth[depth]]
    calls = [
        (node.operation, node.arguments.args, node.arguments.kwargs, node.outputs) for node in nodes
    ]
    return [model._inputs, *calls, model._outputs]


def is_graph(thing):
    """Return whether a thing is a functional model of Keras."""
    return isinstance(thing, Function)


def settings():
    """Return the global settings of Keras that its functions may read when they are compiled."""
    config = keras.config
    return (
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.dtype_policy().name,
    )
