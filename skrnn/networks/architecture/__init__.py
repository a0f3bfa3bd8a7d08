"""Build the Keras models of a `NetworkSpec`: layers, stacks, custom cells and bodies, and heads."""

from skrnn.networks.architecture.build import Network, build_network, rebuild_network
from skrnn.networks.architecture.carried_states import carrying_model
from skrnn.networks.architecture.custom_parts import identify, require_same_parts
from skrnn.networks.architecture.first_weights import (
    decay_mean_index,
    differences_index,
    embedding_indices,
    initial_weights,
)
from skrnn.networks.architecture.padding_check import check_padding
from skrnn.networks.architecture.ready_bodies import (
    attention_body,
    conv_body,
    lstm_fcn_body,
    masked_attention,
    random_conv_body,
)

__all__ = [
    "Network",
    "attention_body",
    "build_network",
    "carrying_model",
    "check_padding",
    "conv_body",
    "decay_mean_index",
    "differences_index",
    "embedding_indices",
    "identify",
    "initial_weights",
    "lstm_fcn_body",
    "masked_attention",
    "random_conv_body",
    "rebuild_network",
    "require_same_parts",
]
