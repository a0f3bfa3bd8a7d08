"""Forecasts of real series compared with baselines, on the rows that settings were chosen on.

The network of the weather has half as many epochs as in the benchmark, to save time.
"""

import pytest
from benchmarks import forecasting


@pytest.fixture(scope="module")
def errors(need_data):
    """Return a function that computes the errors of forecasters of a task, by name."""

    def judge(task, data, names, **settings):
        need_data(data)
        task = forecasting.TASKS[task]
        X, y, parts = task.load()
        forecasters = forecasting.forecasters(task, seed=0, **settings)
        return {
            name: forecasting.evaluate(forecasters[name], X, y, *parts["dev"], task.back)
            for name in names
        }

    return judge


def test_benchmark_synop_3h(errors):
    names = ["network", "Ridge", "persistence", "seasonal-naive"]
    by_name = errors("synop_3h", "synop", names, epochs=10)
    mae = {name: of_model["mae last"] for name, of_model in by_name.items()}
    assert mae["network"] < 0.97 * mae["Ridge"]
    assert mae["network"] < 0.75 * min(mae["persistence"], mae["seasonal-naive"])


def test_benchmark_ladybug(errors):
    by_name = errors("ladybug", "ladybug", ["Ridge", "persistence"])
    assert by_name["Ridge"]["mae first"] < 1e-6
    assert by_name["Ridge"]["mae last"] < 0.004 < by_name["persistence"]["mae first"]


def test_benchmark_airline(errors):
    by_name = errors("airline", "series", ["network", "Ridge", "seasonal-naive"])
    assert by_name["Ridge"]["rmse last"] < 15
    assert by_name["network"]["rmse last"] < 25 < by_name["seasonal-naive"]["rmse last"]
