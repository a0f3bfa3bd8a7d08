"""The token ids that mean the same to whoever gives ids and to whoever reads them; as in Keras."""

__all__ = ["PADDING", "UNKNOWN"]

PADDING = 0
UNKNOWN = 1
