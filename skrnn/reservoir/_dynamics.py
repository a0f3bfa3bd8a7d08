"""The dynamics of a reservoir: the drawn weights, and the states for given sequences.

`draw_dynamics` is all that a fit of a reservoir does. `Dynamics` is a value that never changes: it
always leads to the same states, even if its estimator is fitted again.
"""

from dataclasses import dataclass, replace

import numpy as np

from skrnn._fitting import draw_seed
from skrnn.reservoir._chunks import chunked_state_blocks
from skrnn.reservoir._consistency import check_reservoir_parameters
from skrnn.reservoir._model_space import ModelPool, ModelSpace
from skrnn.reservoir._plasticity import adapt_layers, reversed_in_time
from skrnn.reservoir._pooling import StatePool, check_washout, pooling_kinds, uses_washout
from skrnn.reservoir._time_loop import Drive, state_blocks
from skrnn.reservoir._weights import draw_layers
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of


@dataclass(frozen=True)
class Dynamics:
    """The weights of a reservoir, and the parameters that its states depend on.

    Parameters
    ----------
    layers : tuple of Layer
    backward_layers : tuple of Layer
        The layers that read from the end; empty if there is no backward direction.
    activation : str or callable
    dtype : str
    seed : int
        The seed of the noise.
    model_space : ModelSpace or None
        None if the fit had another `pooling`.
    noise : float
        Standard deviation of the noise in training.
    washout : int
    chunk_overlap : int or None
    """

    layers: tuple
    backward_layers: tuple
    activation: object
    dtype: str
    seed: int
    model_space: ModelSpace | None = None
    noise: float = 0.0
    washout: int = 0
    chunk_overlap: int | None = None

    @property
    def all_layers(self):
        """The layers of both directions."""
        return (*self.layers, *self.backward_layers)

    @property
    def n_states(self):
        """The number of states of a time step: the units of all layers and both directions."""
        return sum(layer.units for layer in self.all_layers)

    @property
    def has_feedback(self):
        """Return whether outputs are fed back."""
        return self.layers[0].feedback_weights is not None

    def blocks(self, sequences, *, feedback=None, noise_key=None, initial=None, whole=False):
        """Yield the states of sequences, block by block.

        Parameters
        ----------
        sequences : Sequences
        feedback : ndarray of shape (n_steps, n_outputs) or None
            The outputs that are fed back at each time step.
        noise_key : int or None
            Selects a stream of random numbers for the noise. If None, there is no noise.
        initial : sequence of ndarray or None
            The initial state of each layer. If None, all states begin at zero.
        whole : bool, default=False
            Whether a series runs as a whole, even if `chunk_overlap` is set.

        Yields
        ------
        StateBlock
        """
        drive = Drive(
            activation=self.activation,
            noise=0.0 if noise_key is None else self.noise,
            rng=np.random.default_rng((self.seed, 1, noise_key or 0)),
            feedback=feedback,
            initial=initial,
        )
        is_one = len(sequences) == 1 and feedback is None and initial is None and not whole
        if is_one and self.chunk_overlap and not (self.backward_layers or drive.noise):
            # A washout that is longer than the overlap would extend into all chunks.
            overlap = max(self.chunk_overlap, self.washout)
            return chunked_state_blocks(self.layers, sequences, drive, overlap)
        return state_blocks(self.layers, sequences, drive, backward=self.backward_layers)

    def states(self, sequences, initial=None):
        """Return the states at all time steps, as sequences."""
        starts = offsets_of(sequences.lengths)
        states = np.empty((sequences.lengths.sum(), self.n_states), self.dtype)
        for block in self.blocks(sequences, initial=initial):
            states[block.positions(starts)] = block.all_rows()
        return Sequences(states, starts, sequences.lengths)

    def pool(self, sequences, pooling, noise_key=None):
        """Return one float64 vector for each sequence.

        Parameters
        ----------
        sequences : Sequences
        pooling : str or tuple of str
            One or several of "last", "mean", "std" and "model_space".
        noise_key : int or None
            As in `blocks`.

        Returns
        -------
        ndarray of shape (n_sequences, n_features), float64
            The vectors of several kinds of pooling are side by side.
        """
        kinds = pooling_kinds(pooling)
        check_washout(self.washout if uses_washout(pooling) else 0, sequences)
        pools = [self._new_pool(kind, sequences) for kind in kinds]
        # A series may only run in chunks if nothing but its linear model is needed.
        whole = kinds != ("model_space",)
        for block in self.blocks(sequences, noise_key=noise_key, whole=whole):
            for pool in pools:
                pool.add(block)
        return np.hstack([pool.result for pool in pools])

    def n_pooled(self, pooling):
        """Return the number of features of a sequence after pooling."""
        return sum(
            self.model_space.n_features if kind == "model_space" else self.n_states
            for kind in pooling_kinds(pooling)
        )

    def _new_pool(self, kind, sequences):
        if kind != "model_space":
            return StatePool(kind, sequences, self.washout, self.n_states, len(self.layers))
        if self.model_space is None:
            raise ValueError(
                "pooling='model_space' needs the principal components of the states, which are "
                "learned in a fit with this pooling. Fit again."
            )
        return ModelPool(self.model_space, sequences, self.washout)


def draw_dynamics(reservoir, sequences, n_features, n_outputs=0, weights=None):
    """Draw the weights of a reservoir, and adapt them to sequences if it has plasticity.

    Parameters
    ----------
    reservoir : Reservoir
        Only its parameters are read.
    sequences : Sequences
    n_features : int
    n_outputs : int, default=0
        The number of outputs that are fed back.
    weights : ndarray of shape (n_sequences,) or None
        Weights of the sequences for the principal components of "model_space".

    Returns
    -------
    Dynamics
    """
    check_reservoir_parameters(reservoir)
    if uses_washout(reservoir.pooling):
        check_washout(reservoir.washout, sequences)
    seed = draw_seed(reservoir.random_state)
    rng = np.random.default_rng(seed)
    layers = draw_layers(reservoir, n_features, n_outputs, rng)
    backward = draw_layers(reservoir, n_features, n_outputs, rng) if reservoir.bidirectional else ()
    if reservoir.plasticity is not None:
        rule = (
            reservoir.activation,
            reservoir.plasticity,
            reservoir.plasticity_epochs,
            reservoir.plasticity_rate,
        )
        layers = adapt_layers(layers, sequences, *rule)
        backward = adapt_layers(backward, reversed_in_time(sequences), *rule) if backward else ()
    dynamics = Dynamics(
        layers=layers,
        backward_layers=backward,
        activation=reservoir.activation,
        dtype=reservoir.dtype,
        seed=seed,
        noise=reservoir.noise,
        washout=reservoir.washout,
        chunk_overlap=reservoir.chunk_overlap,
    )
    if "model_space" in pooling_kinds(reservoir.pooling):
        space = ModelSpace.fit(dynamics.blocks(sequences), weights)
        dynamics = replace(dynamics, model_space=space)
    return dynamics
