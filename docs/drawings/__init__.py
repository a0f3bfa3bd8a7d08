"""Drawings of recurrent networks for the user guide, made by matplotlib when the docs are built.

A page shows one with the directive `plot`. Each function draws one figure and returns it.
"""

from drawings.cells import draw_gru, draw_lstm, draw_minimal_gru, draw_simple
from drawings.curves import draw_early_stopping, draw_gradients_by_lag
from drawings.data import draw_padding_and_list_view
from drawings.encoder_decoder import draw_encoder_decoder, draw_one_to_many
from drawings.pooling import draw_pooling
from drawings.recurrence import draw_two_recurrences, draw_unrolled
from drawings.reservoirs import draw_reservoir
from drawings.shapes import draw_shape
from drawings.timeline import draw_gap, draw_time_series_split, draw_window
from drawings.wins import draw_scores

__all__ = [
    "draw_early_stopping",
    "draw_encoder_decoder",
    "draw_gap",
    "draw_gradients_by_lag",
    "draw_gru",
    "draw_lstm",
    "draw_minimal_gru",
    "draw_one_to_many",
    "draw_padding_and_list_view",
    "draw_pooling",
    "draw_reservoir",
    "draw_scores",
    "draw_shape",
    "draw_simple",
    "draw_time_series_split",
    "draw_two_recurrences",
    "draw_unrolled",
    "draw_window",
]
