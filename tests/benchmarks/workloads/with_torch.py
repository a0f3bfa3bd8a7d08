"""The same workloads as plain PyTorch loops, with Keras' initial weights to compare losses."""

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from workloads.data import documents, waves

LAYERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
BATCHES_PER_BUCKET = 20


class Classifier(torch.nn.Module):
    """One recurrent layer and a linear layer on its last output.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    features, units, outputs : int
    """

    def __init__(self, cell="lstm", features=3, units=32, outputs=2):
        super().__init__()
        self.recurrent = LAYERS[cell](features, units, batch_first=True)
        self.head = torch.nn.Linear(units, outputs)
        self._start_as_keras(cell, units)

    def _start_as_keras(self, cell, units):
        for weight in (self.recurrent.weight_ih_l0, self.head.weight):
            torch.nn.init.xavier_uniform_(weight)
        torch.nn.init.orthogonal_(self.recurrent.weight_hh_l0)
        for bias in (self.recurrent.bias_ih_l0, self.recurrent.bias_hh_l0, self.head.bias):
            torch.nn.init.zeros_(bias)
        if cell == "lstm":
            torch.nn.init.ones_(self.recurrent.bias_ih_l0[units : 2 * units])

    def forward(self, X):
        """Return logits of sequences of one length."""
        return self.head(self.recurrent(X)[0][:, -1])


class TokenClassifier(Classifier):
    """The same on vectors of tokens, for sequences of any lengths."""

    def __init__(self, vocabulary, dimensions, units):
        super().__init__("lstm", dimensions, units, 1)
        self.vectors = torch.nn.Embedding(vocabulary, dimensions)
        torch.nn.init.uniform_(self.vectors.weight, -0.05, 0.05)

    def forward(self, tokens, lengths):
        """Return logits of sequences padded on the right, all of whose steps are run."""
        outputs = self.recurrent(self.vectors(tokens))[0]
        return self.head(outputs[torch.arange(len(tokens)), lengths - 1])


class PackedTokenClassifier(TokenClassifier):
    """The same, packed: steps that are padding are not run."""

    def forward(self, tokens, lengths):
        """Return logits of sequences padded on the right."""
        packed = pack_padded_sequence(
            self.vectors(tokens), lengths, batch_first=True, enforce_sorted=False
        )
        return self.head(self.recurrent(packed)[1][0][-1])


def epoch(cell, n, steps, features, units, batch_size, epochs):
    """Train for more epochs."""
    X, y = map(torch.from_numpy, waves(n, steps, features))
    y = y.float()[:, None]
    torch.manual_seed(0)
    update = updates(Classifier(cell, features, units, 1))

    def run():
        batches = torch.randperm(n).split(batch_size)
        losses = [update(y[rows], X[rows]) * len(rows) for rows in batches]
        return {"loss": sum(losses) / n}

    return last_of(run, epochs)


def tokens_epoch(n, longest, vocabulary, dimensions, units, batch_size, epochs, packed=False):
    """Train for more epochs on token ids: random packed batches, or batches of similar length."""
    X, y = documents(n, longest, vocabulary)
    lengths = np.array([len(tokens) for tokens in X])
    X, y = [torch.from_numpy(tokens) for tokens in X], torch.from_numpy(y).float()[:, None]
    torch.manual_seed(0)
    kind = PackedTokenClassifier if packed else TokenClassifier
    update = updates(kind(vocabulary, dimensions, units))
    rng = np.random.default_rng(0)

    def run():
        order = rng.permutation(n)
        total = 0.0
        for rows in mixed(order, batch_size) if packed else alike(order, lengths, batch_size, rng):
            tokens = pad_sequence([X[i] for i in rows], batch_first=True)
            total += update(y[rows], tokens, torch.from_numpy(lengths[rows])) * len(rows)
        return {"loss": total / n}

    return last_of(run, epochs)


def last_of(run, times):
    return lambda: [run() for _ in range(times)][-1]


def mixed(order, batch_size):
    return np.split(order, range(batch_size, len(order), batch_size))


def alike(order, lengths, batch_size, rng):
    """Return batches of similar length: each bucket of some batches is sorted, then cut."""
    batches = []
    for bucket in mixed(order, batch_size * BATCHES_PER_BUCKET):
        batches += mixed(bucket[np.argsort(lengths[bucket])], batch_size)
    return [batches[i] for i in rng.permutation(len(batches))]


def updates(model):
    """Return a function that makes one update of Adam and returns the loss."""
    optimizer = torch.optim.Adam(model.parameters(), 0.001)
    loss = torch.nn.BCEWithLogitsLoss()

    def update(y, *inputs):
        optimizer.zero_grad()
        value = loss(model(*inputs), y)
        value.backward()
        optimizer.step()
        return value.item()

    return update
