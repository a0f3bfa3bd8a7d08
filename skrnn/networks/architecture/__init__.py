"""Build the Keras models of a `NetworkSpec`: layers, stacks, custom cells and bodies, and heads."""

from skrnn.networks.architecture.build import Network, build_network, rebuild_network
from skrnn.networks.architecture.custom_parts import identify, require_same_parts
from skrnn.networks.architecture.first_weights import embedding_index, initial_weights
from skrnn.networks.architecture.padding_check import check_padding


__all__ = [
    "Network",
    "build_network",
    "check_padding",
    "embedding_index",
    "identify",
    "initial_weights",
    "rebuild_network",
    "require_same_parts",
]
