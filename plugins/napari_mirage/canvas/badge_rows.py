"""ViewBadges: what the badges on napari's canvas say of the B-scan shown."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from qtpy.QtCore import QPointF
from qtpy.QtGui import QFont, QPainter
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import Session
from mirage_core.scan import State
from mirage_viewer.canvas.colors import ONE, OTHER, STATE_STYLES
from mirage_viewer.canvas.evidence_item import draw_legend
from mirage_viewer.canvas.imagined_item import Overlay, draw_notice
from napari_mirage.canvas.badge_strips import Badge, BadgeStrip, Drawing


class Pictures(Protocol):
    """What is laid over the image."""

    @property
    def imagined(self) -> Overlay | None:
        """What a model imagined, if it is seen."""
        ...

    @property
    def evidence(self) -> str:
        """What the heat map is, if one is seen."""
        ...


class ViewBadges:
    """The badges of one view: above its place and state, below what a tool has to say.

    Attributes
    ----------
    whose : str
        Whose work is shown, where it is not the grader's own.
    legend : (str, str)
        Whose the orange and the cyan curves are.
    note : str
        What the tool last could not do.
    """

    def __init__(self, canvas: QWidget) -> None:
        self.upper = BadgeStrip(canvas)
        self.lower = BadgeStrip(canvas, low=True)
        self.whose = self.note = ""
        self.legend: tuple[str, str] = ("", "")
        self._said: object = None

    def refresh(self, session: Session | None, b: int, problem: str, pictures: Pictures) -> None:
        """Say what holds now."""
        if session is None:
            self._said = None
            self.upper.show_rows([])
            self.say("")
            return
        state = State(session.annotation.b_scan_state(b))
        scan, overlay = session.scan, pictures.imagined
        said = (
            b,
            state,
            self.whose,
            self.legend,
            problem,
            pictures.evidence,
            id(overlay),
            scan.n_b_scans,
        )
        if said == self._said:
            return
        self._said = said
        style = STATE_STYLES[state]
        first = [Badge(f"B-scan {b + 1} / {scan.n_b_scans}")]
        first.append(Badge(f"{style.title} {style.glyph}".strip(), style.qcolor))
        if self.whose:
            first.append(Badge(self.whose, OTHER))
        if scan.acquisition.simulated:
            first.append(Badge("simulated"))
        rows: list[tuple[Badge, ...] | Drawing] = [tuple(first)]
        rows += [
            (Badge(whose, color),)
            for whose, color in zip(self.legend, (ONE, OTHER), strict=True)
            if whose
        ]
        if problem:
            rows.append((Badge(f"B-scan {b + 1} cannot be shown. {problem}"),))
            rows.append((Badge("The other B-scans and your work are not affected."),))
        if pictures.evidence:
            rows.append(partial(_legend, pictures.evidence))
        if overlay is not None:
            rows.append(partial(_notice, overlay))
        self.upper.show_rows(rows)

    def say(self, note: str) -> None:
        """Show what a tool has to say, ``""`` for nothing."""
        if note != self.note:
            self.note = note
            self.lower.show_rows([(Badge(note),)] if note else [])

    def place(self) -> None:
        """The canvas has another size."""
        self.upper.place()
        self.lower.place()

    def close(self) -> None:
        """Take them away."""
        for strip in (self.upper, self.lower):
            strip.setParent(None)
            strip.deleteLater()


def _legend(words: str, painter: QPainter, at: QPointF, width: float, font: QFont) -> None:
    draw_legend(painter, at, words, width, font)


def _notice(overlay: Overlay, painter: QPainter, at: QPointF, width: float, font: QFont) -> None:
    draw_notice(painter, at, overlay, width, font)
