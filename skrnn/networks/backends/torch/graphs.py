"""Repeat a function of tensors that keep their place in memory, on a GPU as a CUDA graph.

The kernels of a small network take less time than Python needs to start them. A CUDA graph contains
all kernels of an update, and one launch starts all of them. What the host does is not repeated, so
the function may not read a value of a tensor, and it may not send a number to the device. Keras
makes tensors from numbers within its operations: `_Constants` keeps them from the first calls.

While a graph is captured, no other thread of the process should use the GPU: the capture could end
with an error, and so could the work of the other thread. The functions of skrnn that use the device
are therefore decorated with `uses_device`, and wait for a capture to end. Callbacks of Keras and
threads of the user do not wait.
"""

from functools import wraps

import numpy as np
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device
from torch.overrides import TorchFunctionMode

from skrnn.networks.backends.torch.gate import Gate

# The first calls let libraries allocate their memory, which a capture must not do.
_WARM_UPS = 3
_gate = Gate()


def uses_device(function):
    """Return a function that waits while another thread captures a graph; used as a decorator.

    Work of several threads outside of captures may overlap. On a CPU, nothing is captured, and the
    decorator has no effect.

    Parameters
    ----------
    function : callable
        A function that may call others with this decorator. It must not wait for another thread.
        PyTorch must not call it in a backward pass, which runs in a thread of PyTorch while the
        caller waits.
    """

    @wraps(function)
    def run(*args, **kwargs):
        if not can_capture(get_device()):
            return function(*args, **kwargs)
        with _gate.shared():
            return function(*args, **kwargs)

    return run


def give_way():
    """Let other threads capture; called between the batches of a function with `uses_device`."""
    _gate.give_way()


def repeated(function, device):
    """Return a function that does the same, on a GPU in one launch after the first calls.

    Parameters
    ----------
    function : callable
        A function without arguments and without a return value. It reads and writes tensors that
        keep their place in memory.
    device : str
        The device of these tensors.
    """
    return Repeated(function) if can_capture(device) else function


def can_capture(device):
    """Return whether there are CUDA graphs on a device."""
    return torch.cuda.is_available() and torch.device(device).type == "cuda"


def capture(function):
    """Return a function that launches the kernels of another one, which is captured, not run."""
    graph = torch.cuda.CUDAGraph()
    # Some threads do not wait at the gate, and in this mode they do not end the capture. After a
    # failure, PyTorch leaves the stream of the capture in use, so the current one is restored here.
    stream = torch.cuda.stream(torch.cuda.current_stream())
    with stream, torch.cuda.graph(graph, capture_error_mode="thread_local"):
        function()
    return graph.replay


def warm_up(function):
    """Run a function on another stream than the default one, as a capture does.

    PyTorch has few streams, so this one may be that of a capture. No thread may capture meanwhile.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        function()
    torch.cuda.current_stream().wait_stream(stream)


class Repeated:
    """A function that is captured as a CUDA graph when it has run a few times.

    If it cannot be captured, it continues to run as before; a capture does not change any tensor.
    The first calls and the capture have the device to themselves, because they use another stream.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function):
        self._function, self._constants = function, _Constants()
        self._n_calls, self._replay = 0, None

    def __call__(self):
        """Run the function, or launch its graph."""
        self._n_calls += 1
        if self._n_calls <= _WARM_UPS:
            with _gate.exclusive():
                warm_up(self._run)
            return
        if self._replay is None:
            with _gate.exclusive():
                self._replay = self._captured()
        give_way()
        self._replay()

    def _run(self):
        with self._constants:
            self._function()

    def _captured(self):
        self._constants.is_complete = True
        try:
            return capture(self._run)
        except RuntimeError:
            # CUDA names many reasons, and a library may add others.
            self._constants.is_complete = False
            return self._run


class _Constants(TorchFunctionMode):
    """Keeps the tensors that are made from numbers or arrays, and returns them the next time.

    Attributes
    ----------
    is_complete : bool
        Whether a new constant is an error.
    """

    def __init__(self):
        super().__init__()
        self._made, self._numbers, self.is_complete = {}, {}, False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call a function of PyTorch, or return the tensor that it made before."""
        kwargs = kwargs or {}
        if function is torch.full and id(kwargs.get("fill_value")) in self._numbers:
            # Keras passes a tensor, whose value PyTorch would read from the device.
            kwargs["fill_value"] = self._numbers[id(kwargs["fill_value"])]
        if function not in (torch.tensor, torch.as_tensor) or _has_tensors(args[0]):
            return function(*args, **kwargs)
        key = _key(args[0]), *args[1:], *sorted(kwargs.items())
        if key not in self._made:
            if self.is_complete:
                raise RuntimeError("A captured function must not send new numbers to the device.")
            self._made[key] = made = function(*args, **kwargs)
            self._numbers[id(made)] = args[0]
        return self._made[key]


def _has_tensors(value):
    if isinstance(value, list | tuple):
        return any(map(_has_tensors, value))
    return isinstance(value, torch.Tensor)


def _key(value):
    """Return a key that equal values share, which also distinguishes types and signs of zero."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    return type(value), repr(value)
