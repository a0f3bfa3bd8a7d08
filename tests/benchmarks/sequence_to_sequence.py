"""Sequence to sequence: exact match and BLEU, with settings that were chosen on training data.

Run with ``python tests/benchmarks/sequence_to_sequence.py FOLDER``, the folder that holds the data
sets, see `skrnn.datasets.get_data_home`. The test part of each task is used once. With ``--dev``,
it is not read: models are scored on a part that is cut out of the training part, which is how to
choose settings. ``--quick`` checks in about a minute that everything runs.

The task `speed` compares decoding and training with Keras, and is only meaningful if nothing else
runs on the machine.
"""

import argparse
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from report import machine, now
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from workloads.sequence_pairs import additions, commands, dates

from skrnn import EmbeddingTokenizer, Seq2SeqClassifier
from skrnn.datasets import fetch_multi30k, fetch_tatoeba
from skrnn.metrics import corpus_bleu, sequence_accuracy_score, token_accuracy_score

# "l'homme" is two words.
WORDS_AND_MARKS = r"(?u)\w+'?|[^\w\s]"
# SCAN's length split: the training commands have at most 22 actions.
MOST_ACTIONS = 22


@dataclass(frozen=True)
class Run:
    """How a task is run.

    Parameters
    ----------
    seed : int
    folder : str or None
        The folder of the data.
    dev : bool
        Whether the scores are those of a part of the training data.
    quick : bool
        Whether to train and score with few pairs, for a check of the script.
    """

    seed: int
    folder: str | None = None
    dev: bool = False
    quick: bool = False

    def fit(self, model, train, test):
        """Return the fitted model and the sources and targets to score it with."""
        if self.dev:
            X, X_dev, y, y_dev = train_test_split(*train, test_size=0.1, random_state=0)
            train, test = (X, y), (X_dev, y_dev)
        if self.quick:
            train, test = ((X[:200], y[:200]) for X, y in (train, test))
            model[-1].set_params(epochs=1)
        return model.fit(*train), *test


def of_characters(**parameters):
    """Return a model that reads and writes characters."""
    return make_pipeline(
        EmbeddingTokenizer(analyzer="char", lowercase=False), Seq2SeqClassifier(**parameters)
    )


def of_words(tokenizer, **parameters):
    """Return a model that reads words."""
    return make_pipeline(tokenizer, Seq2SeqClassifier(**parameters))


def agreement(true, predicted):
    """Return the exact match and the token accuracy."""
    tokens = [[list(one) for one in texts] for texts in (true, predicted)]
    return {
        "exact match": sequence_accuracy_score(true, predicted),
        "token accuracy": token_accuracy_score(*tokens),
    }


def addition(run):
    """The sum of two numbers of up to three digits, whose question is read from its end."""
    X, y = additions(50_000, run.seed)
    model = of_characters(
        units=128,
        embedding=16,
        target_embedding=16,
        batch_size=128,
        epochs=15,
        random_state=run.seed,
    )
    model, X, y = run.fit(model, (X[:45_000], y[:45_000]), (X[45_000:], y[45_000:]))
    return agreement(y, model.predict(X))


def iso_dates(run):
    """Dates in many forms and words to ISO 8601, with attention."""
    X, y = dates(10_000, run.seed)
    model = of_characters(
        units=64,
        bidirectional=True,
        embedding=32,
        target_embedding=32,
        attention="luong",
        learning_rate=0.003,
        batch_size=64,
        epochs=15,
        random_state=run.seed,
    )
    model, X, y = run.fit(model, (X[:8_000], y[:8_000]), (X[8_000:], y[8_000:]))
    return agreement(y, model.predict(X))


def english_to_french(run):
    """The 10,000 shortest pairs of Tatoeba, characters to characters, as in Keras' example."""
    X, y = fetch_tatoeba(data_home=run.folder, n_pairs=10_000, return_X_y=True)
    # All translations of an English sentence are in the same part.
    split = GroupShuffleSplit(1, test_size=0.2, random_state=run.seed).split(X, groups=X)
    train, test = (([X[i] for i in part], [y[i] for i in part]) for part in next(split))
    model = of_characters(
        units=256,
        embedding=32,
        target_embedding=32,
        target_tokenizer=EmbeddingTokenizer(analyzer="char", lowercase=False),
        batch_size=64,
        epochs=20,
        dropout=0.2,
        random_state=run.seed,
    )
    model, X, y = run.fit(model, train, test)
    references = {}
    for source, target in zip(X, y, strict=True):
        references.setdefault(source, []).append(target)
    predicted = model.predict(list(references))
    right = [one in several for one, several in zip(predicted, references.values(), strict=True)]
    return {
        **forced_accuracy(model, X, y),
        "exact match": float(np.mean(right)),
        "BLEU": corpus_bleu(list(references.values()), predicted),
    }


def forced_accuracy(model, X, y):
    """Return the accuracy of the next character after the true ones, with and without padding.

    Keras' example pads all targets to the longest one, and counts each padded position as right if
    the network predicts padding there. The first score supposes that it always does.
    """
    tokenizer, classifier = model
    true = classifier.target_tokenizer_.transform(y)
    proba = classifier.predict_proba(tokenizer.transform(X), y)
    n_right, lengths = 0, np.array([len(one) for one in proba])
    for codes, of_target in zip(true, proba, strict=True):
        codes = np.append(np.searchsorted(classifier.classes_, codes), len(classifier.classes_))
        n_right += (of_target.argmax(axis=1) == codes).sum()
    n_padded = (lengths.max() - lengths).sum()
    return {
        "token accuracy with padding": float((n_right + n_padded) / (lengths.max() * len(lengths))),
        "token accuracy": float(n_right / lengths.sum()),
    }


def commands_random(run):
    """SCAN: a random fifth of all commands is held out."""
    X, y = commands()
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=run.seed)
    return on_commands(run, (X, y), (X_test, y_test))


def commands_length(run):
    """SCAN: the commands with more than 22 actions are held out."""
    parts = {False: ([], []), True: ([], [])}
    for command, actions in zip(*commands(), strict=True):
        X, y = parts[len(actions) > MOST_ACTIONS]
        X.append(command)
        y.append(actions)
    return on_commands(run, parts[False], parts[True])


def on_commands(run, train, test):
    model = of_words(
        EmbeddingTokenizer(),
        units=128,
        embedding=32,
        target_embedding=32,
        attention="luong",
        learning_rate=0.003,
        batch_size=128,
        epochs=20,
        random_state=run.seed,
    )
    model, X, y = run.fit(model, train, test)
    return agreement(y, model.predict(X))


def multi30k(run, attention="luong"):
    """English captions to French, with attention."""
    train, test = (
        fetch_multi30k(data_home=run.folder, subset=subset, return_X_y=True)
        for subset in ("train", "test")
    )
    words = EmbeddingTokenizer(token_pattern=WORDS_AND_MARKS, min_df=4)
    model = of_words(
        words,
        cell="gru",
        units=128,
        bidirectional=True,
        embedding=128,
        target_embedding=128,
        target_tokenizer=words,
        attention=attention,
        dropout=0.2,
        batch_size=32,
        epochs=5,
        random_state=run.seed,
    )
    model, X, y = run.fit(model, train, test)
    # Published scores of recurrent networks are those of words in lower case as well.
    true = [re.findall(WORDS_AND_MARKS, text.lower()) for text in y]
    predicted = [text.split() for text in model.predict(X)]
    score, signature = corpus_bleu(true, predicted, return_signature=True)
    print(signature, file=sys.stderr)
    return {"BLEU": score}


def multi30k_no_attention(run):
    """The same without attention."""
    return multi30k(run, attention=None)


def speed(run):
    """Decoding of 1,000 sentences and training epochs, compared with plain Keras.

    Keras' example decodes one sentence at a time with a call of `predict` per character. It decodes
    five sentences here, and its time is scaled to the number of characters of all sentences.
    """
    n, n_decoded, units, epochs = (200, 50, 32, 1) if run.quick else (8_000, 1_000, 256, 3)
    texts = fetch_tatoeba(data_home=run.folder, n_pairs=10_000, return_X_y=True)
    characters = EmbeddingTokenizer(analyzer="char", lowercase=False)
    sources, targets = map(characters.fit_transform, texts)
    chosen = np.random.default_rng(run.seed).permutation(len(sources))[:n]
    sources, targets = ([one[i] for i in chosen] for one in (sources, targets))
    sizes = {"units": units, "embedding": 64, "target_embedding": 64, "batch_size": 64}
    classifier = Seq2SeqClassifier(**sizes, epochs=epochs, random_state=run.seed)
    classifier.fit(sources, targets)  # the first fit also compiles
    times = {"epoch": seconds_of(lambda: classifier.fit(sources, targets)) / epochs}
    times["epoch, Keras"], _ = keras_epoch(sources, targets, units, epochs, masked=True)
    times["epoch, Keras without masks"], peer = keras_epoch(
        sources, targets, units, epochs, masked=False
    )
    some = sources[:n_decoded]
    n_written = sum(len(one) + 1 for one in classifier.predict(some))
    times["greedy"] = seconds_of(lambda: classifier.predict(some))
    times["beam of 5"] = seconds_of(lambda: classifier.predict(some, beam_width=5))
    peer.decode(some[0], 2)  # the first call compiles
    begin = time.perf_counter()
    n_of_peer = sum(len(peer.decode(one, classifier.max_length_)) for one in some[:5])
    times["greedy, Keras"] = (time.perf_counter() - begin) / n_of_peer * n_written
    return times


def keras_epoch(sources, targets, units, epochs, *, masked):
    """Return the seconds of an epoch of the same network in plain Keras, and the network."""
    from workloads.keras_encoder_decoder import EncoderDecoder

    # The ids of the targets are followed by the stop and the start.
    n_source, n_target = (1 + int(max(map(np.max, ids))) for ids in (sources, targets))
    peer = EncoderDecoder(n_source, n_target + 2, units, 64, masked)
    peer.fit(sources, targets, 64, 1)  # the first fit also compiles
    return seconds_of(lambda: peer.fit(sources, targets, 64, epochs)) / epochs, peer


def seconds_of(work):
    """Return the median time of three calls of a function."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return median(times)


TASKS = {
    task.__name__: task
    for task in (
        addition,
        iso_dates,
        english_to_french,
        commands_random,
        commands_length,
        multi30k,
        multi30k_no_attention,
        speed,
    )
}


def repeat(task, seeds, **how):
    """Return the scores of a task with each seed, and the seconds, in plain values."""
    scores, seconds, processor = [], [], []
    for seed in seeds:
        begin, used = time.perf_counter(), time.process_time()
        scores.append(task(Run(seed, **how)))
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return {
        "scores": {name: [float(one[name]) for one in scores] for name in scores[0]},
        "seconds": seconds,
        "processor_seconds": processor,
        "seeds": list(seeds),
        "dev": how["dev"],
        "date": now(),
        "versions": {name: version(name) for name in ("keras", "tensorflow", "numpy")},
        "machine": machine(),
    }


def line(name, result):
    """Return the result of a task as a line.

    Examples
    --------
    >>> line("dates", {"processor_seconds": [60.0], "scores": {"exact match": [0.98, 1.0]}})
    'dates: exact match 0.9900 (0.9800, 1.0000); 60 s of the processor each'
    """
    scores = ", ".join(
        f"{score} {np.mean(values):.4f} ({', '.join(f'{value:.4f}' for value in values)})"
        for score, values in result["scores"].items()
    )
    return f"{name}: {scores}; {median(result['processor_seconds']):.0f} s of the processor each"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="default: as for skrnn.datasets.fetch_tatoeba")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--dev", action="store_true", help="do not read the test parts")
    parser.add_argument("--quick", action="store_true", help="only check that everything runs")
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    results = {}
    for name in given.only:
        how = {"folder": given.folder, "dev": given.dev, "quick": given.quick}
        results[name] = repeat(TASKS[name], given.seeds, **how)
        print(line(name, results[name]), flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
