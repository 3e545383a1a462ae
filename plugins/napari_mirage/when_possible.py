"""Does an action of the workbench as soon as its scan is open, or says why it cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_mirage.notify import notify

if TYPE_CHECKING:
    from mirage_viewer.opening import OpenScan
    from napari_mirage.bench.bench import Bench

PATIENCE_MS = 5000
"""How long what is needed may take to turn up once no scan is being opened any more."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted.

    Attributes
    ----------
    key : str
        Of the action.
    meant : callable
        Returns whether a scan is the one that it is wanted on.
    b : int or None
        The B-scan to go to first, if the scan is not open yet.
    patient : bool
        Wait for what else is needed, such as models; else it is decided as soon as the scan
        can be edited.
    only_open : bool
        Open the scan, and say that the action was not done.
    """

    key: str
    meant: Callable[[OpenScan], bool]
    b: int | None = None
    patient: bool = True
    only_open: bool = False


def do_when_possible(bench: Bench, wanted: Wanted) -> None:
    """Do what is `wanted` on `bench`: now, or when the scan meant is open."""
    before = bench.findChild(_Wish)
    if before is not None:
        before.drop()
    _Wish(bench, wanted).look()


class _Wish(QObject):
    """One action that is wanted on one scan. A later wish takes its place."""

    def __init__(self, bench: Bench, wanted: Wanted) -> None:
        super().__init__(bench)
        self._bench, self._wanted = bench, wanted
        self._b = wanted.b
        self._before = bench.desk.open_scan
        self._arrived = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        # Late, so that the actions know of what changed.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.look)
        bench.desk.conditions_changed.connect(self._look_soon)
        bench.desk.b_changed.connect(self._moved)
        bench.closing.connect(self.drop)

    def look(self) -> None:
        """Do the action if it can be done now."""
        desk, opened = self._bench.desk, self._bench.desk.open_scan
        if opened is not None and self._wanted.meant(opened):
            self._arrived = True
            if self._b is not None:
                desk.show_b_scan(self._b)
        elif self._arrived or opened not in (None, self._before):
            self.drop()  # another scan came: nothing was wanted on it
            return
        if desk.opener.busy:
            self._patience.stop()
        elif self._arrived and self._wanted.only_open:
            self._say_open()
        elif self._arrived and self._bench.qt_actions[self._wanted.key].isEnabled():
            self.drop()
            self._bench.qt_actions.trigger(self._wanted.key)
        elif self._arrived and (self._settled or not self._wanted.patient):
            self._give_up()
        elif not self._patience.isActive():
            self._patience.start()

    def drop(self) -> None:
        """Want it no more."""
        self._patience.stop()
        self._soon.stop()
        self._bench.desk.conditions_changed.disconnect(self._look_soon)
        self._bench.desk.b_changed.disconnect(self._moved)
        self.setParent(None)
        self.deleteLater()

    @property
    def _settled(self) -> bool:
        desk = self._bench.desk
        return desk.editable and desk.models.engines.settled

    @property
    def _name(self) -> str:
        return self._bench.qt_actions[self._wanted.key].text().rstrip("…")

    def _look_soon(self) -> None:
        self._soon.start()

    def _moved(self, b: int) -> None:
        # Whoever steps on while the scan is being opened is not taken back.
        if self._arrived and self._b is not None:
            self._b = b

    def _say_open(self) -> None:
        self.drop()
        notify(
            f"The scan was not open yet: now it is, and nothing was changed. Choose “{self._name}” "
            "again if it is meant."
        )

    def _give_up(self) -> None:
        action = self._bench.qt_actions[self._wanted.key]
        self.drop()
        notify(f"“{self._name}” cannot be done now. {action.toolTip()}")
