"""Cross-entropy of a character model of Tiny Shakespeare on the last tenth of the text.

Run with ``python tests/benchmarks/language_model.py FOLDER``, where the folder holds `input.txt` or
`input.txt.xz`. The settings were chosen with ``--dev``, which does not read the last tenth: it
trains on the first nine tenths of the other part, and is evaluated on the rest of it.
"""

import argparse
import json
import lzma
import math
import sys
import time
from collections import Counter
from pathlib import Path

from skrnn import SequenceGenerator

SETTINGS = {
    "cell": "gru",
    "units": 256,
    "embedding": 64,
    "truncation": 100,
    "batch_size": 32,
    "epochs": 8,
}


def read(folder):
    """Return the text of the folder."""
    plain = folder / "input.txt"
    if plain.exists():
        return plain.read_text(encoding="utf-8")
    with lzma.open(folder / "input.txt.xz", "rt", encoding="utf-8") as file:
        return file.read()


def split(text, fraction=0.9):
    """Return the beginning and the end of a text."""
    cut = int(fraction * len(text))
    return text[:cut], text[cut:]


def frequencies_score(train, test):
    """Return the mean log-likelihood of smoothed frequencies of the characters."""
    counts, symbols = Counter(train), set(train) | set(test)
    total = len(train) + len(symbols)
    return sum(math.log((counts[symbol] + 1) / total) for symbol in test) / len(test)


def evaluate(settings, train, test, seed):
    """Return the cross-entropies in nats per character, and the seconds of the fit."""
    generator = SequenceGenerator(
        **settings, symbols=sorted(set(train) | set(test)), random_state=seed
    )
    begin, begin_cpu = time.perf_counter(), time.process_time()
    generator.fit(train)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return {
        "seed": seed,
        "nats": -generator.score(test),
        "training loss": generator.history_["loss"][-1],
        "seconds": seconds,
        "CPU seconds": cpu,
        "sample": generator.sample(prompt="\n", max_length=300, random_state=seed)[0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dev", action="store_true", help="leave the last tenth unread")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--set", type=json.loads, default={}, help="other settings, as JSON")
    given = parser.parse_args()
    train, test = split(read(given.folder))
    if given.dev:
        train, test = split(train)
    settings = SETTINGS | given.set
    print(f"{len(train):,} and {len(test):,} characters, {settings}")
    print(f"frequencies of characters: {-frequencies_score(train, test):.3f} nats")
    for seed in given.seeds:
        print(json.dumps(evaluate(settings, train, test, seed)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
