"""
========================
Save, load and serve
========================

A fitted estimator consists of NumPy arrays, so it is saved and loaded as any estimator of
scikit-learn. This example trains a network, saves it, loads it in another process, and answers
requests of other programs with it.
"""

# %%
# Train and save
# --------------
# Numbers of sensors arrive in sequences of different lengths, and the slope of the first one is the
# label.

import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNClassifier

rng = np.random.default_rng(0)
y = rng.choice(["falling", "rising"], size=300)
X = [
    rng.normal(size=(n, 3)) + np.outer(np.linspace(0, 2, n), [1 if label == "rising" else -1, 0, 0])
    for n, label in zip(rng.integers(20, 40, size=300), y, strict=True)
]
network = RNNClassifier(cell="gru", units=32, epochs=15, random_state=0).fit(X[:200], y[:200])


def ends(sequences):
    """Return the difference between the last and the first time step of each sequence."""
    return np.array([steps[-1] - steps[0] for steps in sequences])


baseline = make_pipeline(FunctionTransformer(ends), LogisticRegression()).fit(X[:200], y[:200])

folder = Path(tempfile.mkdtemp())
path = folder / "model.joblib"
joblib.dump(network, path, compress=3)
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# Load in another process
# -----------------------
# Loading imports neither Keras nor TensorFlow, so it takes little time. The first prediction
# imports them. The predictions are equal to the last bit.

import subprocess
import sys

program = """
import sys, joblib, numpy as np
model = joblib.load(sys.argv[1])
print("Keras is imported:", "keras" in sys.modules)
print(repr(model.predict_proba([np.ones((5, 3))]).tolist()))
"""
answer = subprocess.run(
    [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
).stdout
print(answer)
assert "Keras is imported: False" in answer
assert repr(network.predict_proba([np.ones((5, 3))]).tolist()) in answer

# %%
# Serve
# -----
# A server loads the model once, predicts one sequence before it accepts requests, so that the
# network is compiled, and then answers each request with the probabilities of the classes. The
# server of the standard library is enough to show this. In practice a web framework would check the
# input as well.

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import Request, urlopen

model = joblib.load(path)
model.predict_proba([np.zeros((1, 3))])


class Answer(BaseHTTPRequestHandler):
    """Answer a list of sequences with the probabilities of the classes."""

    def do_POST(self):
        """Read sequences in JSON, and write probabilities in JSON."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sequences = [np.array(steps) for steps in json.loads(body)]
        probabilities = model.predict_proba(sequences).astype(float).round(4).tolist()
        content = json.dumps({"classes": model.classes_.tolist(), "probabilities": probabilities})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *args):
        """Do not print a line for each request."""


server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"


def ask(sequences):
    """Return the answer of the server."""
    content = json.dumps([steps.tolist() for steps in sequences]).encode()
    with urlopen(Request(address, content), timeout=30) as response:
        return json.load(response)


print(ask(X[200:202]))

# %%
# How long does an answer take?
# -----------------------------
# For single requests, most of the time is overhead: the server, JSON and the call of the network.
# Sequences that are sent in one request share it. The baseline is a linear model of the
# difference between the ends of a sequence.

from time import perf_counter

import pandas as pd


def milliseconds(function, *arguments, n=30):
    """Return the median time of a call."""
    times = []
    for _ in range(n):
        start = perf_counter()
        function(*arguments)
        times.append(perf_counter() - start)
    return 1000 * np.median(times)


test = X[200:]
times = {
    "Linear model, one sequence": milliseconds(baseline.predict_proba, test[:1]),
    "Network, one sequence": milliseconds(model.predict_proba, test[:1]),
    "Network, 100 sequences in one call": milliseconds(model.predict_proba, test),
    "Network behind the server, one sequence": milliseconds(ask, test[:1]),
    "Network behind the server, 100 sequences": milliseconds(ask, test),
}
accuracy = {"Linear model": baseline.score(test, y[200:]), "Network": model.score(test, y[200:])}
table = pd.DataFrame({"milliseconds per call": times})
table["accuracy"] = [accuracy[name.partition(",")[0].partition(" behind")[0]] for name in times]
table.round({"milliseconds per call": 1, "accuracy": 2})

# %%
# One request with 100 sequences takes less time than 100 requests:

ratio = times["Network behind the server, 100 sequences"]
ratio /= times["Network behind the server, one sequence"]
print(f"A request with 100 sequences takes {ratio:.1f} times as long as one with one sequence")
assert ratio < 100
assert accuracy["Network"] >= accuracy["Linear model"]

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
per_sequence = {name: t / (100 if "100" in name else 1) for name, t in times.items()}
ax.barh(list(per_sequence), list(per_sequence.values()), color="#0072B2", zorder=2)
ax.invert_yaxis()
ax.grid(axis="x", color="0.9")
ax.set(xscale="log", xlabel="Milliseconds per sequence", title="Time of a prediction")
ax.set_xticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
ax.minorticks_off()

server.shutdown()
server.server_close()
path.unlink()
folder.rmdir()

# %%
# A file of joblib or pickle can run any code when it is loaded, so load only files from people whom
# you trust. :doc:`/user_guide/saving` describes skops, which checks what a file contains, and
# :doc:`/user_guide/production` ONNX files, which run without Python packages of machine learning.
