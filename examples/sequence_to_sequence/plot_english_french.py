"""
====================================
English to French on short sentences
====================================

An encoder-decoder reads the words of an English sentence, such as "I'm busy.", and writes those of
a French one, "Je suis occupé." We train it for half a minute on short sentences that say what
somebody is or does. This is enough to see how a translation is made, and not enough for a good
translator: a large pre-trained Transformer translates far better.
"""

# %%
# The data
# --------
# As in the tutorial on translation of PyTorch [1]_, the sentences begin with "I am", "he is" and
# similar words. We keep those of frequent words, because a network cannot learn a word that it
# never sees, and take the 3,000 shortest pairs. Punctuation marks are words too, and so are "j'"
# and "ai" in "j'ai".

import re
from collections import Counter

import pandas as pd

from skrnn.datasets import fetch_tatoeba

begins = re.compile(r"(i|he|she|you|we|they)( am | is | are |'m |'s |'re )", re.IGNORECASE)
words_and_marks = r"(?u)\w+'?|[^\w\s]"


def words(text):
    """Return the words and punctuation marks of a text."""
    return re.findall(words_and_marks, text.lower())


def are_frequent(texts, least=10):
    """Return whether all words of a text occur at least so often."""
    counts = Counter(word for text in texts for word in words(text))
    return [min(counts[word] for word in words(text)) >= least for text in texts]


english, french = fetch_tatoeba(return_X_y=True)
pairs = [pair for pair in zip(english, french, strict=True) if begins.match(pair[0])]
kept = zip(*map(are_frequent, zip(*pairs, strict=True)), strict=True)
pairs = [pair for pair, both in zip(pairs, kept, strict=True) if all(both)][:3_000]
X, y = map(list, zip(*pairs, strict=True))
pd.DataFrame({"English": X, "French": y})[:: len(X) // 5]

# %%
# Many English sentences occur several times, with different translations. All translations of one
# sentence are in the same part, so that no test sentence was seen in training.

from sklearn.model_selection import GroupShuffleSplit

train, test = next(GroupShuffleSplit(1, test_size=0.1, random_state=0).split(X, groups=X))
X_train, y_train = [X[i] for i in train], [y[i] for i in train]
references = {}
for i in test:
    references.setdefault(X[i], []).append(y[i])
X_test = list(references)
print(f"{len(X_train)} pairs to train with, {len(X_test)} different sentences to translate")

# %%
# A Pipeline of texts on both sides
# ---------------------------------
# One tokenizer reads the English words, and a copy of another one, the `target_tokenizer`, reads
# and writes the French words. Attention gives each word of the translation direct access to the
# outputs of the encoder.
# :ref:`sphx_glr_auto_examples_sequence_to_sequence_plot_dates_attention.py` draws where a decoder
# looks.

from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, Seq2SeqClassifier

translator = make_pipeline(
    EmbeddingTokenizer(token_pattern=words_and_marks),
    Seq2SeqClassifier(
        units=96,
        bidirectional=True,
        embedding=64,
        target_embedding=64,
        target_tokenizer=EmbeddingTokenizer(token_pattern=words_and_marks),
        attention="luong",
        dropout=0.1,
        learning_rate=0.005,
        batch_size=32,
        epochs=8,
        random_state=0,
    ),
)
translator.fit(X_train, y_train)

# %%
# Greedy and beam search
# ----------------------
# Greedy search writes the likeliest word at each time step. Beam search continues the five
# likeliest beginnings. BLEU compares sequences of one to four words with those of all translations
# of a sentence. The translations are split into words and put in lower case as the tokenizer does.
#
# The baseline needs no network: it looks for the training sentence with the most similar words and
# pairs of words, and copies its translation.

from sklearn.feature_extraction.text import TfidfVectorizer

from skrnn.metrics import corpus_bleu

correct = [list(map(words, references[english])) for english in X_test]
tokenizer, network = translator
ids = tokenizer.transform(X_test)
vectorizer = TfidfVectorizer(token_pattern=words_and_marks, ngram_range=(1, 2)).fit(X_train)
similarity = vectorizer.transform(X_test) @ vectorizer.transform(X_train).T
translations = {
    "nearest training sentence": [
        " ".join(words(y_train[i])) for i in similarity.toarray().argmax(axis=1)
    ],
    "greedy search": network.predict(ids),
    "beam search": network.predict(ids, beam_width=5),
}
rows = {}
for name, texts in translations.items():
    exact = [text.split() in one for text, one in zip(texts, correct, strict=True)]
    rows[name] = {
        "BLEU": corpus_bleu(correct, [text.split() for text in texts]),
        "equal to a translation (%)": 100 * sum(exact) / len(exact),
    }
table = pd.DataFrame(rows).T
assert table["BLEU"].idxmin() == "nearest training sentence"
table.round(1)

# %%
# Some translations of beam search, with the first of the correct ones. A translation can be French
# and mean something else: the network has seen many words only a few times.

pd.DataFrame(
    {
        "English": X_test,
        "translated": translations["beam search"],
        "correct": [references[english][0] for english in X_test],
    }
)[:: len(X_test) // 10]

# %%
# .. [1] S. Robertson, "NLP from scratch: translation with a sequence to sequence network and
#    attention", https://docs.pytorch.org/tutorials/intermediate/seq2seq_translation_tutorial.html
