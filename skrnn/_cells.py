"""What estimators know of the recurrent cells before Keras is imported: names and restrictions."""

from types import MappingProxyType

# The names of all cells. The module of the same name in `skrnn.networks.cells` describes each one.
CELLS = (
    "simple",
    "lstm",
    "gru",
    "minimal_gru",
    "gru_reset_before",
    "peephole_lstm",
    "irnn",
    "indrnn",
    "refine_lstm",
    "refine_gru",
    "mingru",
    "minlstm",
    "lru",
)

# The cells that have no gates, so that `bias_initializer` does not apply to them.
CELLS_WITHOUT_GATES = ("simple", "irnn", "indrnn", "lru")

# The cells that have no product with a recurrent kernel, so that recurrent dropout is not defined.
SCAN_CELLS = ("mingru", "minlstm", "lru")

# The cells whose recurrent weights are a vector, which `max_recurrent_weight` may bound.
CELLS_WITH_RECURRENT_VECTORS = ("indrnn",)

# The activation of each cell if it is not the hyperbolic tangent, and none is given.
DEFAULT_ACTIVATIONS = MappingProxyType(
    {
        "irnn": "relu",
        "indrnn": "relu",
        "mingru": "linear",
        "minlstm": "linear",
        "lru": "relu",
    }
)

# How the initial biases of the gates are drawn: `skrnn.networks.architecture.first_weights`.
BIAS_INITIALIZERS = ("default", "chrono", "uniform_gate")

# How the initial recurrent kernels are drawn: `skrnn.networks.architecture.first_weights`.
RECURRENT_INITIALIZERS = ("default", "orthogonal", "identity", "glorot_uniform")
