"""The order of the gallery's examples, and the colours of their pictures."""

from pathlib import Path

# A reader goes through a section from its first example to its last one.
SECTIONS = {
    "classify": (
        "plot_vowel_sounds",
        "plot_convolution_first",
        "plot_clinical",
        "plot_dna_promoters",
        "plot_moving_digits",
        "plot_class_imbalance",
        "plot_churn",
        "plot_credit_card_map",
    ),
    "label_every_step": ("plot_tagging", "plot_stream_sensor"),
    "forecast": (
        "plot_airline",
        "plot_window_length",
        "plot_calendar_columns",
        "plot_synop_nice",
        "plot_beijing_pm25",
        "plot_ladybug",
        "plot_stock_price",
    ),
    "text": (
        "plot_names_languages",
        "plot_sms_spam",
        "plot_imdb_one_hot_vs_embedding",
        "plot_embedding_map",
        "plot_french_names",
        "plot_shakespeare",
    ),
    "sequence_to_sequence": (
        "plot_dates_attention",
        "plot_english_french",
        "plot_trajectory_encoder_decoder",
    ),
    "inside": (
        "plot_gradient_flow",
        "plot_adding_problem",
        "plot_digits_by_cell",
        "plot_gates_sentence",
    ),
    "reservoirs": (
        "plot_mackey_glass",
        "plot_lorenz",
        "plot_reservoir_vowels",
        "plot_reservoir_names",
        "plot_reservoir_search",
        "plot_memory_capacity",
        "plot_reservoir_deep_spiking",
        "plot_reservoir_cluster",
    ),
    "tools": ("plot_save_and_serve", "plot_optuna_pruning", "plot_gpu"),
}
_RANKS = {f"{name}.py": i for names in SECTIONS.values() for i, name in enumerate(names)}

# The colours of M. Okabe, K. Ito, "Color universal design", 2002, without yellow, which is hard to
# see on white. Colour-blind readers can distinguish them.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def rank_of_section(folder):
    """Return the position of a section of the gallery, which is given by its folder."""
    return list(SECTIONS).index(Path(folder).name)


def rank(filename):
    """Return the position of an example in its section; an example without one comes last."""
    name = Path(filename).name
    return _RANKS.get(name, len(_RANKS)), name


def use_our_colors(gallery_conf, example):
    """Set the default colours of an example, after sphinx-gallery has reset Matplotlib."""
    import matplotlib

    matplotlib.rcParams["axes.prop_cycle"] = matplotlib.cycler(color=_COLORS)
