"""The same search with skorch around a PyTorch module."""

import torch
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from skorch import NeuralNetClassifier

from workloads.data import waves
from workloads.with_torch import Classifier


def grid_search(n, steps, features, epochs, rates, units, folds):
    """Search over learning rates and units."""
    X, y = waves(n, steps, features)
    model = NeuralNetClassifier(
        Classifier,
        module__features=features,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=epochs,
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    search = GridSearchCV(
        model, {"lr": rates, "module__units": units}, cv=StratifiedKFold(folds), refit=False
    )

    def run():
        torch.manual_seed(0)
        search.fit(X, y)
        return {"accuracy": float(search.best_score_)}

    return run
