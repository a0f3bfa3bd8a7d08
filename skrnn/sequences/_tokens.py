"""The two token ids with a fixed meaning, which are those of Keras."""

PADDING = 0
UNKNOWN = 1
