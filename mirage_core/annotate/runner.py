"""ToolRunner: feeds pointer events to a tool and commits its strokes to the session.

The app and the plugin each turn their own events into these calls; what a stroke means is
decided here, once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import ClassVar

import numpy as np
from psygnal import Signal

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.locks import held_by_locks
from mirage_core.annotate.session import Session
from mirage_core.annotate.tools.base import Guide, Point, Rect, Step, Tool, ToolOptions


class ToolRunner:
    """One tool at work on one B-scan of a session.

    Signals
    -------
    drawn(BScanDraft, Rect)
        The draft changed within the rectangle and wants to be shown.
    guides_changed(tuple)
        Guides to show over the image.
    ended(object)
        The stroke is over: the committed Edit, or None if nothing changed or it was cancelled.
    noted(str)
        Why the tool could not do what was asked for, in a sentence; empty when a press begins.
    changed()
        Another tool is in hand, or other options are.
    """

    drawn: ClassVar[Signal] = Signal(BScanDraft, Rect)
    guides_changed: ClassVar[Signal] = Signal(tuple)
    ended: ClassVar[Signal] = Signal(object)
    noted: ClassVar[Signal] = Signal(str)
    changed: ClassVar[Signal] = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self._options = self._in_use = ToolOptions()
        self._tool: Tool | None = None
        self._draft: BScanDraft | None = None
        self._b = 0

    @property
    def options(self) -> ToolOptions:
        """What the next stroke draws with."""
        return self._options

    @options.setter
    def options(self, options: ToolOptions) -> None:
        self._options = options
        self.changed.emit()

    @property
    def tool(self) -> Tool | None:
        """The tool in hand, or None when the pointer only navigates."""
        return self._tool

    @property
    def busy(self) -> bool:
        """True while a stroke is in hand."""
        return self._draft is not None

    def take(self, tool: Tool | None) -> None:
        """Take `tool` in hand; a stroke that several clicks had begun is finished first."""
        self.finish()
        self.noted.emit("")
        self._tool = tool
        needs = tool.modules(self.options) if tool is not None else ()
        missing = [m for m in needs if m not in sys.modules]
        if missing:
            # Beside the window, so that neither taking the tool nor its first press freezes it.
            threading.Thread(target=_load, args=(missing,), name="tool imports").start()
        self.changed.emit()

    def go_to(self, b: int) -> None:
        """Move to B-scan `b`; a stroke in hand is finished on the B-scan it began on."""
        if b != self._b:
            self.finish()
            self._b = b

    def press(self, at: Point, against: bool = False) -> None:
        """Pointer pressed at `at` (px); `against` with the key that turns a stroke around."""
        if self._tool is None:
            return
        self.noted.emit("")
        if self._draft is None:
            self._draft = self.session.draft(self._b)
            self._draft.classes = {c.value: c.name for c in self.session.annotation.masks.scheme}
            # A stroke of several clicks stays with the surface and class it began with.
            self._in_use = self.options
        self._in_use = replace(self._in_use, against=against)
        self._took(self._ask(self._tool.press, at))

    def move(self, at: Point) -> None:
        """Pointer moved with the button down."""
        if self._tool is not None and self._draft is not None:
            self._took(self._ask(self._tool.move, at))

    def hover(self, at: Point) -> None:
        """Pointer moved with no button down."""
        if self._tool is not None and self._draft is not None:
            self._took(self._ask(self._tool.hover, at))

    def release(self, at: Point) -> None:
        """Pointer released."""
        if self._tool is not None and self._draft is not None:
            self._took(self._ask(self._tool.release, at))

    def finish(self) -> None:
        """End a stroke of several clicks and commit it."""
        if self._tool is not None and self._draft is not None:
            step = self._ask(self._tool.finish)
            self._took(step._replace(done=True))

    def cancel(self) -> None:
        """Drop the stroke in hand; the annotation is as before it."""
        if self._tool is None or self._draft is None:
            return
        draft, self._draft = self._draft, None
        self._tool.cancel()
        draft.reset()
        height, width = draft.mask.shape
        self.drawn.emit(draft, Rect(0, height, 0, width))
        self.guides_changed.emit(())
        self.ended.emit(None)

    def _ask(self, act: Callable[..., Step], *at: Point) -> Step:
        """Let the tool go on with the stroke; where it fails, the stroke is dropped."""
        try:
            return act(self._draft, *at, self._in_use)
        except Exception:
            self.cancel()  # nobody has seen what it drew, and the next stroke must not bring it
            raise

    def _took(self, step: Step) -> None:
        assert self._tool is not None
        assert self._draft is not None
        if step.note:
            self.noted.emit(step.note)
        if step.dirty is not None:
            self._keep_locked(step.dirty)
            self.drawn.emit(self._draft, step.dirty)
        if not step.done:
            self.guides_changed.emit(self._tool.guides())
            return
        # Once more as a whole: what a tool drew without telling must not get past a lock.
        height, width = self._draft.mask.shape
        self._keep_locked(Rect(0, height, 0, width))
        draft, self._draft = self._draft, None
        self._tool.cancel()
        edit = self.session.commit(draft, self._tool.name, self._label(draft))
        self.guides_changed.emit(())
        self.ended.emit(edit)

    def _keep_locked(self, rect: Rect) -> None:
        """Take back what the stroke did to locked classes within `rect`, and say so."""
        assert self._draft is not None
        held = _give_back(self._draft, self._in_use.locked, rect)
        names = [self._draft.classes.get(value, "A class") for value in sorted(held)]
        if names:
            what = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} locked"
            self.noted.emit(f"{what}; Shift+L unlocks the chosen class.")

    def _label(self, draft: BScanDraft) -> str:
        assert self._tool is not None
        if self._tool.draws == "surface":
            what = self.session.annotation.surfaces.names[self._in_use.surface]
        else:
            value = self._in_use.mask_class
            names = {c.value: c.name for c in self.session.annotation.masks.scheme}
            what = names.get(value, "masks")
        return f"{self._tool.title} on {what}, B-scan {draft.b + 1}"

    def guides(self) -> tuple[Guide, ...]:
        """Return the guides of the stroke in hand."""
        return self._tool.guides() if self._tool is not None and self.busy else ()


def _give_back(draft: BScanDraft, locked: frozenset[int], rect: Rect) -> frozenset[int]:
    """Undo, within `rect`, what the stroke took from or gave to `locked` classes; return these."""
    if not locked:
        return frozenset()
    cut = (slice(rect.z0, rect.z1), slice(rect.x0, rect.x1))
    base, mask = draft.base_mask[cut], draft.mask[cut]
    held, touched = held_by_locks(base, mask, locked)
    np.copyto(mask, base, where=held)
    return touched


def _load(modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)
