"""Does an action of the workbench as soon as its scan is open, or says why it cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_mirage.notify import notify

if TYPE_CHECKING:
    from napari_mirage.bench.bench import Bench

PATIENCE_MS = 5000
"""How long what is needed may take to turn up once no scan is being opened any more."""


def do_when_possible(bench: Bench, key: str) -> None:
    """Do the action called `key` of `bench`: now, or when the scan being opened is open."""
    before = bench.findChild(_Wish)
    if before is not None:
        before.drop()
    _Wish(bench, key).look()


class _Wish(QObject):
    """One action that is wanted. A later wish takes its place."""

    def __init__(self, bench: Bench, key: str) -> None:
        super().__init__(bench)
        self._bench, self._key = bench, key
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
        bench.closing.connect(self.drop)

    def look(self) -> None:
        """Do the action if it can be done now."""
        if self._bench.desk.opener.busy:
            self._patience.stop()
        elif self._bench.qt_actions[self._key].isEnabled():
            self.drop()
            self._bench.qt_actions.trigger(self._key)
        elif self._settled:
            self._give_up()
        elif not self._patience.isActive():
            self._patience.start()

    def drop(self) -> None:
        """Want it no more."""
        self._patience.stop()
        self._soon.stop()
        self._bench.desk.conditions_changed.disconnect(self._look_soon)
        self.setParent(None)
        self.deleteLater()

    @property
    def _settled(self) -> bool:
        desk = self._bench.desk
        return desk.editable and desk.models.engines.settled

    def _look_soon(self) -> None:
        self._soon.start()

    def _give_up(self) -> None:
        action = self._bench.qt_actions[self._key]
        self.drop()
        notify(f"“{action.text().rstrip('…')}” cannot be done now. {action.toolTip()}")
