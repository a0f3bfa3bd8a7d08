"""The words of the same texts counted with scikit-learn, which ignores their order."""

from sklearn.feature_extraction.text import CountVectorizer

from workloads.data import reviews


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and count their words."""
    texts = reviews(n, real)

    def run():
        # Without a limit on the vocabulary, since only then the sums are the numbers of words.
        counts = CountVectorizer().fit_transform(texts)
        return {"tokens": int(counts.sum()) / n}

    return run
