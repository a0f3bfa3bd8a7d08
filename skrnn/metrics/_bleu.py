"""BLEU, the score of translations, by sacrebleu, which is not imported before it is needed."""

from collections.abc import Iterable, Mapping
from numbers import Integral

from skrnn._check_arrays import in_words
from skrnn._sklearn import StrOptions, validate_params
from skrnn.sequences._other_libraries import is_frame


@validate_params(
    {
        "tokenize": [StrOptions({"13a", "intl", "char", "none"}), None],
        "lowercase": ["boolean"],
        "return_signature": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def corpus_bleu(y_true, y_pred, *, tokenize=None, lowercase=False, return_signature=False):
    r"""Compute the BLEU score of translations, with the package sacrebleu.

    BLEU compares the n-grams of one to four words of the predictions with those of one or several
    correct translations, the references. All n-grams of the corpus are counted together, so that
    the score is not the mean of scores of sentences.

    Parameters
    ----------
    y_true : list of length n
        The references. If the predictions are texts, each item is a text or a list of texts. If the
        predictions are lists of words, each item is a list of words or a list of lists of words.
        Sentences may have different numbers of references.

    y_pred : list of str, or list of lists of words, of length n
        The predictions. Words are str or integers, such as ids. An array of words is accepted in
        place of a list.

    tokenize : {"13a", "intl", "char", "none"} or None, default=None
        How sacrebleu splits texts into words. "13a" is the standard of published scores, "intl"
        also separates symbols and punctuation of other scripts, "char" separates characters, and
        "none" splits at white space only. If None, it is "13a". Lists of words are already split,
        so that only None or "none" is valid for them.

    lowercase : bool, default=False
        Whether to ignore the difference between upper case and lower case letters.

    return_signature : bool, default=False
        Whether to also return the signature.

    Returns
    -------
    score : float
        The score, between 0 and 100. Greater values are better.
    signature : str
        The signature of sacrebleu, which contains all settings and the version of sacrebleu.
        Publish it next to a score, because scores with different settings cannot be compared. Only
        returned if `return_signature=True`.

    Raises
    ------
    ImportError
        If sacrebleu, a package of the extra `text`, is not installed.
    ValueError
        If `y_true` and `y_pred` differ in the number of sentences, if there is none, if a sentence
        has no reference, or if some sentences are texts and others are lists of words.

    See Also
    --------
    sequence_accuracy_score : Compute the fraction of predictions without any error.
    token_accuracy_score : Compare the words at equal positions.

    Notes
    -----
    The score is

    .. math::

        100 \cdot \min\left(1, e^{1 - r / c}\right) \prod_{n=1}^{4} p_n^{1/4}

    where :math:`p_n` is the fraction of the predicted n-grams of length :math:`n` that occur in a
    reference, :math:`c` is the number of predicted words, and :math:`r` is the number of words of
    the references that are closest in length. If no n-gram of some length matches, sacrebleu
    smooths its precision ("exp").

    References
    ----------
    .. [1] K. Papineni, S. Roukos, T. Ward, W.-J. Zhu: BLEU: a method for automatic evaluation of
       machine translation. ACL 2002, pages 311-318.
    .. [2] M. Post, "A call for clarity in reporting BLEU scores",
       WMT 2018, pages 186-191.

    Examples
    --------
    >>> from skrnn.metrics import corpus_bleu
    >>> y_true = ["Un chat noir dort sur le lit.", "Elle chante."]
    >>> y_pred = ["Un chat blanc dort sur le lit.", "Elle chante."]
    >>> score, signature = corpus_bleu(y_true, y_pred, return_signature=True)
    >>> round(score, 1)
    63.4
    >>> signature.split("|")[:5]
    ['nrefs:1', 'case:mixed', 'eff:no', 'tok:13a', 'smooth:exp']
    """
    references, predictions, are_texts = _read_sentences(y_true, y_pred)
    if not are_texts:
        if tokenize not in (None, "none"):
            raise ValueError(
                f"tokenize must be None or 'none' for lists of words, got {tokenize!r}."
            )
        references, predictions = _words_as_numbers(references, predictions, lowercase)
    bleu = _import_bleu()(
        tokenize=tokenize or ("13a" if are_texts else "none"), lowercase=lowercase, force=True
    )
    n_references = max(map(len, references))
    columns = [
        [one[k] if k < len(one) else None for one in references] for k in range(n_references)
    ]
    # The score of a perfect prediction exceeds 100 by rounding.
    score = min(bleu.corpus_score(predictions, columns).score, 100.0)
    return (score, str(bleu.get_signature())) if return_signature else score


def _import_bleu():
    try:
        from sacrebleu.metrics import BLEU
    except ImportError as error:
        raise ImportError(
            "corpus_bleu requires the package sacrebleu: python -m pip install sacrebleu. The "
            "extra `text` of skrnn contains it."
        ) from error
    return BLEU


def _read_sentences(y_true, y_pred):
    """Return the references of each sentence, the predictions, and whether they are texts."""
    predictions, references = _as_list(y_pred, "y_pred"), _as_list(y_true, "y_true")
    if len(predictions) != len(references):
        raise ValueError(
            "y_true and y_pred must have the same number of sentences, got "
            f"{len(references)} and {len(predictions)}."
        )
    if not predictions:
        raise ValueError("Expected at least one sentence, got none.")
    are_texts = isinstance(predictions[0], str)
    is_sentence, expected = (_is_text, "a text") if are_texts else (_is_words, "a list of words")
    for i, prediction in enumerate(predictions):
        if not is_sentence(prediction):
            raise ValueError(
                f"y_pred[{i}] must be {expected}, as y_pred[0] is, got {in_words(prediction)}."
            )
    references = [
        [one] if is_sentence(one) else _as_list(one, f"y_true[{i}]")
        for i, one in enumerate(references)
    ]
    for i, of_sentence in enumerate(references):
        if not of_sentence or not all(map(is_sentence, of_sentence)):
            raise ValueError(
                f"y_true[{i}] must be {expected} or a list of several, because y_pred[{i}] is "
                f"{expected}, got {in_words(of_sentence)}."
            )
    return references, predictions, are_texts


def _as_list(items, name):
    is_other = isinstance(items, str | bytes | Mapping) or is_frame(items)
    if is_other or not isinstance(items, Iterable) or getattr(items, "ndim", 1) == 0:
        raise ValueError(f"{name} must be a list of sentences, got {in_words(items)}.")
    return list(items)


def _is_text(sentence):
    return isinstance(sentence, str)


def _is_words(sentence):
    """Return whether a sentence is a list of words, which are str or integers such as ids."""
    if isinstance(sentence, str | bytes | Mapping) or not isinstance(sentence, Iterable):
        return False
    return all(isinstance(word, str | Integral) for word in sentence)


def _words_as_numbers(references, predictions, lowercase):
    """Return sentences as texts in which a number stands for each word.

    Words may then contain spaces, and sacrebleu does not split them.
    """
    number_of = {}

    def as_text(words):
        words = [word.lower() if lowercase and isinstance(word, str) else word for word in words]
        return " ".join(str(number_of.setdefault(word, len(number_of))) for word in words)

    references = [[as_text(words) for words in of_sentence] for of_sentence in references]
    return references, [as_text(words) for words in predictions]
