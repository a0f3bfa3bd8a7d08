"""Write the inventories of other projects that hold only names that our pages mention.

Run with ``python docs/inventories/write.py``. It needs sphobjinv, and no network.
"""

from pathlib import Path

# file -> (project, version, {(domain, role): {name: page below the address of the site}})
INVENTORIES = {
    # These are added to the inventory of scikit-learn 1.2.
    "sklearn": (
        "scikit-learn",
        "1.9",
        {
            ("py", "class"): {
                "sklearn.utils.metadata_routing.MetadataRequest": (
                    "modules/generated/sklearn.utils.metadata_routing.MetadataRequest.html"
                ),
                "sklearn.frozen.FrozenEstimator": (
                    "modules/generated/sklearn.frozen.FrozenEstimator.html"
                ),
                "sklearn.model_selection.TunedThresholdClassifierCV": (
                    "modules/generated/sklearn.model_selection.TunedThresholdClassifierCV.html"
                ),
            },
            ("std", "term"): {"metadata routing": "glossary.html#term-metadata-routing"},
            ("std", "label"): {
                "metadata_routing": "metadata_routing.html",
                "df_output_transform": "modules/df_output_transform.html",
            },
        },
    ),
    "numpy": (
        "NumPy",
        "2.0",
        {
            ("py", "class"): {
                f"numpy.{name}": f"reference/generated/numpy.{name}.html"
                for name in ("memmap", "ndarray")
            },
            ("py", "function"): {"numpy.load": "reference/generated/numpy.load.html"},
        },
    ),
    "matplotlib": (
        "Matplotlib",
        "3.9",
        {
            ("py", "class"): {
                "matplotlib.axes.Axes": "api/_as_gen/matplotlib.axes.Axes.html",
                "matplotlib.figure.Figure": (
                    "api/_as_gen/matplotlib.figure.Figure.html#matplotlib.figure.Figure"
                ),
            },
        },
    ),
    "keras": (
        "Keras",
        "3",
        {
            ("py", "class"): {
                "keras.Model": "models/model/",
                "keras.layers.GRU": "layers/recurrent_layers/gru/",
                "keras.layers.LSTM": "layers/recurrent_layers/lstm/",
            },
        },
    ),
    "python": (
        "Python",
        "3",
        {
            ("py", "class"): {
                "collections.abc.Callable": (
                    "library/collections.abc.html#collections.abc.Callable"
                ),
            },
            ("py", "function"): {
                "functools.partial": "library/functools.html#functools.partial",
            },
        },
    ),
}


def write(folder):
    """Write all inventories into a folder."""
    import sphobjinv

    for file, (project, version, roles) in INVENTORIES.items():
        path = folder / f"{file}.inv"
        inventory = sphobjinv.Inventory(path) if file == "sklearn" else sphobjinv.Inventory()
        inventory.project, inventory.version = project, version
        known = {(item.domain, item.role, item.name) for item in inventory.objects}
        for (domain, role), pages in roles.items():
            for name, page in pages.items():
                entry = {"name": name, "domain": domain, "role": role, "priority": "1"}
                if (domain, role, name) not in known:
                    added = sphobjinv.DataObjStr(**entry, uri=page, dispname="-")
                    inventory.objects.append(added)
        text = sphobjinv.compress(inventory.data_file(contract=True))
        sphobjinv.writebytes(path, text)


if __name__ == "__main__":
    write(Path(__file__).parent)
