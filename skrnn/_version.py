"""The version of skrnn, in a module that imports nothing, so that any other can import it."""

__version__ = "0.1.0.dev0"
