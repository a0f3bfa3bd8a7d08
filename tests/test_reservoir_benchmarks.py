"""The published benchmarks of reservoirs, at the sizes of the benchmarks page or smaller ones."""

import numpy as np
import pytest
from benchmarks import reservoirs

SEEDS = range(3)


def test_mackey_glass_generation_for_84_steps():
    assert np.median([reservoirs.mackey_glass(seed) for seed in SEEDS]) <= 5e-4


def test_narma_error():
    assert np.median([reservoirs.narma(seed) for seed in range(5)]) <= 0.23


def test_memory_capacity_of_orthogonal_units():
    assert 97 <= reservoirs.memory(0) <= 101


def test_lorenz_generation_for_six_lyapunov_times():
    assert np.median([reservoirs.lorenz(seed, units=300) for seed in SEEDS]) >= 6


@pytest.mark.usefixtures("japanese_vowels")
def test_japanese_vowels_accuracy():
    assert np.mean([reservoirs.vowels(seed, units=500) for seed in SEEDS]) >= 0.985
