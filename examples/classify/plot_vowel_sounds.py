"""
=========================================
Spoken syllables: from sound to network
=========================================

A recording is a sequence of pressure values, 8,000 per second. A recurrent network could read them
one by one, but a second would have 8,000 time steps. A spectrogram describes the same sound in
some ten time steps per second, with the strength of each frequency as features.

We synthesise syllables of two vowels, such as "ai" and "ia", and compare three ways to present them
to a classifier.
"""

# %%
# The sounds
# ----------
# A vowel is a buzz of the vocal cords, filtered by the resonances ("formants") of the mouth. The
# two lowest formants nearly determine the vowel; these frequencies in Hz are those of an adult. A
# speaker has a pitch and a size of the mouth, which scales all formants, and a syllable glides from
# one vowel to another one within 0.25 to 0.5 seconds.

import numpy as np
from scipy.signal import lfilter

RATE = 8_000
FORMANTS = {"a": (800, 1200), "e": (450, 1900), "i": (280, 2250), "o": (450, 850), "u": (310, 700)}
SYLLABLES = ("ai", "ia", "au", "ua", "eo", "oe", "iu", "ui")


def resonance(sound, frequency, bandwidth=90):
    """Amplify one frequency of a sound with a filter of two poles."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    poles = [1, -2 * radius * np.cos(2 * np.pi * frequency / RATE), radius**2]
    return lfilter([1 - radius], poles, sound)


def speak(syllable, rng):
    """Return a syllable, spoken by a random speaker in a noisy room."""
    n = int(RATE * rng.uniform(0.25, 0.5))
    pitch = rng.uniform(90, 220) * np.linspace(1, rng.uniform(0.8, 1.1), n)
    cycles = np.cumsum(pitch) / RATE
    pulses = np.diff(np.floor(cycles), prepend=0)
    mouth = rng.uniform(0.9, 1.15)
    vowels = []
    for vowel in syllable:
        vowel_sound = pulses
        for formant in FORMANTS[vowel]:
            vowel_sound = resonance(vowel_sound, mouth * formant)
        vowels.append(vowel_sound / vowel_sound.std())
    share = 1 / (1 + np.exp(-np.linspace(-6, 6, n) - rng.uniform(-1.5, 1.5)))
    sound = (1 - share) * vowels[0] + share * vowels[1]
    return sound + 0.3 * rng.normal(size=n)


rng = np.random.default_rng(0)
y = rng.choice(SYLLABLES, size=640)
sounds = [speak(syllable, rng) for syllable in y]
print(f"{len(sounds)} sounds of {min(map(len, sounds)):,} to {max(map(len, sounds)):,} values")

# %%
# Three representations
# ---------------------
# - Frames: each time step contains 200 values of the sound (25 ms), unchanged.
# - Spectrogram: each time step contains the logarithms of the strengths of 32 bands of frequencies
#   in such a frame. Strengths do not depend on the moment at which the frame begins.
# - Mean spectrum: the mean over the time steps of the spectrogram. It contains which vowels occur,
#   but not their order.

FRAME = 200


def frames(sound):
    """Return frames of a sound, one per time step."""
    n = len(sound) // FRAME
    return sound[: n * FRAME].reshape(n, FRAME)


def spectrogram(sound):
    """Return the logarithms of the strengths of 32 bands of frequencies, per frame."""
    strengths = np.abs(np.fft.rfft(frames(sound) * np.hanning(FRAME)))
    bands = strengths[:, :96].reshape(-1, 32, 3).sum(axis=2)
    return np.log(bands + 0.1)


X_frames = [frames(sound) for sound in sounds]
X_spectra = [spectrogram(sound) for sound in sounds]
X_mean = np.array([steps.mean(axis=0) for steps in X_spectra])

import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 2, figsize=(9, 5.5), sharex="col", layout="constrained")
for (upper, lower), syllable in zip(axes.T, ("ai", "ia"), strict=True):
    i = int(np.flatnonzero(y == syllable)[0])
    seconds = np.arange(len(sounds[i])) / RATE
    upper.plot(seconds, sounds[i], linewidth=0.4)
    upper.set(title=f'"{syllable}"', ylabel="Pressure (arbitrary unit)")
    lower.imshow(
        X_spectra[i].T,
        origin="lower",
        aspect="auto",
        cmap="cividis",
        extent=(0, len(X_spectra[i]) * FRAME / RATE, 0, 96 * RATE / FRAME),
    )
    lower.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
_ = figure.suptitle("Two syllables as sound and as spectrogram")

# %%
# In the spectrogram, the formants move in opposite directions. A classifier of the mean spectrum
# cannot see that.
#
# The comparison
# --------------
# Each classifier is trained on 440 sounds and tested on 200.

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier

train, test = train_test_split(np.arange(len(y)), test_size=200, stratify=y, random_state=0)
network = RNNClassifier(cell="gru", units=32, epochs=40, random_state=0)
linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
models = {
    "Mean spectrum, logistic regression": (linear, X_mean),
    "Frames, GRU": (network, X_frames),
    "Spectrogram, GRU": (network, X_spectra),
}
accuracy, y_pred = {}, {}
for name, (model, X) in models.items():
    model.fit([X[i] for i in train], y[train])
    y_pred[name] = model.predict([X[i] for i in test])
    accuracy[name] = np.mean(y_pred[name] == y[test])

pd.DataFrame({"accuracy": accuracy}).round(3)

# %%
# The linear model knows the two vowels, so it has to guess between two syllables. The network that
# reads the spectrogram knows their order as well. The one that reads the values themselves would
# have to learn first what a spectrogram computes, from far more sounds.

assert accuracy["Mean spectrum, logistic regression"] < 0.6
assert accuracy["Frames, GRU"] < accuracy["Spectrogram, GRU"] - 0.2
assert accuracy["Spectrogram, GRU"] > 0.9

# sphinx_gallery_thumbnail_number = 1
from sklearn.metrics import ConfusionMatrixDisplay

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, name in zip(axes, ("Mean spectrum, logistic regression", "Spectrogram, GRU"), strict=True):
    ConfusionMatrixDisplay.from_predictions(
        y[test], y_pred[name], labels=SYLLABLES, ax=ax, cmap="Blues", colorbar=False
    )
    ax.set_title(name)
_ = figure.suptitle("Test sounds: the mean spectrum confuses a syllable with its reverse")
