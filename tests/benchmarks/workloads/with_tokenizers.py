"""The words of the same texts numbered with Hugging Face's tokenizers."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from workloads.data import reviews


def tokenize(n, vocabulary, real):
    """Learn the vocabulary of texts and number their words, on all cores."""
    texts = reviews(n, real)

    def run():
        tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("removed")]
        )
        trainer = trainers.WordLevelTrainer(
            vocab_size=vocabulary, special_tokens=["[PAD]", "[UNK]"], show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        return {"tokens": sum(map(len, ids)) / n}

    return run
