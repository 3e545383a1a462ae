"""What a model imagines of one image from another: pictures to look at, kept apart from the work.

They live here and nowhere else: no annotation, export or measurement ever sees them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.engine_run import EngineRun, remarks_message
from mirage_viewer.messages import Level, Message
from mirage_viewer.opening import OpenScan
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.engines.base import Reconstruction

_MOST = 48
"""Pictures kept of one scan; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to imagine: `domain` from `given`, `title` for people."""

    domain: str
    given: str
    title: str


WISHES: dict[str, Wish] = {
    "layers": Wish("bscanlayermap", "bscan", "layer map"),
    "b_scan": Wish("bscan", "slo", "B-scan"),
    "slo": Wish("slo", "bscan", "SLO image"),
}


class Place(StrEnum):
    """What an imagined picture lies on."""

    B_SCAN = "b_scan"
    SLO = "slo"


@dataclass(frozen=True, eq=False, slots=True)
class Imagined:
    """One imagined picture.

    Attributes
    ----------
    wish : Wish
    image : uint8 array ``[row, col]``
        Grey, or class numbers of a layer map, on the grid of what it lies on.
    inside : bool array ``[row, col]`` or None
        Where there is something of it; None: everywhere.
    model : str
        Title of the model.
    """

    wish: Wish
    image: NDArray[np.uint8]
    inside: NDArray[np.bool_] | None
    model: str

    @property
    def place(self) -> Place:
        """What it lies on."""
        return Place.SLO if self.wish.domain == "slo" else Place.B_SCAN

    @property
    def is_map(self) -> bool:
        """Whether its values are class numbers."""
        return self.wish.domain == "bscanlayermap"


class Imagining(EngineRun):
    """Runs a model on one B-scan and keeps its pictures, per B-scan, of the scan shown.

    Signals
    -------
    arrived(int)
        There is a new picture for this B-scan.
    """

    arrived: ClassVar[Signal] = Signal(int)

    noun = "Imagining"
    topic = "imagine"

    def __init__(self, background: Background, workers: Workers) -> None:
        super().__init__(background, workers)
        self.wish: Wish | None = None
        self._b = 0
        self._kept: OrderedDict[tuple[int, Place], Imagined] = OrderedDict()

    def start(self, target: OpenScan, engine: str, wish: Wish, b: int, how: dict[str, str]) -> None:
        """Imagine `wish` for B-scan `b` of `target`; ignored while something is imagined."""
        if not self.running:
            self.wish, self._b = wish, b
            self._begin(
                target,
                "reconstruct_scan",
                engine,
                how,
                domain=wish.domain,
                b_scans=(b,),
                given=(wish.given,),
            )

    def forget(self) -> None:
        """Another scan is shown: what is being imagined and what there is has no object."""
        self.cancel()
        self._kept.clear()
        self.changed.emit()

    def remove(self, b: int) -> None:
        """Take away what was imagined for B-scan `b`."""
        for place in Place:
            self._kept.pop((b, place), None)
        self.changed.emit()

    def of(self, b: int, place: Place) -> Imagined | None:
        """Return what was imagined for B-scan `b` to lie on `place`."""
        return self._kept.get((b, place))

    def _take(self, result: Reconstruction) -> None:
        assert self.target is not None
        assert self.wish is not None
        inside = result.inside[0] if result.inside is not None else None
        picture = Imagined(self.wish, result.images[0], inside, result.engine.title)
        if picture.image.shape != _grid(self.target, picture.place):
            what = "What the model imagined does not fit this scan."
            self._finish(Message(what, "Nothing is shown of it.", Level.ERROR, "imagine"))
            return
        self._kept[self._b, picture.place] = picture
        self._kept.move_to_end((self._b, picture.place))
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        remarks = (*_geometry_remarks(self.target, self.wish), *result.run.remarks)
        self._finish(remarks_message(remarks, "imagine"))
        self.arrived.emit(self._b)


def _grid(target: OpenScan, place: Place) -> tuple[int, ...] | None:
    scan = target.scan
    if place is Place.B_SCAN:
        return scan.shape[1:]
    return scan.slo.shape if scan.slo is not None else None


def _geometry_remarks(target: OpenScan, wish: Wish) -> tuple[str, ...]:
    geometry = target.scan.geometry
    if "slo" not in (wish.domain, wish.given):
        return ()
    if geometry.positions and not geometry.positions_assumed:
        return ()
    return (
        "Where this B-scan lies on the SLO image is not known: the square about its centre was "
        "used.",
    )
