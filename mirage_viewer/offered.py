"""What can be offered: a proposal for some B-scans, or B-scans as they were before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import (
    PreparedAdoption,
    Proposal,
    Session,
    State,
    UnreadableEditError,
)
from mirage_core.annotate.pockets import Pocket, relabel_pocket
from mirage_core.annotate.revert import as_of, reverted
from mirage_core.annotate.whereabouts import fix_violations, violations
from mirage_viewer.background import Background


@dataclass(frozen=True, eq=False)
class OfferedBScan:
    """What is offered on one B-scan.

    Attributes
    ----------
    curves : float32 array ``[s, x]``
        Surfaces that would change, px from the top; NaN where they stay as they are.
    mask : uint8 array ``[z, x]`` or None
        Labels of the annotation's scheme, None where masks stay.
    """

    curves: NDArray[np.float32]
    mask: NDArray[np.uint8] | None

    @property
    def differs(self) -> bool:
        """Whether anything would change."""
        return self.mask is not None or bool(np.isfinite(self.curves).any())


class Offer(Protocol):
    """A change to look at before it is made."""

    @property
    def b_scans(self) -> tuple[int, ...]:
        """The B-scans that it changes, ascending."""
        ...

    def on(self, b: int) -> OfferedBScan | None:
        """Return what is offered on B-scan `b`, None if nothing is."""
        ...

    def take(self, background: Background, again: Taker) -> None:
        """Make the change, in the background where it takes long; then call ``again.taken``."""
        ...


class Taker(Protocol):
    """Is told how taking an offer ended."""

    def taken(self, offer: Offer) -> bool:
        """Return whether `offer` still stands and may be made now."""
        ...

    def finished(self) -> None:
        """The change was made."""
        ...

    def failed(self, error: Exception) -> None:
        """It was not."""
        ...


@dataclass(frozen=True, eq=False)
class ProposalOffer:
    """A proposal for a session."""

    session: Session
    proposal: Proposal

    @property
    def b_scans(self) -> tuple[int, ...]:
        """The B-scans that it changes, ascending."""
        return tuple(sorted(self.proposal.b_scans))

    def on(self, b: int) -> OfferedBScan | None:
        """Return what would change on B-scan `b`: nothing that a human drew."""
        proposal, annotation = self.proposal, self.session.annotation
        if b not in proposal.b_scans:
            return None
        n = proposal.b_scans.index(b)
        curves = np.full(annotation.surfaces.values[:, b].shape, np.nan, np.float32)
        for i, (name, curve) in enumerate(
            zip(proposal.surfaces.names, proposal.surfaces.values[:, n], strict=True)
        ):
            row = annotation.surfaces.index(name)
            if annotation.states[row, b] < State.EDITED and proposal.holds_surface(i)[n]:
                differs = curve != annotation.surfaces.values[row, b]
                curves[row] = np.where(differs, curve, np.float32(np.nan))
        mask = None
        held = proposal.holds_masks()[n] and annotation.states[-1, b] < State.EDITED
        if proposal.masks is not None and held:
            mask = proposal.masks.labels[n]
        return OfferedBScan(curves, mask)

    def take(self, background: Background, again: Taker) -> None:
        """Adopt the proposal as one edit; what a human drew meanwhile stays."""

        def done(prepared: PreparedAdoption) -> None:
            if again.taken(self):
                if self.session.adopt_prepared(prepared):
                    again.finished()
                else:
                    self.take(background, again)  # a stroke came between: it counts

        background.run(lambda: self.session.prepare(self.proposal), done, again.failed)


@dataclass(frozen=True, eq=False)
class MomentOffer:
    """A session's B-scans as they were after the first `n_done` edits in effect.

    Taking it brings back the B-scan that `shown` tells, and of it `structures`, None for all.
    """

    session: Session
    n_done: int
    shown: Callable[[], int]
    structures: Sequence[str] | None = None

    @property
    def b_scans(self) -> tuple[int, ...]:
        """The one that is brought back: the one that is shown."""
        return (self.shown(),)

    def on(self, b: int) -> OfferedBScan | None:
        """Return what was different on B-scan `b`; of masks, where there were other ones."""
        annotation, done = self.session.annotation, self.session.history.done
        if self.n_done > len(done):
            return None
        then = as_of(annotation, done, self.n_done, b)
        now = annotation.surfaces.values[:, b]
        chosen = [self._is_chosen(name) for name in annotation.structures]
        differs = (then.curves != now) & np.array(chosen[:-1])[:, None]
        curves = np.where(differs, then.curves, np.float32(np.nan))
        masks = chosen[-1] and bool((then.mask != annotation.masks.labels[b]).any())
        return OfferedBScan(curves, then.mask if masks else None)

    def take(self, background: Background, again: Taker) -> None:
        """Bring the B-scan back, as one new edit."""
        _take_at_once(
            self,
            again,
            lambda: reverted(self.session, self.n_done, (self.shown(),), self.structures),
        )

    def _is_chosen(self, name: str) -> bool:
        return self.structures is None or name in self.structures


@dataclass(frozen=True, eq=False)
class PocketOffer:
    """A pocket of one mask class with another label on all its B-scans; 0 deletes it."""

    session: Session
    pocket: Pocket
    value: int
    locked: frozenset[int] = frozenset()

    @property
    def b_scans(self) -> tuple[int, ...]:
        """The B-scans that it changes, ascending."""
        return tuple(self.pocket.b_scans)

    def on(self, b: int) -> OfferedBScan | None:
        """Return the masks of a B-scan of the pocket."""
        if b not in self.pocket.b_scans:
            return None
        labels = self.session.annotation.masks.labels[b].copy()
        box = labels[self.pocket.where[1:]]
        box[self.pocket.inside[b - self.pocket.b_scans.start]] = self.value
        return _masks(self.session, labels)

    def take(self, background: Background, again: Taker) -> None:
        """Relabel the pocket, as one edit."""
        _take_at_once(
            self,
            again,
            lambda: relabel_pocket(self.session, self.pocket, self.value, locked=self.locked),
        )


@dataclass(frozen=True, eq=False)
class PlacesOffer:
    """B-scans without the marks that lie where their class cannot be."""

    session: Session
    b_scans: tuple[int, ...]
    locked: frozenset[int] = frozenset()

    def on(self, b: int) -> OfferedBScan | None:
        """Return the masks of a B-scan with misplaced marks."""
        if b not in self.b_scans:
            return None
        labels = self.session.annotation.masks.labels[b].copy()
        bad = violations(self.session.annotation, b)
        labels[bad & ~np.isin(labels, list(self.locked))] = 0
        return _masks(self.session, labels)

    def take(self, background: Background, again: Taker) -> None:
        """Remove them, as one edit."""
        _take_at_once(self, again, lambda: fix_violations(self.session, self.b_scans, self.locked))


def _masks(session: Session, labels: NDArray[np.uint8]) -> OfferedBScan:
    n, _, width = session.annotation.surfaces.values.shape
    return OfferedBScan(np.full((n, width), np.nan, np.float32), labels)


def _take_at_once(offer: Offer, again: Taker, change: Callable[[], object]) -> None:
    if again.taken(offer):
        try:
            change()
        except (ValueError, UnreadableEditError) as error:
            again.failed(error)
        else:
            again.finished()
