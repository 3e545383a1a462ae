"""What every correction tool is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.ordering import Ordering


class Point(NamedTuple):
    """A place on a B-scan in px; pixel centres at integers, ``z`` from the top."""

    z: float
    x: float


class Rect(NamedTuple):
    """A pixel rectangle, half open: ``z0 <= z < z1``, ``x0 <= x < x1``."""

    z0: int
    z1: int
    x0: int
    x1: int

    def union(self, other: Rect) -> Rect:
        """Return the smallest rectangle around both."""
        return Rect(
            min(self.z0, other.z0),
            max(self.z1, other.z1),
            min(self.x0, other.x0),
            max(self.x1, other.x1),
        )


class Step(NamedTuple):
    """What one event led to.

    ``dirty`` is the part of the draft that changed and must be redrawn, None if nothing did.
    ``done`` says that the stroke is complete and the draft is to be committed. ``note`` is a
    sentence for the grader where the tool could not do what the event asked for.
    """

    dirty: Rect | None = None
    done: bool = False
    note: str = ""


Solve = Callable[[BScanDraft, int, NDArray[np.float32]], Mapping[int, NDArray[np.float32]]]
"""Given a draft, the row of a surface and depths ``[x]`` it passes through (NaN elsewhere), returns
the curves ``[x]`` of that row and of rows that go along with it."""


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What the grader chose in the tool panel.

    Attributes
    ----------
    surface : int
        Row of the annotation's surfaces that surface tools draw.
    mask_class : int
        Label that mask tools paint.
    radius_px : float
        Brush and eraser radius in px of the B-scan (columns; rows are scaled by `aspect`).
    ordering : Ordering
        What gives way when surfaces meet.
    aspect : float
        Depth px per column px of equal length on screen, so that brushes look round; 1.0
        paints a circle in pixels.
    locked : frozenset of int
        Labels whose pixels no mask tool may change; new ones may be painted beside them. The
        runner holds to it, so that a tool need not.
    solve : callable or None
        How a surface runs between points that are given; None bends it.
    against : bool
        The pointer was pressed with the key that turns a stroke around: what it marks does not
        belong. Set by the runner at every press.
    """

    surface: int = 0
    mask_class: int = 1
    radius_px: float = 6.0
    ordering: Ordering = Ordering.PUSH
    aspect: float = 1.0
    locked: frozenset[int] = frozenset()
    solve: Solve | None = None
    against: bool = False


@dataclass(frozen=True, eq=False)
class Guide:
    """A helper line or set of knots that a tool wants shown over the image.

    ``points`` is float ``[n, (z, x)]`` in px. ``kind`` is ``"line"``, ``"knots"``, ``"circle"``
    (then one point, and `radius_px`), or ``"with"`` and ``"against"``: a line that says what
    belongs to a region and what does not.
    """

    kind: str
    points: NDArray[np.float64]
    radius_px: float = 0.0


class Tool(ABC):
    """Turns presses, moves and releases into changes of a draft.

    A tool holds only the stroke in hand. Between strokes it holds nothing, so that the B-scan
    or the scan may change under it. It never sees the session: the runner commits the draft
    when a step says ``done``.
    """

    name: ClassVar[str]
    """Key in files and settings, e.g. ``"pen"``."""
    title: ClassVar[str]
    """For people, e.g. ``"Pen"``."""
    hint: ClassVar[str]
    """One sentence on how to use it, shown in the status bar."""
    draws: ClassVar[str]
    """``"surface"`` or ``"mask"``."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Modules too slow to import at start or during a press; loaded when the tool is taken."""

    def modules(self, options: ToolOptions) -> tuple[str, ...]:
        """Return what is to be loaded when the tool is taken; see `needs`."""
        return self.needs

    @abstractmethod
    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Begin a stroke, or add a click to the one in hand."""

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Go on with the button held down."""
        return Step()

    def hover(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Follow the pointer between the clicks of a stroke that takes several."""
        return Step()

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Let the button go. Tools of one drag end here."""
        return Step(done=True)

    def finish(self, draft: BScanDraft, options: ToolOptions) -> Step:
        """End a stroke of several clicks (double click, Enter)."""
        return Step(done=True)

    def cancel(self) -> None:
        """Forget the stroke in hand; the runner resets the draft."""

    def guides(self) -> tuple[Guide, ...]:
        """Return what to show over the image for the stroke in hand."""
        return ()
