"""Outputs of a network as functions of the vectors that it reads, with their gradients.

The vectors are the time steps as the network receives them: standardised features, one-hot vectors,
or the embeddings of tokens. Attributions compare the outputs for given vectors with those for
others.
"""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from keras import ops

from skrnn.networks import backends
from skrnn.networks.architecture import embedding_indices
from skrnn.networks.feed import standardized
from skrnn.networks.probes import run_graph
from skrnn.networks.programs import lease
from skrnn.sequences._inputs import with_dense_steps


class Scores:
    """One output of a network for each of many sequences of vectors.

    Parameters
    ----------
    network : Network
        Its weights are set.
    embedding : ndarray of shape (rows, dimensions) or None
    standardization : Standardization or None
    """

    def __init__(self, network, embedding, standardization):
        self._network, self._embedding = network, embedding
        self._standardization = standardization
        self._run = backends.compile_gradients(self._chosen_outputs)

    def vectors(self, sequences):
        """Return sequences as the sequences of vectors that the first layer reads.

        Parameters
        ----------
        sequences : Sequences

        Returns
        -------
        Sequences
        """
        spec = self._network.spec
        if self._embedding is not None:
            return sequences.with_values(self._embedding[sequences.values])
        dense = with_dense_steps(sequences, spec.n_features, spec.dtype)
        return standardized(dense, self._standardization, spec.dtype)

    def __call__(self, vectors, lengths, columns, steps, *, gradients=False):
        """Return an output for each sequence, and its gradients.

        Parameters
        ----------
        vectors : ndarray of shape (n, T, dimensions)
            Sequences of vectors, padded at their ends.
        lengths, columns, steps : ndarray of int of shape (n,)
            The length of each sequence, the column of the output, and the time step of the output.
            The time step is ignored if there is one output per sequence.
        gradients : bool, default=False

        Returns
        -------
        outputs : ndarray of shape (n,)
        gradients : ndarray of shape (n, T, dimensions), or None
        """
        numbers = [array.astype(np.int32) for array in (lengths, columns, steps)]
        vectors = vectors.astype(self._network.spec.dtype, copy=False)
        outputs, found = self._run([vectors], numbers, gradients=gradients)
        return outputs, found[0] if gradients else None

    def _chosen_outputs(self, tensors, numbers):
        [vectors], [lengths, columns, steps] = tensors, numbers
        inputs, replaced = vectors, {}
        if self._embedding is not None:
            inputs = ops.zeros(vectors.shape[:2], "int32")
            replaced = {"embedding": lambda tokens: vectors}
        outputs = run_graph(self._network.model, [inputs, lengths], replaced)
        if self._network.spec.return_sequences:
            at = ops.reshape(steps, (-1, 1, 1))
            outputs = ops.squeeze(ops.take_along_axis(outputs, at, axis=1), axis=1)
        return ops.take_along_axis(outputs, ops.expand_dims(columns, 1), axis=1)[:, 0]


@contextmanager
def lease_scores(spec, weights, *, standardization=None):
    """Lease a network, exclusively, as `Scores`.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    standardization : Standardization or None, default=None

    Yields
    ------
    Scores
    """
    with lease(replace(spec, one_hot=False)) as program:
        program.set_weights(weights)
        # Those of categorical features are not read from token ids.
        indices = [] if spec.categorical else embedding_indices(program.network)
        embedding = weights[indices[0]] if indices else None
        yield Scores(program.network, embedding, standardization)
