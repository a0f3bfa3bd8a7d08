"""
==============================
Video: which digit is moving?
==============================

A video is a sequence of images. A network for videos usually has two parts: convolutional layers
read each image alone, with the same weights for all images, and a recurrent layer combines what
they find in all of them.

We make noisy videos of handwritten digits that move around, and build such a network with a custom
``body``.
"""

# %%
# The videos
# ----------
# A video has six images of 12 x 12 pixels. In each image a digit of 8 x 8 pixels is at another
# position, one pixel away from the last one, and noise covers it. One image alone is hard to read.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIZE, LENGTH = 12, 6


def film(digit, rng):
    """Return the images of a digit that moves, of shape (LENGTH, SIZE, SIZE)."""
    images = rng.normal(scale=0.35, size=(LENGTH, SIZE, SIZE))
    row, column = rng.integers(SIZE - 8 + 1, size=2)
    for image in images:
        image[row : row + 8, column : column + 8] += digit / 16
        row, column = np.clip(np.add((row, column), rng.integers(-1, 2, size=2)), 0, SIZE - 8)
    return images


rng = np.random.default_rng(0)
digits, y = load_digits(return_X_y=True)
videos = np.array([film(digit.reshape(8, 8), rng) for digit in digits])

figure, axes = plt.subplots(3, LENGTH, figsize=(9, 5), layout="constrained")
for row, video, digit in zip(axes, videos[4:], y[4:], strict=False):
    for ax, image in zip(row, video, strict=True):
        ax.imshow(image, cmap="gray", vmin=-0.5, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(digit)
_ = figure.suptitle("Three videos, from the first to the last image")

# %%
# A time step of skrnn is a vector, so each image becomes a row of 144 numbers. Training and test
# videos show digits of different images.

X = videos.reshape(len(videos), LENGTH, SIZE * SIZE)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=1200, stratify=y, random_state=0
)

# %%
# A convolution per time step
# ---------------------------
# The body receives the time steps of a batch, of shape (batch, T, 144), and makes images of them. A
# kernel of 1 x 5 x 5 extends over one image and 5 x 5 pixels, so that each image is read alone.
# :class:`~skrnn.RNNClassifier` appends the changes since the last time step to the features, unless
# ``add_differences=False``. ``recurrent`` builds the recurrent layers that the parameters of the
# estimator describe. :func:`~skrnn.recurrent.check_body` would raise an error if padding changed
# the outputs.

import keras

from skrnn import RNNClassifier
from skrnn.recurrent import check_body


def convolution_per_image(steps, lengths, recurrent):
    """Return the outputs of recurrent layers that read the features of each image."""
    hidden = keras.layers.Reshape((-1, SIZE, SIZE, 1))(steps)
    hidden = keras.layers.Conv3D(16, (1, 5, 5), activation="relu")(hidden)
    hidden = keras.layers.MaxPooling3D((1, 2, 2))(hidden)
    hidden = keras.layers.Conv3D(32, (1, 3, 3), activation="relu")(hidden)
    return recurrent(keras.layers.Reshape((-1, 2 * 2 * 32))(hidden))


check_body(convolution_per_image, n_features=SIZE * SIZE)

# %%
# The comparison
# --------------
# The baselines are a linear model of all pixels of all images, one of the mean image, and the same
# recurrent layer without convolutions.

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

linear = LogisticRegression(C=0.01, max_iter=500)
network = RNNClassifier(cell="gru", units=32, epochs=15, random_state=0)
models = {
    "Mean image, linear": make_pipeline(FunctionTransformer(lambda X: X.mean(axis=1)), linear),
    "All images, linear": make_pipeline(
        FunctionTransformer(lambda X: X.reshape(len(X), -1)), linear
    ),
    "GRU": network,
    "Convolutions and GRU": RNNClassifier(
        body=convolution_per_image,
        cell="gru",
        units=32,
        add_differences=False,
        epochs=15,
        random_state=0,
    ),
}
scores = {
    name: {
        "training accuracy": model.fit(X_train, y_train).score(X_train, y_train),
        "test accuracy": model.score(X_test, y_test),
    }
    for name, model in models.items()
}
table = pd.DataFrame(scores).T
table.round(3)

# %%
# The same pixel belongs to another part of the digit in each image. A linear model or a GRU of
# single pixels has to learn each part at each position. Convolutions share their weights between
# all positions.

assert table["test accuracy"].idxmax() == "Convolutions and GRU"
assert table["test accuracy"].nlargest(2).diff().iloc[-1] < -0.1

figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
table.plot.barh(ax=ax, color=["#56B4E9", "#0072B2"], zorder=2)
ax.axvline(0.1, color="0.3", linestyle="--", label="chance")
ax.invert_yaxis()
ax.grid(axis="x", color="0.9")
ax.set(xlabel="Accuracy", xlim=(0, 1), title="Ten digits that move")
_ = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))

# sphinx_gallery_thumbnail_number = 1
