"""Remove the gradients of discarded programs from TensorFlow's registry.

TensorFlow registers each custom gradient of a graph under a unique name and never removes it.
The gradient refers to the tensors of the graph, so the registry would keep the whole graph, about
6 MB for each program, until the process ends.
"""

import weakref
from contextlib import contextmanager
from contextvars import ContextVar

# TensorFlow has no public way to remove a gradient.
from tensorflow.python.framework.ops import gradient_registry

_names = ContextVar("_names", default=None)


@contextmanager
def registered_for(owner):
    """Remove the gradients that are noted within this context once `owner` has been discarded.

    Parameters
    ----------
    owner : tf.function
        The compiled function that is traced within this context.
    """
    names = []
    # TensorFlow may still need the gradients if `owner` is called under a tape of the user.
    weakref.finalize(owner, _remove, names).atexit = False
    token = _names.set(names)
    try:
        yield
    finally:
        _names.reset(token)


def note_gradient(result):
    """Note the gradient of a function, given one of the tensors that `tf.custom_gradient` returned.

    Outside `registered_for`, nothing is noted.
    """
    names = _names.get()
    if names is not None:
        names.append(result.op.get_attr("_gradient_op_type").decode())


def _remove(names):
    for name in names:
        gradient_registry._registry.pop(name, None)
