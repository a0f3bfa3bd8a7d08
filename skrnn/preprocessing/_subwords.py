"""Subwords of byte-pair encoding, by Hugging Face's tokenizers, imported only if they are used.

Words are split at spaces, and a space is stored as a part of the word after it, so that the text
can be restored. All other characters than letters, digits and underscores are separate words, so
that no subword extends over a punctuation mark.

References: R. Sennrich, B. Haddow, A. Birch, Neural machine translation of rare words with subword
units, ACL 2016, pages 1715-1725.
"""

import json
from collections import Counter
from functools import lru_cache

from skrnn.preprocessing._vocabularies import FIRST_ID
from skrnn.sequences._tokens import PADDING, UNKNOWN

SPACE = "▁"
PADDING_NAME = "[PAD]"
UNKNOWN_NAME = "[UNK]"
_SYMBOL = rf"{SPACE}?[^\p{{L}}\p{{M}}\p{{N}}_{SPACE}]"


def learns_subwords(analyzer):
    """Return whether `fit` of a tokenizer with this `analyzer` learns subwords."""
    return isinstance(analyzer, str) and analyzer == "bpe"


def import_tokenizers():
    """Return the package tokenizers.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            "EmbeddingTokenizer(analyzer='bpe') requires the package tokenizers: python -m pip "
            "install tokenizers. The extra `text` of skrnn contains it."
        ) from error
    return tokenizers


def train_subwords(texts, max_tokens):
    """Learn byte-pair encoding: starting from characters, merge the most frequent pair of tokens.

    Parameters
    ----------
    texts : list of str
        The texts.
    max_tokens : int
        The maximum number of ids, including those of padding and of the unknown token. If it is
        less than the number of different characters, only the most frequent ones get an id.

    Returns
    -------
    model : str
        The trained model in the JSON format of tokenizers. Its ids are those of skrnn.
    """
    tokenizers = import_tokenizers()
    model = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=UNKNOWN_NAME))
    words = tokenizers.pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    symbols = tokenizers.pre_tokenizers.Split(tokenizers.Regex(_SYMBOL), behavior="isolated")
    model.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([words, symbols])
    model.decoder = tokenizers.decoders.Metaspace(replacement=SPACE, prepend_scheme="always")
    characters = most_frequent_characters(texts, max_tokens - FIRST_ID)
    names = {PADDING: PADDING_NAME, UNKNOWN: UNKNOWN_NAME}
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=max_tokens,
        special_tokens=[names[i] for i in range(FIRST_ID)],
        initial_alphabet=characters,
        limit_alphabet=len(characters),
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)
    content = json.loads(model.to_str())
    # Otherwise the text "[PAD]" in a document would become padding.
    content["added_tokens"] = []
    return json.dumps(content, ensure_ascii=False)


def most_frequent_characters(texts, n):
    """Return at most n characters, the most frequent ones; equally frequent ones are sorted.

    The trainer would choose among equally frequent characters at random.

    Examples
    --------
    >>> most_frequent_characters(["b a", "ac"], 3)
    ['▁', 'a', 'b']
    """
    counts = Counter()
    for text in texts:
        counts.update(text)
    # Each text begins with the character that stands for a space.
    counts[SPACE] += counts.pop(" ", 0) + len(texts)
    return sorted(counts, key=lambda character: (-counts[character], character))[:n]


@lru_cache(maxsize=8)
def load_subwords(model):
    """Return the object of tokenizers for a trained model, which must not be changed."""
    return import_tokenizers().Tokenizer.from_str(model)


def subword_vocabulary(model):
    """Return the ids of the subwords of a trained model as a dict, in increasing order."""
    ids = load_subwords(model).get_vocab()
    return {token: i for token, i in sorted(ids.items(), key=lambda item: item[1]) if i >= FIRST_ID}
