"""
==============================================
Quickstart: read digits row by row with an RNN
==============================================

scikit-learn's digits are 1,797 images of 8 by 8 pixels, written by hand. Read from top to bottom,
each is a sequence of 8 steps (rows) of 8 features (pixels).

A pipeline scales the pixels and trains a recurrent network. A grid search with five folds
compares cells, sizes and learning rates on the training images; the best candidate is then tried
on test images that nothing before has seen.
"""

# License: BSD-3-Clause

# %%
# The data
# --------

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.images, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
print(f"{len(X_train)} training and {len(X_test)} test images of shape {X_train.shape[1:]}")

# %%
# The search
# ----------
# ``TimeDistributed`` applies a transformer to every step, here to every row of pixels. Each fit
# stops early, on a tenth of its own training images, and the search keeps those of each fold's
# test part apart from both. Fits that differ only in learning rate or fold share one compiled
# network, so the first fit of each kind takes longest.

from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, TimeDistributed

pipeline = Pipeline(
    [
        ("scale", TimeDistributed(StandardScaler())),
        ("rnn", RNNClassifier(early_stopping=True, random_state=0)),
    ]
)
search = GridSearchCV(
    pipeline,
    {
        "rnn__cell": ["lstm", "gru"],
        "rnn__units": [32, 64],
        "rnn__learning_rate": [3e-3, 1e-2],
    },
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    verbose=3,
)
search.fit(X_train, y_train)

# %%
# Every candidate's accuracy on the five folds. Differences smaller than the standard deviations
# say little.

results = search.cv_results_
print("cell  units  learning rate  accuracy (mean ± sd of 5 folds)")
for i in results["rank_test_score"].argsort():
    candidate = results["params"][i]
    print(
        f"{candidate['rnn__cell']:<4}  {candidate['rnn__units']:>5}  "
        f"{candidate['rnn__learning_rate']:>13}  "
        f"{results['mean_test_score'][i]:.3f} ± {results['std_test_score'][i]:.3f}"
    )

# %%
# The test
# --------
# The best candidate, trained again on all training images:

from sklearn.metrics import classification_report, confusion_matrix

y_pred = search.predict(X_test)
print(classification_report(y_test, y_pred, digits=3))
print("Confusion matrix (a row a true digit, a column a predicted one):")
print(confusion_matrix(y_test, y_pred))
print(f"Test accuracy: {search.score(X_test, y_test):.3f}")

# %%
# Its learning curve, and what it takes for what:

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
