"""The input of static features, which networks have after time steps and lengths."""

# The name of the input.
STATIC = "static"


def static_arrays(sequences):
    """Return the static features of sequences as a list of one array, or of none.

    Parameters
    ----------
    sequences : Sequences
    """
    return [] if sequences.static is None else [sequences.static]


def further_inputs(model):
    """Return the inputs of a model other than time steps, lengths and static features.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    list of keras.KerasTensor
        The states with which sequences begin, or the inputs of a decoder.
    """
    return [given for given in model.inputs[2:] if given.name != STATIC]
