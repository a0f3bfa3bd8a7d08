"""The words of the same texts counted with scikit-learn, which forgets their order."""

from sklearn.feature_extraction.text import CountVectorizer

from contests.data import reviews

__all__ = ["tokenize"]


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and count their words."""
    texts = reviews(n, real)

    def run():
        # All words are counted: only then do the sums say how many there were.
        counts = CountVectorizer().fit_transform(texts)
        return {"tokens": int(counts.sum()) / n}

    return run
