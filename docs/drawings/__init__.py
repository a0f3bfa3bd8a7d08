"""Drawings of recurrent networks for the user guide, made by matplotlib when the docs are built.

A page shows one with the directive `plot`. Each function draws one figure and returns it.
"""

from drawings.cells import draw_gru, draw_lstm, draw_minimal_gru, draw_simple
from drawings.encoder_decoder import draw_encoder_decoder, draw_one_to_many
from drawings.recurrence import draw_two_recurrences, draw_unrolled
from drawings.shapes import draw_shape

__all__ = [
    "draw_encoder_decoder",
    "draw_gru",
    "draw_lstm",
    "draw_minimal_gru",
    "draw_one_to_many",
    "draw_shape",
    "draw_simple",
    "draw_two_recurrences",
    "draw_unrolled",
]
