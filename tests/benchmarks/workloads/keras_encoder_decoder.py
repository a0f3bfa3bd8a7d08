"""An encoder-decoder in plain Keras, written as in its example lstm_seq2seq, with embeddings.

F. Chollet, "Character-level recurrent sequence-to-sequence model", Keras' code examples.
"""

import keras
import numpy as np


def padded(sequences, length=None):
    """Return sequences of positive ids as the rows of an array, filled with zeros at the end."""
    length = length or max(map(len, sequences))
    return np.stack([np.pad(one, (0, length - len(one))) for one in sequences])


class EncoderDecoder:
    """A network that is trained with teacher forcing, and decodes one sentence at a time.

    Parameters
    ----------
    n_source, n_target : int
        The numbers of ids of sources and targets, 0 included. The largest one of the targets is the
        start, and the one before it the stop.
    units, dimensions : int
    masked : bool
        Whether padding is masked. The example counts it as a token to predict.
    """

    def __init__(self, n_source, n_target, units, dimensions, masked):
        self.start, self.stop = n_target - 1, n_target - 2
        source, previous = (keras.Input((None,), dtype="int32") for _ in range(2))
        embeddings = [
            keras.layers.Embedding(n, dimensions, mask_zero=masked) for n in (n_source, n_target)
        ]
        _, *states = keras.layers.LSTM(units, return_state=True)(embeddings[0](source))
        decoder = keras.layers.LSTM(units, return_sequences=True, return_state=True)
        head = keras.layers.Dense(n_target, activation="softmax")
        outputs, *_ = decoder(embeddings[1](previous), initial_state=states)
        self.model = keras.Model([source, previous], head(outputs))
        self.model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
        self._encoder = keras.Model(source, states)
        given = [keras.Input((units,)) for _ in range(2)]
        outputs, *after = decoder(embeddings[1](previous), initial_state=given)
        self._decoder = keras.Model([previous, *given], [head(outputs), *after])

    def fit(self, sources, targets, batch_size, epochs):
        """Train for more epochs on lists of arrays of ids."""
        true = padded([np.append(one, self.stop) for one in targets])
        previous = np.hstack([np.full_like(true[:, :1], self.start), true[:, :-1]])
        inputs = [padded(sources), previous]
        self.model.fit(inputs, true, batch_size=batch_size, epochs=epochs, verbose=0)

    def decode(self, source, max_length):
        """Return the ids that the network writes for one source."""
        states = self._encoder.predict(source[None], verbose=0)
        written = [self.start]
        while len(written) <= max_length:
            inputs = [np.array([[written[-1]]]), *states]
            outputs, *states = self._decoder.predict(inputs, verbose=0)
            written.append(int(outputs[0, -1].argmax()))
            if written[-1] == self.stop:
                break
        return written[1:]
