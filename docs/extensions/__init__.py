"""Sphinx extensions of this documentation, and the addresses that its pages link to."""
