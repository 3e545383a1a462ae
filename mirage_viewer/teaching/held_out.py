"""HeldOut: B-scans that were held back, before and after teaching, laid over the grader's work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from psygnal import Signal

from mirage_core.annotate import Annotation
from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS
from mirage_viewer.background import Background
from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan
from mirage_viewer.two_answers import TwoAnswers, answer_of, apart

if TYPE_CHECKING:
    from mirage_core.training.finetune.comparison import ComparedBScan
    from mirage_viewer.opener import Opener

TOPIC = "held out"
# A run keeps curves in these rows, and masks by the numbers of FLUID_SCHEME.
_NAMES = tuple(kind.name for kind in SURFACE_KINDS)


class Place(Protocol):
    """Where scans are shown: the desk."""

    b: int
    opener: Opener

    @property
    def open_scan(self) -> OpenScan | None:
        """What is shown."""
        ...

    def show_b_scan(self, b: int) -> None:
        """Go to a B-scan."""
        ...

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...


class HeldOut:
    """The held-out B-scans of the last run, and the one that is looked at.

    Signals
    -------
    listed()
        They were read.
    changed()
        Another one is looked at, or none.

    Attributes
    ----------
    b_scans : tuple of ComparedBScan
        The worst after teaching first.
    at : int
        Number in `b_scans` of the one looked at, -1 for none.
    """

    listed: ClassVar[Signal] = Signal()
    changed: ClassVar[Signal] = Signal()

    def __init__(self, place: Place, background: Background) -> None:
        self._place = place
        self._background = background
        self._arrived = False
        self.b_scans: tuple[ComparedBScan, ...] = ()
        self.at = -1

    def read(self, folder: Path) -> None:
        """Read those of the run in `folder`."""

        def work() -> tuple[ComparedBScan, ...]:
            from mirage_core.training.finetune.comparison import read_comparison

            return read_comparison(folder)

        def done(found: tuple[ComparedBScan, ...]) -> None:
            self.b_scans = found
            self.listed.emit()

        self._background.run(work, done)

    def forget(self) -> None:
        """Another run begins."""
        self.leave()
        self.b_scans = ()
        self.listed.emit()

    def look_at(self, number: int) -> None:
        """Open the scan of one of them at its B-scan, with what was found before and after."""
        wanted = self.b_scans[number]
        self.at, self._arrived = number, False
        if self._is_shown(wanted):
            self.went()
        else:
            self._place.opener.open_record(wanted.scan)

    def leave(self) -> None:
        """Take the curves away."""
        if self.at >= 0:
            self.at = -1
            self.changed.emit()

    def went(self) -> None:
        """Follow the desk: another scan or B-scan is shown."""
        if self.at < 0:
            return
        wanted = self.b_scans[self.at]
        if not self._is_shown(wanted):
            if self._arrived:
                self.leave()
            return
        if self._arrived and self._place.b != wanted.b_scan:
            self.leave()
            return
        self._arrived = True
        self._place.show_b_scan(wanted.b_scan)
        self.changed.emit()

    def on(self, b: int) -> TwoAnswers | None:
        """Return what to lay over B-scan `b` of the scan shown; None: nothing."""
        if self.at < 0 or not self._arrived:
            return None
        wanted, opened = self.b_scans[self.at], self._place.open_scan
        if b != wanted.b_scan or opened is None or not self._is_shown(wanted):
            return None
        return before_after(wanted, opened.session.annotation)

    def _is_shown(self, wanted: ComparedBScan) -> bool:
        opened = self._place.open_scan
        return opened is not None and opened.record is not None and opened.record.id == wanted.scan


def before_after(compared: ComparedBScan, shown: Annotation) -> TwoAnswers | None:
    """Return a held-out B-scan as it lies over `shown`; None if it is of another size.

    Before is the one, after the other.
    """
    before, after = compared.curves_before, compared.curves_after
    size = shown.masks.labels.shape[1:]
    if compared.masks_after.shape != size or after.shape[1] != size[1]:
        return None
    now = answer_of(shown, compared.b_scan, _NAMES, FLUID_SCHEME)
    differ = np.zeros(size, bool)
    if compared.masks_after.any() or compared.masks_before.any():
        differ = compared.masks_after != now.labels
    return TwoAnswers(
        before,
        after,
        np.zeros(after.shape, bool),
        apart(before, now.curves),
        apart(after, now.curves),
        differ,
    )
