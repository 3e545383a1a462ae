"""Session: one scan, one annotator, one annotation, one history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from psygnal import Signal

from mirage_core.annotate.annotation import MASKS, Annotation, State, Target
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.edit import Edit, Patch, encode_edit
from mirage_core.annotate.history import (
    Event,
    EventKind,
    History,
    Journal,
    JournalError,
    MemoryJournal,
)
from mirage_core.annotate.load_ahead import LoadAhead
from mirage_core.annotate.patches import Patches
from mirage_core.annotate.proposal import Proposal, proposal_patches
from mirage_core.annotate.shelf import HISTORY_BYTES, Shelf
from mirage_core.annotate.stroke import stroke_patches
from mirage_core.scan import Scan


@dataclass(frozen=True, slots=True)
class Change:
    """What listeners are told: which B-scans and arrays changed, and why."""

    kind: EventKind
    edit: Edit
    b_scans: tuple[int, ...]
    targets: frozenset[Target]


@dataclass(frozen=True, eq=False)
class PreparedAdoption:
    """An adoption worked out ahead: its edit (None: nothing to change) and the edit's bytes.

    It holds as long as the session's annotation is at `revision`.
    """

    edit: Edit | None
    encoded: bytes
    revision: int


class Session:
    """The only way to change an annotation.

    Every change is an :class:`Edit`; it is recorded in the journal before the call returns.
    When the journal fails (disk full), the edit stays in effect and in memory, waits in order
    with those that follow, and is written as soon as a write succeeds again; nothing is
    dropped. ``save_problem`` tells listeners.

    What durable edits changed stays in memory while there is room for it (see
    :class:`~mirage_core.annotate.shelf.Shelf`), and is else read from the journal: undo, redo
    and whatever else looks at old edits may raise UnreadableEditError, having changed nothing.

    Parameters
    ----------
    scan : Scan
    annotation : Annotation, optional
        Before the first of `events`, with `history` in effect; by default what the device drew.
    author : str
    journal : Journal, optional
        By default one that keeps nothing beyond the process.
    events : iterable of Event
        What happened so far, after `history`.
    history : History, optional
        By default nothing was done before.
    history_bytes : int
        Memory that the patches of durable edits may take, in bytes.

    Signals
    -------
    changed(Change)
        After the annotation changed.
    save_problem_changed(str)
        A sentence while edits wait to be written, ``""`` when all are.
    """

    changed: ClassVar[Signal] = Signal(Change)
    save_problem_changed: ClassVar[Signal] = Signal(str)

    def __init__(
        self,
        scan: Scan,
        annotation: Annotation | None = None,
        author: str = "",
        journal: Journal | None = None,
        events: Iterable[Event] = (),
        history: History | None = None,
        history_bytes: int = HISTORY_BYTES,
    ) -> None:
        self.scan = scan
        self.annotation = annotation if annotation is not None else Annotation.for_scan(scan)
        self.author = author
        self.history = history if history is not None else History()
        self._journal: Journal = journal if journal is not None else MemoryJournal()
        self._shelf = Shelf(history_bytes)
        self._ahead = LoadAhead(history_bytes)
        self._waiting: list[Event] = []
        self._problem = ""
        self._revision = self._begun = 0
        for edit in (*self.history.done, *self.history.undone):
            self._own(edit)
        for event in events:
            done = self._follow(event)
            if done is not None:
                self._own(done)

    @property
    def save_problem(self) -> str:
        """Why edits wait to be written, or ``""`` when every one of them is durable."""
        return self._problem

    @property
    def unsaved(self) -> tuple[Event, ...]:
        """Events that are not durable yet, oldest first."""
        return tuple(self._waiting)

    def draft(self, b: int) -> BScanDraft:
        """Return a working copy of B-scan `b` for a stroke."""
        curves = self.annotation.surfaces.values[:, b]
        mask = self.annotation.masks.labels[b]
        image, names = self.scan.b_scan(b), self.annotation.surfaces.names
        return BScanDraft(b, image, curves.copy(), mask.copy(), curves.copy(), mask.copy(), names)

    def commit(self, draft: BScanDraft, tool: str, label: str) -> Edit | None:
        """Make the difference between `draft` and its base one edit; None if there is none.

        Only what the stroke changed is taken from the draft, so that anything else that
        happened to the B-scan meanwhile stays; where the two would cross, the stroke wins.
        """
        patches, touched = stroke_patches(self.annotation, draft)
        if not patches:
            return None
        states = self._state_patches(touched, (draft.b,), State.EDITED)
        return self.apply(Edit((*patches, *states), tool, label, self.author))

    def edit_masks(self, patches: Sequence[Patch], tool: str, title: str) -> Edit | None:
        """Make `patches` of the masks one edit, after which their B-scans' masks are edited.

        `title` says what was done; where is added. None if there are no patches.
        """
        if not patches:
            return None
        b_scans = sorted({b for p in patches for b in p.b_scans})
        states = self._state_patches((MASKS,), b_scans, State.EDITED)
        label = f"{title} on {b_scan_words(b_scans)}"
        return self.apply(Edit((*patches, *states), tool, label, self.author))

    def apply(self, edit: Edit) -> Edit:
        """Do `edit`, record it, tell listeners; return it.

        One that is part of another history already is copied, and the copy returned.
        """
        return self._do(edit)

    def undo(self) -> Edit | None:
        """Take the last edit back and return it; views go to the B-scans it touched.

        Raises
        ------
        UnreadableEditError
            If what it changed cannot be read any more; then nothing was done.
        """
        if not self.history.done:
            return None
        return self._happen(Event(EventKind.UNDO, None, self.author))

    def redo(self) -> Edit | None:
        """Bring the last undone edit back and return it.

        Raises
        ------
        UnreadableEditError
            If what it changed cannot be read any more; then nothing was done.
        """
        if not self.history.undone:
            return None
        return self._happen(Event(EventKind.REDO, None, self.author))

    def set_state(
        self, b_scans: Sequence[int], state: State, structures: Sequence[str] | None = None
    ) -> Edit | None:
        """Set the state of `structures` on `b_scans`; by default of all that is known there.

        The masks always count as known: approving a B-scan without fluid says "no fluid here".
        """
        patches: list[Patch] = []
        for b in b_scans:
            column = self.annotation.states[:-1, b]
            known = [
                name
                for name, value in zip(self.annotation.surfaces.names, column, strict=True)
                if value != State.UNSEEN
            ]
            chosen = structures if structures is not None else (*known, MASKS)
            patches += self._state_patches(chosen, (b,), state)
        if not patches:
            return None
        what = f"{', '.join(structures)} on " if structures is not None else ""
        label = f"{state.name.capitalize()} {what}{b_scan_words(b_scans)}"
        return self.apply(Edit(tuple(patches), "state", label, self.author))

    def adopt(self, proposal: Proposal, *, overwrite: bool = False) -> Edit | None:
        """Take over an engine's proposal as one edit.

        Structures in state ``edited`` or ``approved`` are kept as they are unless `overwrite`.
        Returns None when nothing changed.
        """
        prepared = self.prepare(proposal, overwrite=overwrite)
        self.adopt_prepared(prepared)
        return prepared.edit

    def prepare(self, proposal: Proposal, *, overwrite: bool = False) -> PreparedAdoption:
        """Work out what :meth:`adopt` would do, without doing it.

        For a whole volume that is too much for a window's thread, so it may be called from
        another one: if the annotation changes meanwhile, :meth:`adopt_prepared` refuses the
        result.
        """
        revision = self._revision
        patches = proposal_patches(self.annotation, proposal, overwrite=overwrite)
        if not patches:
            return PreparedAdoption(None, b"", revision)
        label = f"{proposal.title} on {b_scan_words(proposal.b_scans)}"
        edit = Edit(patches, proposal.tool, label, self.author, model_sha256=proposal.model_sha256)
        return PreparedAdoption(edit, encode_edit(edit), revision)

    def prepared(self, work: Callable[[], Edit | None]) -> PreparedAdoption:
        """Return what `work` makes of the annotation as it is now, without doing it.

        As :meth:`prepare`, for any edit; `work` must not change the annotation.
        """
        revision = self._revision
        edit = work()
        return PreparedAdoption(edit, encode_edit(edit) if edit is not None else b"", revision)

    def adopt_prepared(self, prepared: PreparedAdoption) -> bool:
        """Do what was prepared; False, and nothing done, if the annotation changed since."""
        if prepared.revision != self._revision:
            return False
        if prepared.edit is not None:
            self._do(prepared.edit, prepared.encoded)
        return True

    def moment(self) -> tuple[Annotation, tuple[Edit, ...]]:
        """Return a copy of the annotation, and the edits that led to it; from any thread."""
        while True:
            begun = self._begun
            if begun == self._revision:
                found = self.annotation.copy(), tuple(self.history.done)
                if begun == self._begun:
                    return found
            time.sleep(0.001)  # an edit is half applied

    def load_ahead(self) -> None:
        """Begin to load the large edits that undo and redo would come to soon; returns at once.

        Undo and redo do so themselves from then on.
        """
        self._ahead.look(self.history)

    def retry_saving(self) -> bool:
        """Try to write what waits; return True when everything is durable."""
        if self._waiting:
            self._write()
        return not self._waiting

    def use_journal(self, journal: Journal) -> None:
        """Record into `journal` from now on, beginning with what waits."""
        self._journal = journal
        self.retry_saving()

    def _state_patches(
        self, structures: Iterable[str], b_scans: Iterable[int], state: State
    ) -> list[Patch]:
        patches = []
        for name in structures:
            row = self.annotation.structures.index(name)
            for b in b_scans:
                old = self.annotation.states[row, b]
                if old != state:
                    patches.append(
                        Patch(
                            Target.STATES,
                            (row, b),
                            np.array([[old]], np.uint8),
                            np.array([[state]], np.uint8),
                        )
                    )
        return patches

    def _own(self, edit: Edit) -> None:
        edit.patches.claim()
        self._shelf.take(edit.patches)

    def _do(self, edit: Edit, encoded: bytes = b"") -> Edit:
        if not edit.patches.claim():
            edit = replace(edit, patches=Patches(edit.patches))
            edit.patches.claim()
        return self._happen(Event(EventKind.DO, edit, self.author, encoded))

    def _happen(self, event: Event) -> Edit:
        edit = self._follow(event)
        assert edit is not None
        self._waiting.append(event)
        self._write()
        if event.kind is not EventKind.DO:
            self.load_ahead()
        self.changed.emit(Change(event.kind, edit, edit.b_scans, edit.targets))
        return edit

    def _follow(self, event: Event) -> Edit | None:
        edit = self.history.meant(event)
        if edit is None:
            return None
        # Had before anything changes: what cannot be read must not be done by half.
        patches = edit.patches.load()
        if event.kind is EventKind.DO:
            self._shelf.drop([gone.patches for gone in self.history.undone])
        self._begun += 1
        try:
            self.history.replay(event)
            if event.kind is EventKind.UNDO:
                for patch in reversed(patches):
                    patch.revert(self.annotation)
            else:
                for patch in patches:
                    patch.apply(self.annotation)
        finally:
            # Counted last: what is prepared while an edit is half applied must not pass.
            self._revision += 1
        return edit

    def _write(self) -> None:
        problem = ""
        try:
            self._journal.record(tuple(self._waiting))
        except JournalError as error:
            problem = str(error) or "The last changes could not be saved."
        else:
            for event in self._waiting:
                if event.edit is not None:
                    self._shelf.take(event.edit.patches)
            self._waiting.clear()
        if problem != self._problem:
            self._problem = problem
            self.save_problem_changed.emit(problem)


def b_scan_words(b_scans: Sequence[int]) -> str:
    """Return B-scans for people, who count from 1."""
    if len(b_scans) == 1:
        return f"B-scan {b_scans[0] + 1}"
    return f"{len(b_scans)} B-scans"
