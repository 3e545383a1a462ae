"""What correcting costs: interactions counted, and seconds by a model of a trained person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Act(StrEnum):
    """An interaction: one deliberate act of the hand. Looking, and taking a tool, are none."""

    STROKE = "stroke"
    """A drag of the pen, brush or lasso."""
    CLICK = "click"
    """Of Pull, Snap or Fill; each click counts."""
    OFFER = "offer"
    """O, I or K: something is asked to be offered."""
    ANSWER = "answer"
    """A or R, after looking at what is offered."""
    TIDY = "tidy"
    """Shift+F or Shift+X."""
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a trained person needs who makes no mistake.

    Operators of the keystroke-level model (Card, Moran & Newell, "The keystroke-level model for
    user performance time with interactive systems", CACM 23(7), 1980): a key 0.2 s, pointing 1.1
    s, making up one's mind 1.35 s, a button pressed or released 0.1 s. Drawing within a tolerance
    takes as long as the path is long in units of its width (Accot & Zhai, "Beyond Fitts' law:
    models for trajectory-based HCI tasks", CHI 1997); that law knows no size on screen.

    Assumed here, not measured: 0.1 s for each such unit; two decisions to judge a B-scan; 3 s until
    an offer is worked out.
    """

    key: float = 0.2
    point: float = 1.1
    decide: float = 1.35
    button: float = 0.1
    steer: float = 0.1
    wait: float = 3.0

    @property
    def look(self) -> float:
        """Going to a B-scan, judging it, and in the end approving it."""
        return 2 * self.key + 2 * self.decide

    @property
    def click(self) -> float:
        """A click at a place."""
        return self.decide + self.point + 2 * self.button

    @property
    def press(self) -> float:
        """A key that does something."""
        return self.decide + self.key

    def stroke(self, widths: float) -> float:
        """A drag along a path so many times as long as the tolerance is wide."""
        return self.click + self.steer * widths

    @property
    def worth_drawing_on(self) -> float:
        """Path, in widths, that is drawn in the time that it takes to begin a new stroke."""
        return self.click / self.steer


@dataclass
class Report:
    """What a simulated grader needed.

    Attributes
    ----------
    b_scans : int
    interactions : Counter of Act
    seconds : float
        By :class:`Seconds`, looks included.
    drawn_widths : float
        Length of all strokes, in widths of the tolerance.
    unmet : list of (int, str)
        B-scans and structures that do not meet the tolerance in the end.
    """

    b_scans: int
    interactions: Counter[Act] = field(default_factory=Counter)
    seconds: float = 0.0
    drawn_widths: float = 0.0
    unmet: list[tuple[int, str]] = field(default_factory=list)

    @property
    def per_b_scan(self) -> float:
        """Interactions per B-scan."""
        return self.interactions.total() / max(self.b_scans, 1)

    @property
    def seconds_per_b_scan(self) -> float:
        """Seconds per B-scan."""
        return self.seconds / max(self.b_scans, 1)


class Ledger:
    """Writes what the grader does into a report.

    Attributes
    ----------
    report : Report
    model : Seconds
    drawn : Counter of str
        Strokes and clicks on each structure.
    """

    def __init__(self, b_scans: int, seconds: Seconds) -> None:
        self.report = Report(b_scans)
        self.model = seconds
        self.drawn: Counter[str] = Counter()
        self._in_hand = "", "", 0

    @property
    def acts(self) -> int:
        """Interactions so far."""
        return self.report.interactions.total()

    def look(self, times: int = 1) -> None:
        """Look at so many B-scans."""
        self.report.seconds += times * self.model.look

    def take(self, tool: str, structure: str, value: int = 0) -> None:
        """Take a tool for a structure in hand; a key where it is another than before."""
        if (tool, structure, value) != self._in_hand:
            self._in_hand = tool, structure, value
            self.report.seconds += self.model.key

    def stroke(self, widths: float) -> None:
        """Draw with what is in hand."""
        self.report.drawn_widths += widths
        self._draw(Act.STROKE, self.model.stroke(widths))

    def click(self) -> None:
        """Click with what is in hand."""
        self._draw(Act.CLICK, self.model.click)

    def press(self, act: Act) -> None:
        """Press a key; what is asked to be offered is waited for."""
        self._count(act, self.model.press + (self.model.wait if act is Act.OFFER else 0.0))

    def _draw(self, act: Act, seconds: float) -> None:
        self.drawn[self._in_hand[1]] += 1
        self._count(act, seconds)

    def _count(self, act: Act, seconds: float) -> None:
        self.report.interactions[act] += 1
        self.report.seconds += seconds
