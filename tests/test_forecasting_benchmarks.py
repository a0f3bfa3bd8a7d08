"""Forecasts of real series beside their baselines, on the rows that settings were chosen on."""

import pytest
from benchmarks import forecasting


@pytest.fixture(scope="module")
def errors(need_data):
    """Function that gives the errors of some forecasters of a task, by their names."""

    def judge(task, data, names):
        need_data(data)
        task = forecasting.TASKS[task]
        X, y, parts = task.load()
        forecasters = forecasting.forecasters(task, seed=0)
        return {
            name: forecasting.evaluate(forecasters[name], X, y, *parts["dev"], task.back)
            for name in names
        }

    return judge


def test_weather_three_hours_ahead(errors):
    told = errors("synop_3h", "synop", ["network", "Ridge", "persistence", "seasonal-naive"])
    mae = {name: of_model["mae last"] for name, of_model in told.items()}
    assert mae["network"] < 0.97 * mae["Ridge"]
    assert mae["network"] < 0.75 * min(mae["persistence"], mae["seasonal-naive"])


def test_a_sum_of_waves_is_linear(errors):
    told = errors("ladybug", "ladybug", ["Ridge", "persistence"])
    assert told["Ridge"]["mae first"] < 1e-6
    assert told["Ridge"]["mae last"] < 0.004 < told["persistence"]["mae first"]


def test_passengers_in_logarithms(errors):
    told = errors("airline", "series", ["network", "Ridge", "seasonal-naive"])
    assert told["Ridge"]["rmse last"] < 15
    assert told["network"]["rmse last"] < 25 < told["seasonal-naive"]["rmse last"]
