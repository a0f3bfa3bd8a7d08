"""What the transformers share on their way out: sequences, which no DataFrame holds."""

from sklearn.base import TransformerMixin

__all__ = ["SequenceTransformerMixin"]


class SequenceTransformerMixin(TransformerMixin, auto_wrap_output_keys=None):
    """A transformer whose output scikit-learn must not wrap in a DataFrame."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform=None):
        """Accept the setting, so that a whole Pipeline can be told; it changes nothing.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect: sequences are no table.

        Returns
        -------
        self : estimator
        """
        return self
