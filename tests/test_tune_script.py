"""The command-line search among the examples: its table, its picture and its arguments."""

import importlib.util
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[1] / "examples" / "tune_classifier.py"
matplotlib.use("agg")


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("tune_classifier", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path):
    """Two files: whether a sequence rises or falls, which its mean does not show."""
    rng = np.random.default_rng(0)
    y = np.arange(30) % 2
    X = (
        rng.normal(scale=0.1, size=(30, 6, 1))
        + np.outer(2 * y - 1, np.linspace(-1, 1, 6))[..., None]
    )
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    return ["--sequences", str(tmp_path / "X.npy"), "--labels", str(tmp_path / "y.npy")]


def test_tune_classifier_results(script, data, tmp_path, capsys):
    output = tmp_path / "results.csv"
    script.main(
        [*data, "--output", str(output), "--units", "4", "--cell", "gru", "--folds", "2",
         "--epochs", "12", "--learning-rate", "0.0001", "0.05"]
    )  # fmt: skip
    table = pd.read_csv(output)
    assert table["candidate"].tolist()[0] == "gru, 4, 0.05, 0.0"
    assert set(table["candidate"]) == {"gru, 4, 0.05, 0.0", "gru, 4, 0.0001, 0.0", script.BASELINE}
    assert table["mean_accuracy"].is_monotonic_decreasing
    assert table["mean_accuracy"][0] > 0.9
    assert output.with_suffix(".png").stat().st_size > 1000
    assert f"Wrote {output}" in capsys.readouterr().out


def test_tune_classifier_invalid_arguments(script, data, capsys):
    with pytest.raises(SystemExit):
        script.main(data[:2])
    assert "--sequences and --labels must be given together" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        script.main(["--units", "many"])
    assert "argument --units: invalid int value" in capsys.readouterr().err
