"""LineDelegate: draws the cells of the worklist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from mirage_core.scan import State
from mirage_viewer.canvas.colors import STATE_STYLES
from mirage_viewer.guard import guarded
from mirage_viewer.theme import Colors, current_colors
from mirage_viewer.worklist.columns import ABOUT, UNKNOWN, Column
from mirage_viewer.worklist.frames import Frames
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.model import LINE_ROLE
from mirage_viewer.worklist.work import Stage

_PAD_PX = 6
_BAR_PX = 7
_CHIP_GAP_PX = 5
_SMALLEST_CHIP_PX = 34
_MORE = "…"


@dataclass(frozen=True, slots=True)
class _Pen:
    """What a cell is drawn with.

    `quiet` is the colour of what matters less, `trough` that of a bar that is not full.
    """

    painter: QPainter
    colors: Colors
    trough: str
    plain: QFont
    bold: QFont
    small: QFont

    @property
    def quiet(self) -> str:
        return self.colors.muted

    def line(self, box: QRect, text: str, font: QFont, color: str) -> int:
        """Draw one line of text at the left of `box`, as much as fits; return its width in px."""
        words = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        self.painter.setFont(font)
        self.painter.setPen(QColor(color))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.painter.drawText(box, flags, words)
        return QFontMetrics(font).horizontalAdvance(words)

    def chip(self, box: QRect, text: str, color: str, edge: str) -> int:
        """Draw `text` on a plate at the left of `box`, halfway up; return the plate's width."""
        metrics = QFontMetrics(self.small)
        pad = _PAD_PX + 2
        words = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width() - 2 * pad)
        width, height = metrics.horizontalAdvance(words) + 2 * pad, metrics.height() + 4
        plate = QRectF(box.left() + 0.5, box.center().y() - height / 2 + 0.5, width, height)
        self.painter.setPen(QColor(edge))
        self.painter.setBrush(QColor(self.colors.panel))
        self.painter.drawRoundedRect(plate, height / 2, height / 2)
        self.painter.setFont(self.small)
        self.painter.setPen(QColor(color))
        self.painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), words)
        return width


@guarded
class LineDelegate(QStyledItemDelegate):
    """Draws one cell: a picture, words, a bar of states or tags.

    Attributes
    ----------
    hovered : int
        The row under the pointer, -1 for none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hovered = -1
        self._frames = Frames()
        self._cells: dict[Column, Callable[[_Pen, QRect, Line], None]] = {
            Column.PSEUDONYM: _draw_patient,
            Column.ACQUIRED: _draw_words,
            Column.WORK: _draw_work,
            Column.LABELS: _draw_labels,
            Column.TAGS: _draw_tags,
            Column.NOTE: _draw_note,
        }

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw the ground, then the cell."""
        colors, box, column = current_colors(), option.rect, Column(index.column())
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        ground = colors.selection if chosen else colors.panel
        if not chosen and index.row() == self.hovered:
            ground = colors.hover
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(box, QColor(ground))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, QColor(colors.border))
        if chosen and column is Column.PICTURE:
            painter.fillRect(box.left(), box.top(), 3, box.height() - 1, QColor(colors.accent))
        line: Line = index.data(LINE_ROLE)
        if column is Column.PICTURE:
            frame = box.adjusted(_PAD_PX + 4, 5, -_PAD_PX, -6)
            image = index.data(Qt.ItemDataRole.DecorationRole)
            self._frames.draw(painter, frame, image, missing=not line.row.scan.imported)
        else:
            plain, bold, small = _fonts(option.font)
            trough = colors.window if chosen else colors.border
            pen = _Pen(painter, colors, trough, plain, bold, small)
            inner = box.adjusted(_PAD_PX, 2, -_PAD_PX, -3)
            self._cells.get(column, _Words(column))(pen, inner, line)
        painter.restore()


@dataclass(frozen=True, slots=True)
class _Words:
    """Draws what a column says, in the middle of the height."""

    column: Column

    def __call__(self, pen: _Pen, box: QRect, line: Line) -> None:
        words = ABOUT[self.column].text(line)
        pen.line(box, words, pen.plain, pen.quiet if words == UNKNOWN else pen.colors.text)


_draw_words = _Words(Column.ACQUIRED)


def _fonts(font: QFont) -> tuple[QFont, QFont, QFont]:
    """Return the font for plain words, for what leads, and for what is beside it."""
    bold, small = QFont(font), QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    if font.pixelSize() > 0:
        small.setPixelSize(font.pixelSize() - 1)
    return font, bold, small


def _draw_patient(pen: _Pen, box: QRect, line: Line) -> None:
    upper, lower = _halves(pen, box)
    scan, twice = line.row.scan, line.duplicate_words
    used = pen.line(upper, scan.pseudonym, pen.bold, pen.colors.text)
    rest = upper.adjusted(used + _PAD_PX, 0, 0, 0)
    if twice and rest.width() > _SMALLEST_CHIP_PX:
        pen.chip(rest, twice, pen.colors.warning, pen.colors.warning)
    pen.line(lower, scan.title, pen.small, pen.quiet)


def _draw_work(pen: _Pen, box: QRect, line: Line) -> None:
    upper, lower = _halves(pen, box)
    bar = QRectF(upper.left(), upper.center().y() - _BAR_PX / 2 + 3, upper.width(), _BAR_PX)
    shape = QPainterPath()
    shape.addRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
    painter, work = pen.painter, line.work
    painter.fillPath(shape, QColor(pen.trough))
    painter.save()
    painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
    left = bar.left()
    for state, n in (
        (State.APPROVED, work.approved),
        (State.EDITED, work.edited),
        (State.PREDICTED, work.predicted),
    ):
        width = bar.width() * n / max(work.total, 1)
        painter.fillRect(QRectF(left, bar.top(), width, bar.height()), STATE_STYLES[state].qcolor)
        left += width
    painter.restore()
    done = work.stage is Stage.ALL_APPROVED
    glyph = f"{STATE_STYLES[State.APPROVED].glyph} " if done else ""
    pen.line(lower, glyph + line.words, pen.small, pen.colors.text if done else pen.quiet)


def _draw_tags(pen: _Pen, box: QRect, line: Line) -> None:
    _draw_chips(pen, box, line.row.remark.tags)


def _draw_labels(pen: _Pen, box: QRect, line: Line) -> None:
    """Draw the labels of the scan, and below them how many B-scans have any."""
    b_scans = line.b_scan_words
    upper, lower = _halves(pen, box)
    if line.scan_labels:
        _draw_chips(pen, upper if b_scans else box, line.scan_labels)
    if b_scans:
        place = lower if line.scan_labels else box
        pen.line(place, f"{b_scans} labelled", pen.small, pen.quiet)


def _draw_chips(pen: _Pen, box: QRect, tags: Sequence[str]) -> None:
    """Draw a plate for each of `tags` while there is room; an ellipsis stands for the others."""
    metrics, rest = QFontMetrics(pen.small), QRect(box)
    for i, tag in enumerate(tags):
        more = i + 1 < len(tags)
        room = rest.width() - (metrics.horizontalAdvance(_MORE) + _CHIP_GAP_PX if more else 0)
        if room < _SMALLEST_CHIP_PX:
            pen.line(rest, _MORE, pen.small, pen.quiet)
            return
        plate = QRect(rest.left(), rest.top(), room, rest.height())
        width = pen.chip(plate, tag, pen.colors.text, pen.colors.border)
        rest.setLeft(rest.left() + width + _CHIP_GAP_PX)


def _draw_note(pen: _Pen, box: QRect, line: Line) -> None:
    """Draw as many lines of the note as the row is high."""
    note = " ".join(line.row.remark.note.split())
    if not note:
        return
    metrics = QFontMetrics(pen.small)
    upper, lower = _halves(pen, box)
    first, rest = _first_line(note, metrics, box.width())
    if not rest:
        pen.line(box, first, pen.small, pen.colors.text)
        return
    pen.line(upper, first, pen.small, pen.colors.text)
    pen.line(lower, rest, pen.small, pen.colors.text)


def _first_line(text: str, metrics: QFontMetrics, width: int) -> tuple[str, str]:
    """Return the words of `text` that fit into `width` px, and those that do not."""
    words = text.split(" ")
    n = len(words)
    while n > 1 and metrics.horizontalAdvance(" ".join(words[:n])) > width:
        n -= 1
    return " ".join(words[:n]), " ".join(words[n:])


def _halves(pen: _Pen, box: QRect) -> tuple[QRect, QRect]:
    """Return two lines in the middle of `box`, one above the other."""
    height = QFontMetrics(pen.bold).height() + 3
    middle = box.center().y() + 1
    return (
        QRect(box.left(), middle - height, box.width(), height),
        QRect(box.left(), middle, box.width(), height),
    )
