"""Annotations and everything that changes them: sessions, edits, history, tools.

Imports `scan` only; no Qt, no files.
"""

from mirage_core.annotate.annotation import B_AXIS, MASKS, Annotation, State, Target
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.edit import Edit, EditDecodeError, Patch, decode_edit, encode_edit
from mirage_core.annotate.history import (
    Event,
    EventKind,
    History,
    Journal,
    JournalError,
    MemoryJournal,
)
from mirage_core.annotate.ordering import Ordering, draw_surface
from mirage_core.annotate.patches import Patches, PatchSource, UnreadableEditError
from mirage_core.annotate.proposal import Proposal
from mirage_core.annotate.runner import ToolRunner
from mirage_core.annotate.session import Change, PreparedAdoption, Session
from mirage_core.annotate.shelf import HISTORY_BYTES, Shelf

__all__ = [
    "B_AXIS",
    "HISTORY_BYTES",
    "MASKS",
    "Annotation",
    "BScanDraft",
    "Change",
    "Edit",
    "EditDecodeError",
    "Event",
    "EventKind",
    "History",
    "Journal",
    "JournalError",
    "MemoryJournal",
    "Ordering",
    "Patch",
    "PatchSource",
    "Patches",
    "PreparedAdoption",
    "Proposal",
    "Session",
    "Shelf",
    "State",
    "Target",
    "ToolRunner",
    "UnreadableEditError",
    "decode_edit",
    "draw_surface",
    "encode_edit",
]
