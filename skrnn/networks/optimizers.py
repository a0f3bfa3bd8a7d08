"""Convert optimizers to recipes, and find out which of them are plain Adam."""

import inspect
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import keras

from skrnn.networks.fingerprint import describe
from skrnn.networks.fingerprint.libraries import is_library
from skrnn.networks.keras_objects import rebuild_whole

# Options of Keras' optimizers that change the update: with any of them, Adam is not plain Adam.
_EXTRAS = (
    "amsgrad",
    "clipnorm",
    "clipvalue",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
    "weight_decay",
)


@dataclass(frozen=True)
class Recipe:
    """The description from which an optimizer is made; equal recipes make equal optimizers.

    Parameters
    ----------
    kind : type
    config : str
        The configuration as JSON.
    held : str
        The description of everything that the optimizer holds, because its configuration may leave
        out values.
    template : keras.optimizers.Optimizer
        An optimizer of this configuration.
    """

    kind: type
    config: str
    held: str
    template: Any = field(compare=False)

    def make(self):
        """Return a new optimizer."""
        given, config = self.template.get_config(), json.loads(self.config)
        changes = {name: value for name, value in config.items() if value != given[name]}
        return rebuild_whole(self.template, changes, without=("name",))


def read_optimizer(optimizer, learning_rate, global_clipnorm):
    """Return an optimizer as a `Recipe`, and its learning rate.

    The rate is separate because it is not part of a compiled program.

    Parameters
    ----------
    optimizer : str, keras.optimizers.Optimizer or class of one
    learning_rate : float or None
        If None, the learning rate of the optimizer is used.
    global_clipnorm : float or None
        Only used if the optimizer does not clip gradients itself.

    Returns
    -------
    recipe : Recipe
    rate : float or None
        The learning rate. None if it follows a schedule, which is then part of the recipe.

    Raises
    ------
    ValueError
        If `optimizer` is not a Keras optimizer, or has no learning rate.
    """
    template = optimizer
    if isinstance(optimizer, str) or inspect.isclass(optimizer):
        template = _default_optimizer(optimizer)
    if not isinstance(template, keras.optimizers.Optimizer):
        raise ValueError(
            "optimizer must be the name of a Keras optimizer or a keras.optimizers.Optimizer, "
            f"got {optimizer!r}."
        )
    is_kept = template is not optimizer and is_library(type(template).__module__)
    given = _config_of_kept(template) if is_kept else template.get_config()
    config = {name: value for name, value in given.items() if name != "name"}
    if "learning_rate" not in config:
        raise ValueError(
            "optimizer must be a Keras optimizer with a learning_rate in its configuration, "
            f"got {optimizer!r}."
        )
    if not any(config.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
        config["global_clipnorm"] = None if global_clipnorm is None else float(global_clipnorm)
    rate = config["learning_rate"] if learning_rate is None else learning_rate
    if isinstance(rate, dict):
        rate = None
    else:
        config["learning_rate"] = 0.0
    held = _describe_kept(template) if is_kept else _describe(template)
    recipe = Recipe(type(template), json.dumps(config, sort_keys=True), held, template)
    return recipe, None if rate is None else float(rate)


def sets_own_rate(optimizer):
    """Return whether an optimizer computes its learning rate itself.

    An optimizer with a schedule does so. A custom class may do so in any way.
    """
    return is_custom(type(optimizer)) or _is_schedule(optimizer._learning_rate)


def is_custom(kind):
    """Return whether a class of optimizers is not one of Keras'."""
    return not kind.__module__.startswith("keras.")


def is_plain_adam(optimizer, variables, *, all_used):
    """Return whether an update is that of Adam (Kingma and Ba, 2015), at most with global clipping.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
    variables : list of keras.Variable
    all_used : bool
        Whether every variable certainly has a gradient. Keras does not update those without one.
    """
    kind = type(optimizer)
    return (
        all_used
        and isinstance(optimizer, keras.optimizers.Adam)
        and kind.__name__ == "Adam"
        and not is_custom(kind)
        and not any(getattr(optimizer, extra) for extra in _EXTRAS)
        and not any(variable.constraint for variable in variables)
    )


def _is_schedule(value):
    return isinstance(value, keras.optimizers.schedules.LearningRateSchedule)


def _default_optimizer(name_or_class):
    """Return an optimizer with the default configuration; those of Keras are kept."""
    kept = _kept_optimizer(name_or_class)
    is_known = is_library(type(kept).__module__)
    return kept if is_known else _new_optimizer(name_or_class)


def _new_optimizer(name_or_class):
    if inspect.isclass(name_or_class):
        return name_or_class()
    try:
        return keras.optimizers.get(name_or_class)
    except (ValueError, TypeError):
        return name_or_class


# Optimizers are kept, because each new one creates variables, whose memory TensorFlow does not free
# completely.
_kept_optimizer = lru_cache(maxsize=64)(_new_optimizer)


def _describe(optimizer):
    return describe(optimizer, optimizer.variables)


def _config(optimizer):
    return optimizer.get_config()


# No user has access to an optimizer that is kept, so that it does not change.
_describe_kept = lru_cache(maxsize=64)(_describe)
_config_of_kept = lru_cache(maxsize=64)(_config)
