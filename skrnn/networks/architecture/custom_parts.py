"""Check that a custom body, cell or activation is still the one that a network was fitted with.

There are two checks. The custom parts themselves are described whenever a fitted network is
used, which takes less than a millisecond. If this description is new, the network is built again
and compared with the one that was fitted, because parts may change without a change of the network:
a body may, for example, count how often it is called.
"""

import threading
from collections import OrderedDict
from dataclasses import replace

from skrnn.networks import backends
from skrnn.networks.architecture.build import build_network, rebuild_network, require_architecture
from skrnn.networks.fingerprint import describe, is_complete, settings

_MAX_VERIFIED = 256

_lock = threading.Lock()
_verified = OrderedDict()


def identify(spec):
    """Return a specification with its architecture, and the network if it was built for that.

    Parameters
    ----------
    spec : NetworkSpec
        If it has an architecture already, its custom parts have to build this architecture again.

    Returns
    -------
    spec : NetworkSpec
    network : Network or None

    Raises
    ------
    ValueError
        If the custom parts would now build a different network.
    """
    if spec.is_custom:
        network = build_network(spec) if spec.architecture is None else rebuild_network(spec)
        _remember(network.spec)
        return network.spec, network
    if spec.has_custom_parts and spec.architecture is None:
        return replace(spec, architecture=_describe_activation(spec)), None
    return spec, None


def require_same_parts(spec):
    """Check that the custom parts of a fitted network would build it again.

    Parameters
    ----------
    spec : NetworkSpec

    Returns
    -------
    Network or None
        The network, if it had to be built for the check.

    Raises
    ------
    ValueError
        If the custom parts would now build a different network.
    """
    if not spec.has_custom_parts:
        return None
    if not spec.is_custom:
        require_architecture(spec, _describe_activation(spec))
        return None
    with _lock:
        if _key(spec) in _verified:
            return None
    network = rebuild_network(spec)
    _remember(spec)
    return network


@backends.uses_device
def _describe_activation(spec):
    return describe(([], spec.activation), in_full=True)


def _remember(spec):
    """Store that the custom parts, in their present state, build the architecture."""
    key = _key(spec)
    with _lock:
        if key is not None:
            _verified[key] = None
        while len(_verified) > _MAX_VERIFIED:
            _verified.popitem(last=False)


@backends.uses_device
def _key(spec):
    """Return a description of the parts and of what they are to build, or None."""
    parts = describe((spec.body, spec.custom_cell, spec.activation, settings()))
    if not is_complete(parts):
        return None
    return parts, replace(spec, body=None, custom_cell=None, activation="")
