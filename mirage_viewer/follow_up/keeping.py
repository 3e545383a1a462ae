"""Keeping: how people brought visits together, written into their projects in order. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_viewer.background import Background
from mirage_viewer.measuring.keeping import Teller
from mirage_viewer.pending import PendingWrites, not_saved

if TYPE_CHECKING:
    from mirage_core.measure.registration import Registration
    from mirage_core.project import Project

TOPIC = "registration"


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """How two scans are to be brought together; None: it is to be found."""

    project: Project
    first_id: str
    second_id: str
    registration: Registration | None
    author: str

    def write(self) -> None:
        self.project.registrations.set(
            self.first_id, self.second_id, self.registration, self.author
        )


class RegistrationKeeper:
    """Writes registrations in the background; of two scans only the last is written."""

    def __init__(self, teller: Teller, background: Background) -> None:
        self._teller, self._background = teller, background
        self._waiting: PendingWrites[_Wish] = PendingWrites()

    def stored(self, project: Project, first_id: str, second_id: str) -> Registration | None:
        """Return how two visits were brought together by a person, from any thread.

        Raises
        ------
        ProjectError
        """
        waiting = self._waiting.get((project, first_id, second_id))
        if waiting is not None:
            return waiting.registration
        return project.registrations.get(first_id, second_id)

    def keep(
        self,
        project: Project,
        pair: tuple[str, str],
        registration: Registration | None,
        author: str,
    ) -> None:
        """Keep `registration` for two scans, None to have it found again."""
        self._waiting.put((project, *pair), _Wish(project, *pair, registration, author))
        self.retry()

    def retry(self) -> None:
        """Write what waits."""

        def done(_nothing: None) -> None:
            if not self._waiting:
                self._teller.hush(TOPIC)

        self._background.run(self._waiting.write_or_raise, done, self._failed)

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is."""
        why, _refused = self._waiting.finish()
        return why

    def _failed(self, error: Exception) -> None:
        what = "How the visits were brought together was"
        self._teller.say(not_saved(error, TOPIC, what, self.retry))
