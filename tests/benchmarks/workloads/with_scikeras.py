"""The same search with scikeras around a Keras model."""

import keras
from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from workloads.data import waves


def build(units, meta):
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.LSTM(units),
            keras.layers.Dense(2, "softmax"),
        ]
    )


def grid_search(n, steps, features, epochs, rates, units, folds):
    """Search over learning rates and units."""
    X, y = waves(n, steps, features)
    model = KerasClassifier(
        model=build,
        model__units=units[0],
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        optimizer__learning_rate=rates[0],
        epochs=epochs,
        batch_size=32,
        random_state=0,
        verbose=0,
    )
    # Every fit builds a new model, so one fit is a complete warm-up.
    model.fit(X, y)
    search = GridSearchCV(
        model,
        {"optimizer__learning_rate": rates, "model__units": units},
        cv=StratifiedKFold(folds),
        scoring="accuracy",
        refit=False,
    )

    def run():
        search.fit(X, y)
        return {"accuracy": float(search.best_score_)}

    return run
