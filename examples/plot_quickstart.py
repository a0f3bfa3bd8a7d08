"""
==============================================
Quickstart: read digits row by row with an RNN
==============================================

scikit-learn's digits are 1,797 images of handwritten digits with 8 by 8 pixels. Read from top to
bottom, each image is a sequence of 8 time steps (rows) with 8 features (pixels).

A grid search with five folds compares cells, numbers of units and learning rates of a recurrent
network on the training images. The best candidate is then evaluated on test images that were not
used before.
"""

# %%
# The data
# --------
# The images are split into three sets. The search compares candidates on folds of the training set,
# each fit uses the development set for early stopping, and the test set is held out until the end.

from sklearn.datasets import load_digits

from skrnn.model_selection import train_dev_test_split

digits = load_digits()
X_train, X_dev, X_test, y_train, y_dev, y_test = train_dev_test_split(
    digits.images, digits.target, stratify=digits.target, random_state=0
)
print(f"{len(X_train)} training, {len(X_dev)} development and {len(X_test)} test images")

# %%
# The search
# ----------
# The network standardizes the pixels itself, with the means and standard deviations of the images
# it is trained on. It requests the development images with ``set_fit_request``.

import sklearn
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skrnn import RNNClassifier

sklearn.set_config(enable_metadata_routing=True)

network = RNNClassifier(
    bidirectional=True,
    dropout=0.2,
    batch_size=64,
    epochs=15,
    early_stopping=True,
    patience=5,
    random_state=0,
).set_fit_request(X_val=True, y_val=True)

# %%
# Fits that differ only in fold or learning rate share one compiled network, so the first fit of
# each kind takes longest.

grid = {
    "cell": ["lstm", "gru"],
    "units": [32, 64],
    "learning_rate": [0.01, 0.02],
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
search = GridSearchCV(network, grid, cv=folds, verbose=1)
search.fit(X_train, y_train, X_val=X_dev, y_val=y_dev)

# %%
# The accuracy of every candidate on the five folds. Differences that are smaller than the standard
# deviations may be due to chance.

import pandas as pd

results = search.cv_results_
candidates = pd.DataFrame(results["params"]).assign(
    mean_accuracy=results["mean_test_score"], standard_deviation=results["std_test_score"]
)
best_first = candidates.sort_values("mean_accuracy", ascending=False)
print(best_first.round(3).to_string(index=False))

# %%
# The test
# --------
# The search has fitted the best candidate again, on all training images. The baseline is logistic
# regression on the 64 pixels, for which images of this size are easy too.

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report

y_pred = search.predict(X_test)
print(classification_report(y_test, y_pred, digits=3))
baseline = LogisticRegression(max_iter=1_000).fit(X_train.reshape(-1, 64) / 16, y_train)
print(f"Test accuracy: {search.score(X_test, y_test):.3f}")
print(f"Logistic regression: {baseline.score(X_test.reshape(-1, 64) / 16, y_test):.3f}")
assert min(search.score(X_test, y_test), baseline.score(X_test.reshape(-1, 64) / 16, y_test)) > 0.9

# %%
# The learning curve and the confusion matrix:

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from skrnn.inspection import HistoryDisplay

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
HistoryDisplay.from_estimator(search, ax=left)
left.set_title("Learning curve of the best candidate")
ConfusionMatrixDisplay.from_predictions(y_test, y_pred, ax=right, cmap="Blues", colorbar=False)
right.set_title("Test images")
figure.savefig("quickstart.png", dpi=120)
print("Saved quickstart.png")
