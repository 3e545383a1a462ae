"""Offers: changes worked out for a grader to look at, then to accept or to reject as one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from psygnal import Signal

from mirage_core.annotate import MASKS, Proposal, Session, UnreadableEditError
from mirage_viewer.b_scan_words import short_list
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.offered import (
    MomentOffer,
    Offer,
    OfferedBScan,
    PlacesOffer,
    PocketOffer,
    ProposalOffer,
)
from mirage_viewer.opening import OpenScan

OFFER = "offer"
"""Topic of what is offered."""
NOTES = "offer note"
"""Topic of what is told instead of an offer."""
_HOW = "The dashed white lines are what is offered: A accepts, R rejects."

Worked = tuple[Offer | None, str, str]
"""An offer (None: something to tell only), what it is, and what to do."""


class Offers:
    """One offer at a time for the scan that is shown.

    Signals
    -------
    changed()
        Something is offered, or no more, or is being worked out.
    said(Message), hushed(str)
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)
    hushed: ClassVar[Signal] = Signal(str)

    def __init__(self, background: Background) -> None:
        self._background = background
        self._turn = 0
        self._offer: Offer | None = None
        self.working = False

    @property
    def standing(self) -> bool:
        """True while something is offered."""
        return self._offer is not None

    @property
    def b_scans(self) -> tuple[int, ...]:
        """The B-scans that what is offered would change, ascending."""
        return self._offer.b_scans if self._offer is not None else ()

    def propagate(self, target: OpenScan, structure: str | None = None) -> None:
        """Work out what the corrections made so far mean for the other B-scans.

        Those of `structure` alone, a surface or the masks; None: of all.
        """
        session = target.session
        target.runner.finish()
        locked = target.runner.options.locked

        def work(cancelled: Callable[[], bool]) -> Worked | None:
            from mirage_core.engines.propagate import corrections, propagated
            from mirage_core.engines.propagate_masks import mask_corrections

            annotation, done = session.annotation, tuple(session.history.done)
            found = corrections(annotation, done) if structure != MASKS else ()
            proposal = propagated(
                session.scan,
                annotation,
                [c for c in found if structure in (None, c.surface)],
                range(session.scan.n_b_scans),
                cancelled,
                mask_corrections(annotation, done) if structure in (None, MASKS) else (),
                locked,
            )
            return _of_proposal(session, proposal) if proposal is not None else None

        self._begin(work, "There is no correction that would change another B-scan.")

    def interpolate(self, target: OpenScan, b: int, structure: str | None = None) -> None:
        """Work out what the finished B-scans around B-scan `b` suggest for those between.

        Of `structure` alone, a surface or the masks; None: of all that were corrected on both.
        """
        from mirage_core.annotate.between import (
            corrected_on_both,
            finished_around,
            interpolated,
        )

        session = target.session
        target.runner.finish()
        ends = finished_around(session.annotation, b)
        if ends is None:
            self._say(
                "There is nothing to interpolate between.",
                "Correct or approve a B-scan on either side of this one first.",
            )
            return

        def work(_cancelled: Callable[[], bool]) -> Worked:
            corrected = corrected_on_both(session.annotation, *ends)
            wanted = corrected if structure is None else (structure,)
            proposal = interpolated(session.scan, session.annotation, *ends, wanted)
            return _of_proposal(session, proposal)

        self._begin(work, "")

    def pocket(self, target: OpenScan, place: tuple[int, int, int], value: int) -> None:
        """Offer to give the pocket at ``(b, z, x)`` the label `value` as a whole; 0 deletes it."""
        session, locked = target.session, target.runner.options.locked
        target.runner.finish()

        def work(_cancelled: Callable[[], bool]) -> Worked | None:
            from mirage_core.annotate.pockets import pocket_at, volume_nl

            found = pocket_at(session.annotation.masks.labels, *place)
            if found is None:
                return None
            scheme = session.annotation.masks.scheme
            name, nl = scheme.name_of(found.value), volume_nl(found, session.scan.spacing)
            size = f"{nl:.2f} nL" if nl is not None else f"{found.voxels} voxels (spacing unknown)"
            title = f"{name} pocket: {size} on {short_list(found.b_scans)}."
            held = [v for v in (found.value, value) if v in locked]
            if held:
                return None, title, f"{scheme.name_of(held[0])} is locked."
            what = f"makes it {scheme.name_of(value)}" if value else "deletes it"
            return PocketOffer(session, found, value, locked), title, f"A {what}, R leaves it."

        self._begin(work, "There is no pocket under the crosshair.")

    def misplaced(self, target: OpenScan) -> None:
        """Offer to remove the marks that lie where their class cannot be among the layers."""
        session, locked = target.session, target.runner.options.locked
        target.runner.finish()

        def work(_cancelled: Callable[[], bool]) -> Worked | None:
            from mirage_core.annotate.whereabouts import b_scans_with_violations

            found = b_scans_with_violations(session.annotation)
            if not found:
                return None
            title = f"Masks lie outside of their layers on {short_list(found)}."
            hint = "A removes what lies outside; or correct the layers and R."
            return PlacesOffer(session, found, locked), title, hint

        self._begin(work, "All masks lie where their class can be.")

    def look_back(
        self,
        target: OpenScan,
        n_done: int,
        shown: Callable[[], int],
        structures: Sequence[str] | None,
    ) -> None:
        """Show the scan as it was after `n_done` edits, and offer to bring a B-scan back.

        That is the B-scan which `shown` tells when the offer is accepted; of it `structures`, None
        for all.
        """
        self.forget()
        target.runner.finish()
        self._offer = MomentOffer(target.session, n_done, shown, structures)
        self.follow()
        self.changed.emit()

    def follow(self) -> None:
        """Another B-scan is shown: say of that one what can be brought back."""
        offer = self._offer
        if not isinstance(offer, MomentOffer):
            return
        b, done = offer.shown(), offer.session.history.done
        found = self.on(b)
        if self._offer is None:
            return  # it could not be read, and that is told
        time = done[offer.n_done - 1].time if 0 < offer.n_done <= len(done) else None
        when = f"{time.astimezone():%H:%M}" if time is not None else "the beginning"
        what = short_list((b,))
        if offer.structures is not None:
            what = f"{', '.join(offer.structures)} of {what}"
        differs = found is not None and found.differs
        if differs:
            hint = f"Dashed white where it differs: A brings {what} back, R goes on as it is."
        else:
            hint = f"Nothing of {what} has changed since."
        self._say_offer(
            f"{short_list((b,))} as it was at {when}.",
            hint,
            "Bring back" if differs else "",
            "Keep as it is" if differs else "Back to now",
        )

    def on(self, b: int) -> OfferedBScan | None:
        """Return what is offered on B-scan `b`, None if nothing is."""
        try:
            return self._offer.on(b) if self._offer is not None else None
        except UnreadableEditError as error:
            self.failed(error)
            return None

    def accept(self) -> None:
        """Make the change that is offered, as one step."""
        if self._offer is not None:
            self._offer.take(self._background, self)

    def reject(self) -> None:
        """Drop the offer, or stop working it out; the annotation is as it was."""
        if self.standing or self.working:
            self.forget()

    def forget(self) -> None:
        """Nothing is offered any more."""
        self._turn += 1
        self._offer, self.working = None, False
        self.hushed.emit(OFFER)
        self.hushed.emit(NOTES)
        self.changed.emit()

    def taken(self, offer: Offer) -> bool:
        """Return whether `offer` still stands."""
        return self._offer is offer

    def finished(self) -> None:
        """The change was made."""
        self.forget()

    def failed(self, error: Exception) -> None:
        """What was to be offered cannot be; say why."""
        self.forget()
        if isinstance(error, ValueError):
            text = str(error)
            self._say(f"{text[:1].upper()}{text[1:]}.")
            return
        message = from_error(error, OFFER)
        if message is None:
            raise error
        self.said.emit(Message(message.text, message.hint, Level.WARNING, NOTES))

    def _begin(self, work: Callable[[Callable[[], bool]], Worked | None], if_none: str) -> None:
        self.forget()
        self.working, turn = True, self._turn
        self._say_offer("Working out what to offer…", "", "", "Cancel")
        self.changed.emit()

        def done(worked: Worked | None) -> None:
            if turn != self._turn:
                return
            self.working = False
            if worked is None:
                self.forget()
                self._say(if_none)
                return
            self._offer, text, hint = worked
            if self._offer is None:
                self.hushed.emit(OFFER)
                self._say(text, hint)
            else:
                self._say_offer(text, hint, "Accept", "Reject")
            self.changed.emit()

        def failed(error: Exception) -> None:
            if turn == self._turn:
                self.failed(error)

        self._background.run(lambda: work(lambda: turn != self._turn), done, failed)

    def _say(self, text: str, hint: str = "") -> None:
        self.said.emit(Message(text, hint, topic=NOTES))

    def _say_offer(self, text: str, hint: str, yes: str, no: str) -> None:
        """Tell what is offered: as long as that is told it stands, and no longer."""
        self.said.emit(
            Message(
                text,
                hint,
                topic=OFFER,
                action=yes,
                do=self.accept,
                other=no,
                do_other=self.reject,
                closed=self.reject,
            )
        )


def _of_proposal(session: Session, proposal: Proposal) -> Worked:
    text = f"{proposal.title}: {short_list(proposal.b_scans)}."
    return ProposalOffer(session, proposal), text, " ".join((_HOW, *proposal.remarks))
