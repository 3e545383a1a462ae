"""Pictures: the thumbnails of the worklist, read when they are first seen and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QImage

from mirage_viewer.background import Background
from mirage_viewer.messages import from_error

if TYPE_CHECKING:
    from mirage_core.project.records import ScanRecord

_AT_ONCE = 6
_WAITING = 64
"""Of what was scrolled past, only the latest is read; more rows are never seen at once."""


class Pictures(QObject):
    """Reads thumbnails in the background, what was asked for last first.

    Parameters
    ----------
    background : Background
    load : callable
        Returns the PNG of a scan, or None; called in another thread.

    Signals
    -------
    arrived(str)
        The picture of the scan of this id can be had now.
    """

    arrived = Signal(str)

    def __init__(self, background: Background, load: Callable[[ScanRecord], bytes | None]) -> None:
        super().__init__()
        self._background = background
        self._load = load
        self._kept: dict[str, QImage | None] = {}
        self._wanted: dict[str, ScanRecord] = {}
        self._in_hand: frozenset[str] = frozenset()

    def of(self, scan: ScanRecord) -> QImage | None:
        """Return the picture of a scan; None where it has none, or until it arrives."""
        if scan.id in self._kept:
            return self._kept[scan.id]
        if scan.imported and scan.id not in self._in_hand:
            self._wanted.pop(scan.id, None)
            self._wanted[scan.id] = scan
            while len(self._wanted) > _WAITING:
                del self._wanted[next(iter(self._wanted))]
            self._read()
        return None

    def _read(self) -> None:
        if self._in_hand or not self._wanted:
            return
        batch = [self._wanted.popitem()[1] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        self._in_hand = frozenset(scan.id for scan in batch)
        self._background.run(
            lambda: {scan.id: self._image(scan) for scan in batch}, self._done, self._failed
        )

    def _image(self, scan: ScanRecord) -> QImage | None:
        try:
            png = self._load(scan)
        except Exception as error:
            if from_error(error) is None:
                raise
            return None  # opening the scan says what is wrong with it
        image = QImage.fromData(png) if png is not None else QImage()
        return None if image.isNull() else image

    def _done(self, read: dict[str, QImage | None]) -> None:
        self._kept |= read
        self._in_hand = frozenset()
        for scan_id, image in read.items():
            if image is not None:
                self.arrived.emit(scan_id)
        self._read()

    def _failed(self, error: Exception) -> None:
        self._done(dict.fromkeys(self._in_hand))
        raise error
