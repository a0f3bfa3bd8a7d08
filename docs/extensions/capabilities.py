"""The directive ``capability-table``: what each estimator can do, read from the estimators.

The columns come from the tags that scikit-learn defines, from the parameters, and from the table of
the estimators that can be exported, so the page changes with the code.
"""

import inspect

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

YES, NO = "✓", ""
COLUMNS = (
    "Estimator",
    "Different lengths",
    "Token ids or symbols",
    "NaN in X",
    "Static features",
    "Categories",
    "Multi-label",
    "Several outputs",
    "One target per time step",
    "`partial_fit`",
    "Streams",
    "Computes with",
    "ONNX",
)


def estimator_classes():
    """Return the public estimators and transformers, in the order of the table."""
    import skrnn
    from skrnn import forecasting, preprocessing, recurrent, reservoir

    kinds = [getattr(skrnn, name) for name in skrnn.__all__]
    for module in (recurrent, reservoir, forecasting, preprocessing):
        kinds += [getattr(module, name) for name in module.__all__]
    found = {kind for kind in kinds if hasattr(kind, "get_params") and hasattr(kind, "fit")}
    order = ("recurrent", "reservoir", "forecasting", "preprocessing")
    return sorted(found, key=lambda kind: (order.index(_home(kind)), kind.__name__))


def _home(kind):
    """Return the subpackage in which a class is defined, whichever name it is imported by."""
    return inspect.getmodule(kind.__init__).__name__.split(".")[1]


def tags_of(kind):
    """Return the tags of an estimator, with NaN allowed if it has a parameter for that."""
    from sklearn.utils import get_tags

    estimator = kind(*_required(kind))
    if "allow_nan" in estimator.get_params(deep=False):
        estimator.set_params(allow_nan=True)
    return get_tags(estimator)


def _required(kind):
    """Return values for the parameters without a default: a transformer of time steps."""
    from sklearn.preprocessing import StandardScaler

    parameters = inspect.signature(kind).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return [StandardScaler() for p in positional if p.default is p.empty]


def _wrapped(kind):
    """Return the parameter that holds another estimator, on which some properties depend."""
    wrapped = {"estimator", "regressor", "transformer"} & set(inspect.signature(kind).parameters)
    return wrapped.pop() if wrapped else None


def _computes_with(kind):
    if _wrapped(kind):
        return f"its {_wrapped(kind)}"
    trained = any(base.__module__.startswith("skrnn.recurrent.") for base in kind.__mro__)
    return "Keras" if trained else "NumPy"


def _allows_nan(kind, tags):
    if "allow_nan" in inspect.signature(kind).parameters:
        return "`allow_nan=True`"
    return f"its {_wrapped(kind)}" if _wrapped(kind) else tags.input_tags.allow_nan


def _exports(kind):
    from skrnn.export._onnx_estimators import CONVERTERS
    from skrnn.export._onnx_pipeline import _CONVERTERS

    return kind in CONVERTERS or kind in _CONVERTERS


def row(kind):
    """Return the cells of an estimator, the name excepted, as booleans and texts."""
    tags, names = tags_of(kind), inspect.signature(kind).parameters
    classifier = tags.classifier_tags
    ragged = tags.input_tags.three_d_array or tags.input_tags.string
    return (
        ragged,
        "embedding" in names or tags.input_tags.string,
        _allows_nan(kind, tags),
        "static" in names,
        "categorical_features" in names,
        classifier is not None and classifier.multi_label,
        tags.target_tags.multi_output,
        "return_sequences" in names,
        hasattr(kind, "partial_fit"),
        hasattr(kind, "stream"),
        _computes_with(kind),
        _exports(kind),
    )


def table(kinds):
    """Return the lines of the table as a list-table."""
    lines = [".. list-table::", "    :header-rows: 1", "    :class: capabilities", ""]
    rows = [COLUMNS, *((f":class:`~{_name(kind)}`", *row(kind)) for kind in kinds)]
    for cells in rows:
        for i, cell in enumerate(cells):
            text = cell if isinstance(cell, str) else (YES if cell else NO)
            lines.append(f"    {'* -' if i == 0 else '  -'} {text}".rstrip())
    return lines


def _name(kind):
    return f"{kind.__module__}.{kind.__name__}"


class CapabilityTable(SphinxDirective):
    """The table of all estimators."""

    def run(self):
        """Return the table as nodes."""
        lines = StringList(table(estimator_classes()), source="capability-table")
        container = nodes.container()
        self.state.nested_parse(lines, 0, container)
        return container.children


def setup(app):
    """Register the directive."""
    app.add_directive("capability-table", CapabilityTable)
    return {"parallel_read_safe": True}
