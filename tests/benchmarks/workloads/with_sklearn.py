"""What scikit-learn alone does: words that are counted, and models of flattened sequences."""

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn.preprocessing import TimeDistributed
from skrnn.sequences import to_padded
from workloads.data import reviews
from workloads.real_sequences import CLASSES


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and count their words."""
    texts = reviews(n, real)

    def run():
        # Without a limit on the vocabulary, since only then the sums are the numbers of words.
        counts = CountVectorizer().fit_transform(texts)
        return {"tokens": int(counts.sum()) / n}

    return run


def linear(predicted, longest, seed):
    """Return logistic regression, or ridge regression for numbers; both ignore the seed."""
    return flattened(
        LogisticRegression(max_iter=2000) if predicted == CLASSES else Ridge(), longest
    )


def nearest(predicted, longest, seed):
    """Return the model that predicts the target of the sequence with the least distance."""
    model = KNeighborsClassifier if predicted == CLASSES else KNeighborsRegressor
    return flattened(model(1), longest)


def flattened(model, longest):
    """Return a model behind scaled features and one row per sequence, padded with zeros."""
    flat = FunctionTransformer(flatten, kw_args={"length": longest})
    return make_pipeline(TimeDistributed(StandardScaler()), flat, model)


def flatten(X, length):
    return to_padded(X, value=0.0, length=length).reshape(len(X), -1)
