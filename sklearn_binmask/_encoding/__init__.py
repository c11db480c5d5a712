"""Tables and targets to arrays, so that a network can train on them.

A user's table has columns of numbers, booleans and text, with holes in them. Here each
of its columns becomes a few encoded columns of about unit size, and the map between
the two is kept, so that one gate can stand before all encoded columns of one column.
Everything learned obeys two laws: a row of weight k counts as k copies of it, and the
order of the rows does not matter.

This layer knows nothing of networks or estimators.
"""

from .bins import N_BINS, binned
from .cells import SparseInputs, below, beside, standardized
from .coded import CodedRows
from .columns import CLIP, COLUMN_KINDS, FINE, MAX_LEVELS, NUMERIC_ENCODINGS
from .drawn import DrawnInputs, drawn_from, drawn_from_code
from .finer import finer_encoding, finer_inputs
from .naming import column_groups, column_mask
from .schema import Target
from .shared import learn_shared_table
from .sound import is_sound
from .table import TableEncoding, learn_table
from .target import encode_like, encode_target, target_array
from .winsorized import winsorized

__all__ = [
    "CLIP",
    "COLUMN_KINDS",
    "CodedRows",
    "FINE",
    "MAX_LEVELS",
    "N_BINS",
    "DrawnInputs",
    "NUMERIC_ENCODINGS",
    "SparseInputs",
    "TableEncoding",
    "Target",
    "below",
    "beside",
    "binned",
    "column_groups",
    "column_mask",
    "drawn_from",
    "drawn_from_code",
    "encode_like",
    "encode_target",
    "finer_encoding",
    "finer_inputs",
    "is_sound",
    "learn_shared_table",
    "learn_table",
    "standardized",
    "target_array",
    "winsorized",
]
