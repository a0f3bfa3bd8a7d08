"""Convert sequences of tokens to the targets of an encoder-decoder."""

from dataclasses import dataclass

from skrnn.recurrent._codecs import LabelCodec, loss_names


@dataclass(frozen=True)
class TokenCodec(LabelCodec):
    """Converts codes of tokens to targets of the network.

    Its classes are the codes of all tokens, and after them that of the stop.
    """

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        if isinstance(self.loss, str) and self.loss == "auto":
            return "sparse_categorical_crossentropy"
        if any(name.lower().startswith(("binary", "bce")) for name in loss_names(self.loss)):
            raise ValueError(
                f"loss={self.loss!r} is for 2 classes, but each token is predicted as one of "
                f"{len(self.classes)}, the stop among them. Use loss='auto'."
            )
        return super().resolved_loss
