"""What is done to masks other than by strokes: whole pockets, tidying, misplaced marks."""

from __future__ import annotations

from mirage_core.annotate.tidy import Tidying, tidy
from mirage_core.scan import SpacingUnknownError
from mirage_viewer.controller import Desk
from mirage_viewer.messages import Message

_TOPIC = "masks"


class MaskWork:
    """Carries out the mask actions of the registry on the scan that is shown.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def do(self, what: str) -> None:
        """Do what an action asks for.

        Parameters
        ----------
        what : str
            ``delete`` or ``relabel`` the pocket under the crosshair, ``misplaced``, or a
            :class:`Tidying` of the chosen class on the B-scan shown.
        """
        opened, runner = self._desk.open_scan, self._desk.runner
        if opened is None or runner is None:
            return
        self._desk.hush(_TOPIC)
        value = runner.options.mask_class
        if what == "misplaced":
            self._desk.misplaced.forget()
            self._desk.offers.misplaced(opened)
        elif what in ("delete", "relabel"):
            z, x = (round(at) for at in self._desk.crosshair)
            place = self._desk.b, z, x
            self._desk.offers.pocket(opened, place, value if what == "relabel" else 0)
        else:
            self._tidy(Tidying(what), value)

    def _tidy(self, action: Tidying, value: int) -> None:
        runner, session = self._desk.runner, self._desk.session
        assert runner is not None
        assert session is not None
        runner.finish()
        try:
            edit = tidy(session, (self._desk.b,), value, action, runner.options.locked)
        except SpacingUnknownError:
            self._desk.say(
                Message("How large specks are needs the spacing.", "Set it first.", topic=_TOPIC)
            )
            return
        if edit is None:
            name = session.annotation.masks.scheme.by_value(value).name
            why = "It is locked." if value in runner.options.locked else ""
            self._desk.say(Message(f"{name} stays as it is on this B-scan.", why, topic=_TOPIC))
