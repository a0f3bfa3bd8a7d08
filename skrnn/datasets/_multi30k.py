"""English captions of photos and their French translations: sequence to sequence."""

from skrnn._sklearn import StrOptions
from skrnn.datasets._files import RemoteFile, check_not_empty, find_or_download, read_text
from skrnn.datasets._loader import labelled_data, validate_loader

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_SOURCE = "https://github.com/multi30k/dataset/raw/a3d2e0d26b56/data/task1/raw/{}"
_PREFIXES = {"train": "train", "val": "val", "test": "test_2016_flickr"}
_SHA256 = {
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
}
_FILES = {name: RemoteFile(_SOURCE.format(name), sha256) for name, sha256 in _SHA256.items()}

_DESCR = """\
Multi30k: captions in English and French
========================================

Captions of photos in English, and their translations into French by professional translators.

:Number of pairs: 29,000 for training, 1,014 for validation, 1,000 for testing (Flickr, 2016)
:Text: one sentence per caption, in most cases, with punctuation and upper case letters
:Target: the French translation of each caption
:Missing values: none

The split is the official one, without the photos. Published scores are BLEU on the test set.

Source: https://github.com/multi30k/dataset, task 1, which does not state a licence; the captions
are those of Flickr30k. Elliott, Frank, Sima'an, Specia: Multi30K: Multilingual English-German
Image Descriptions. Workshop on Vision and Language, 2016, pages 70-74. Elliott, Frank, Barrault,
Bougares, Specia: Findings of the Second Shared Task on Multimodal Machine Translation and
Multilingual Image Description. WMT 2017, pages 215-233.
"""


@validate_loader(subset=[StrOptions({*_PREFIXES, "all"})], return_X_y=["boolean"])
def fetch_multi30k(*, data_home=None, subset="train", download_if_missing=True, return_X_y=False):
    """Load Multi30k: English captions and their French translations (sequence to sequence).

    The files (train 1.2 MB, val and test 45 kB each) are downloaded if they are not in the local
    folder.

    ================   =====================================
    Pairs              29,000 train, 1,014 val, 1,000 test
    Features           text (English)
    Targets            text (French)
    ================   =====================================

    Parameters
    ----------
    {data_home}
        The files are `train.en.gz`, `train.fr.gz`, `val.en.gz`, `val.fr.gz`,
        `test_2016_flickr.en.gz` and `test_2016_flickr.fr.gz`, in this folder or in its subfolder
        `seq2seq/multi30k`.

    subset : {"train", "val", "test", "all"}, default="train"
        Which part of the official split to load: the training set, the validation set or the test
        set of 2016 (Flickr). If `"all"`, all parts are loaded, in this order.

    {download_if_missing}

    return_X_y : bool, default=False
        Whether to return only the tuple ``(data, target)``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : list of str
            The English captions, without surrounding white space.
        target : list of str
            The French translation of each caption, without surrounding white space.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The English captions and the French translations.

    Raises
    ------
    OSError
        If a file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the two files of a subset have different numbers of lines, if a file contains no caption,
        or if it is not a complete text file in UTF-8.

    See Also
    --------
    skrnn.metrics.corpus_bleu : The score of translations.
    fetch_tatoeba : Shorter sentences in English and French.

    References
    ----------
    Elliott, Frank, Sima'an, Specia: Multi30K: Multilingual English-German Image Descriptions.
    Workshop on Vision and Language, 2016, pages 70-74. https://github.com/multi30k/dataset

    Elliott, Frank, Barrault, Bougares, Specia: Findings of the Second Shared Task on Multimodal
    Machine Translation and Multilingual Image Description. WMT 2017, pages 215-233.

    Examples
    --------
    >>> from skrnn.datasets import fetch_multi30k
    >>> captions = fetch_multi30k(subset="val")  # doctest: +SKIP
    >>> len(captions.data), len(captions.target)  # doctest: +SKIP
    (1014, 1014)
    >>> captions.data[0]  # doctest: +SKIP
    'A group of men are loading cotton onto a truck'
    >>> captions.target[0]  # doctest: +SKIP
    "Un groupe d'hommes chargent du coton dans un camion"
    """
    data, target = [], []
    for part in _PREFIXES if subset == "all" else [subset]:
        names = [f"{_PREFIXES[part]}.{language}.gz" for language in ("en", "fr")]
        paths = [
            find_or_download(data_home, "seq2seq/multi30k", name, _FILES[name], download_if_missing)
            for name in names
        ]
        english, french = map(_read_captions, paths)
        if len(english) != len(french):
            raise ValueError(
                f"{paths[0]} contains {len(english)} captions and {paths[1]} contains "
                f"{len(french)}; expected one translation per caption."
            )
        data += english
        target += french
    return labelled_data(data, target, return_X_y=return_X_y, DESCR=_DESCR)


def _read_captions(path):
    # An empty caption would shift all later pairs, so that only the end of the file is removed.
    text = read_text(path).rstrip("\n")
    captions = [caption.strip() for caption in text.split("\n")] if text else []
    return check_not_empty(captions, path, "caption")
