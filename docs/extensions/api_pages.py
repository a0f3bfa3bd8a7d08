"""What API pages show apart from docstrings: pages of the guide, order of methods, summaries.

A reader who arrives at an API page by a search finds the rest of the docs by the line "Read more".
"""

import importlib
import inspect
from functools import cached_property
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.ext.autosummary.generate import find_autosummary_in_files
from sphinx.util.docutils import SphinxDirective

# A subpackage -> the page for all its objects that are not listed below.
PAGES_OF_MODULES = {
    "skrnn": "data_shapes",
    "skrnn.datasets": None,
    "skrnn.export": "production",
    "skrnn.forecasting": "forecasting",
    "skrnn.inspection": "why_gradients_vanish",
    "skrnn.metrics": "targets",
    "skrnn.model_selection": "training",
    "skrnn.preprocessing": "data_shapes",
    "skrnn.recurrent": "bodies",
    "skrnn.reservoir": "reservoirs",
    "skrnn.sequences": "data_shapes",
}
PAGES = {
    "skrnn.EchoStateClassifier": "reservoirs",
    "skrnn.EchoStateRegressor": "reservoirs",
    "skrnn.EmbeddingTokenizer": "text",
    "skrnn.OneHotSequenceEncoder": "text",
    "skrnn.RNNClassifier": "training",
    "skrnn.RNNRegressor": "training",
    "skrnn.Seq2SeqClassifier": "sequence_to_sequence",
    "skrnn.Seq2SeqRegressor": "sequence_to_sequence",
    "skrnn.SequenceGenerator": "generating_text",
    "skrnn.SlidingWindow": "forecasting",
    "skrnn.SlidingWindowForecaster": "forecasting",
    "skrnn.clear_program_cache": "memory",
    "skrnn.inspection.ForecastDisplay": "forecasting",
    "skrnn.inspection.HistoryDisplay": "training",
    "skrnn.inspection.HorizonErrorDisplay": "forecasting",
    "skrnn.inspection.ReservoirDisplay": "reservoirs",
    "skrnn.inspection.TrajectoryDisplay": "reservoirs",
    "skrnn.metrics.corpus_bleu": "sequence_to_sequence",
    "skrnn.metrics.mase": "forecasting",
    "skrnn.metrics.token_accuracy_score": "sequence_to_sequence",
    "skrnn.model_selection.search_space": "tuning",
    "skrnn.model_selection.suggest_params": "tuning",
    "skrnn.preprocessing.Interpolator": "missing_values",
    "skrnn.preprocessing.regularize": "forecasting",
    "skrnn.recurrent.RecurrentFeatures": "sklearn_tools",
    "skrnn.recurrent.Stream": "streams",
    "skrnn.sequences.MixedSequences": "mixed_steps",
    "skrnn.sequences.from_aeon": "coming_from",
    "skrnn.sequences.to_aeon": "coming_from",
    "skrnn.sequences.to_column": "sklearn_tools",
}


# Methods that a reader looks for come first on an API page; the others follow by name.
FIRST_METHODS = [
    "fit",
    "fit_transform",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "transform",
    "score",
    "forecast",
    "stream",
]


def guide_pages():
    """Return a dict from the full name of each public object to its page of the user guide."""
    pages = {}
    for module, page in PAGES_OF_MODULES.items():
        for name in importlib.import_module(module).__all__:
            full_name = f"{module}.{name}"
            pages[full_name] = PAGES.get(full_name, page)
    return {full_name: page for full_name, page in pages.items() if page}


def properties():
    """Return a dict from the full name of each public class to the names of its properties.

    The other attributes of a class are its parameters, which the docstring describes.
    """
    found = {}
    for module in PAGES_OF_MODULES:
        for name in importlib.import_module(module).__all__:
            kind = getattr(importlib.import_module(module), name)
            if inspect.isclass(kind):
                found[f"{module}.{name}"] = _properties_of(kind)
    return found


def _properties_of(kind):
    names = [name for name in dir(kind) if not name.startswith("_")]
    kinds = property, cached_property
    return [name for name in names if isinstance(inspect.getattr_static(kind, name), kinds)]


class ApiTables(SphinxDirective):
    """One table of names and summaries for each page of the API that the arguments name."""

    has_content = True

    def run(self):
        """Return the tables as nodes."""
        lines = []
        folder = Path(self.env.srcdir, self.env.docname).parent
        for page in self.content:
            entries = find_autosummary_in_files([str(folder / f"{page}.rst")])
            lines += [f".. rubric:: :doc:`{page}`", "", ".. autosummary::", ""]
            lines += [f"    ~{entry.name}" for entry in entries] + [""]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source="api-tables"), 0, container)
        return container.children


def setup(app):
    """Register the directive."""
    app.add_directive("api-tables", ApiTables)
    return {"parallel_read_safe": True}
