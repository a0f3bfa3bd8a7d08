"""Reservoir(chunk_overlap): a long series is run in chunks, with the states of the whole series."""

import numpy as np
import pytest
from echo_state_data import NOISE, seeded_reservoir
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import EchoStateRegressor


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("radius", [0.5, 0.95])
@pytest.mark.parametrize("layers", [1, 2])
def test_chunk_overlap_gives_the_states_of_the_whole_series(dtype, radius, layers):
    whole = seeded_reservoir(spectral_radius=radius, dtype=dtype, layers=layers, units=40)
    chunked = seeded_reservoir(
        spectral_radius=radius, dtype=dtype, layers=layers, units=40, chunk_overlap=20
    )
    one, other = (r.fit([NOISE]).transform([NOISE])[0] for r in (whole, chunked))
    assert_allclose(one, other, atol=64 * np.finfo(dtype).eps)


def test_chunk_overlap_without_forgetting_runs_the_whole_series():
    params = {"spectral_radius": 5.0, "units": 40}
    one, other = (
        seeded_reservoir(**params, **more).fit_transform([NOISE])[0]
        for more in ({}, {"chunk_overlap": 9})
    )
    assert_array_equal(one, other)


@pytest.mark.parametrize("washout", [0, 7, 300])
def test_chunk_overlap_gives_the_readout_of_the_whole_series(washout):
    one, other = (
        EchoStateRegressor(
            reservoir=seeded_reservoir(chunk_overlap=overlap),
            washout=washout,
            rows="steps",
            initial_state="fit_end",
            alpha=1e-3,
        ).fit(NOISE[:-1], NOISE[1:, 0])
        for overlap in (None, 50)
    )
    assert_allclose(one.coef_, other.coef_, atol=1e-9)
    assert_allclose(one.predict(NOISE[:5]), other.predict(NOISE[:5]), atol=1e-9)
    assert_allclose(one.generate(5), other.generate(5), atol=1e-8)
