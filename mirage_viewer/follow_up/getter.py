"""Getter: has visits and registrations as they were asked for; for a background thread. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mirage_viewer.follow_up.keeping import RegistrationKeeper
from mirage_viewer.follow_up.visits import VisitLine, load
from mirage_viewer.measuring.seen import sought_by
from mirage_viewer.opening import OpenScan

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.followup import Visit
    from mirage_core.measure.fovea import Fovea
    from mirage_core.measure.registration import Registration
    from mirage_core.project import Project

    FoveaOf = Callable[[Project, str], Fovea | None]


class Getter:
    """What is needed to compare visits of the open scan's eye.

    Parameters
    ----------
    opened : OpenScan
        In a project.
    viewer : str
        Who looks.
    put : Fovea or None
        Where a person put the fovea of the open scan; None: the project knows.
    engines : sequence of EngineInfo
        Those there are, for what they look for.
    keeper : RegistrationKeeper
    loaded : dict of str to Visit
        Those loaded before, by scan id; those loaded now are added.
    known : mapping
        Registrations by the ids of both scans; None where a person wants it found again.
    fovea_of : callable
        Returns where a person put the fovea of a scan of a project, written there yet or not.
    """

    def __init__(
        self,
        opened: OpenScan,
        viewer: str,
        put: Fovea | None,
        engines: Sequence[EngineInfo],
        keeper: RegistrationKeeper,
        loaded: dict[str, Visit],
        known: Mapping[tuple[str, str], Registration | None],
        fovea_of: FoveaOf,
    ) -> None:
        assert opened.project is not None
        assert opened.record is not None
        self._opened, self._viewer, self._put, self._keeper = opened, viewer, put, keeper
        self._engines = tuple(engines)
        self._project, self._id = opened.project, opened.record.id
        self._loaded, self._known, self._fovea_of = loaded, known, fovea_of

    def visit(self, line: VisitLine) -> Visit:
        """Return a visit; the open scan's as the work on it is now.

        Raises
        ------
        ProjectError, ReadError
        """
        if line.id == self._id:
            from mirage_core.measure.followup import Visit

            annotation, done = self._opened.session.moment()
            scan = self._opened.scan
            fovea = self._put or self._fovea_of(self._project, self._id)
            return Visit(scan, annotation, fovea, sought_by(done, scan.n_b_scans, self._engines))
        if line.id not in self._loaded:
            self._loaded[line.id] = load(
                self._project, line, self._viewer, self._engines, self._fovea_of
            )
        return self._loaded[line.id]

    def registration(self, first_id: str, later_id: str) -> Registration | None:
        """Return how two visits lie on each other, None where it is to be found.

        Raises
        ------
        ProjectError
        """
        key = first_id, later_id
        if key in self._known:
            return self._known[key]
        return self._keeper.stored(self._project, first_id, later_id)
