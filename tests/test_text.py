"""Classifiers and taggers in pipelines with raw text, on real messages and sentences."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, OneHotSequenceEncoder, RNNClassifier
from skrnn.datasets import fetch_sequoia

NETWORK = {
    "units": 16,
    "bidirectional": True,
    "pooling": "max",
    "dropout": 0.3,
    "epochs": 3,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def messages(need_data):
    """Return training and test messages (UCI SMS Spam Collection), and their labels."""
    table = pd.read_csv(need_data("sms_spam/sms.tsv"), sep="\t", quoting=3, names=["label", "text"])
    return train_test_split(
        table["text"], table["label"], train_size=3000, stratify=table["label"], random_state=0
    )


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(EmbeddingTokenizer(), RNNClassifier(embedding=16, **NETWORK)),
        make_pipeline(
            OneHotSequenceEncoder(
                analyzer="word", max_categories=3000, handle_unknown="infrequent_if_exist"
            ),
            RNNClassifier(**NETWORK),
        ),
    ],
    ids=["embedding", "one-hot"],
)
def test_rnn_classifier_accuracy_on_spam(model, messages):
    texts, unseen, labels, expected = messages
    predicted = model.fit(texts, labels).predict(unseen)
    assert f1_score(expected, predicted, pos_label="spam") > 0.9


def test_rnn_classifier_accuracy_on_parts_of_speech(need_data):
    folder = need_data("ud_fr_sequoia")
    words, tags = fetch_sequoia(data_home=folder, download_if_missing=False, return_X_y=True)
    model = make_pipeline(
        EmbeddingTokenizer(analyzer="tokens", lowercase=False),
        RNNClassifier(
            embedding=16,
            units=16,
            bidirectional=True,
            return_sequences=True,
            epochs=6,
            learning_rate=0.01,
            random_state=0,
        ),
    ).fit(words[::2], tags[::2])
    unseen, expected = words[1::8], tags[1::8]
    commonest = pd.Series(np.concatenate(expected)).value_counts(normalize=True).iloc[0]
    assert commonest < 0.25
    assert model.score(unseen, expected) > 0.8
