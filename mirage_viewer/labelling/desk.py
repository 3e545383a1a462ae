"""Labelling: what scans and B-scans of the project are labelled as, and by whom. No Qt."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.projects import Projects

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.label_set import Label, LabelSet

TOPIC = "labels"
READ_ONLY = "This project is open for reading only."
NO_PROJECT = "Labels are kept in a project; this scan is not in one."
NO_NAMES = "Nobody has said yet what there is to choose from."
Place = tuple[str, int | None]
"""Id of a scan, and a B-scan from 0; None: the scan as a whole."""


class Window(Protocol):
    """Whose labels they are: the desk."""

    projects: Projects

    @property
    def author(self) -> str:
        """Who labels."""
        ...

    def say(self, message: Message) -> None:
        """Show a message."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...


@dataclass(frozen=True, slots=True)
class Labels:
    """What the project holds, as far as this grader may see it.

    Attributes
    ----------
    names : tuple of str
        What there is to choose from.
    multi_label : bool
        Several may hold at once, or none of them.
    by_scan : mapping of str to tuple of Label
    """

    names: tuple[str, ...] = ()
    multi_label: bool = False
    by_scan: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """Return how often each label is given, by whomever."""
        given = (label for labels in self.by_scan.values() for label in labels)
        return Counter(name for label in given for name in label.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """What a place is to be labelled as; None takes back what it was."""

    project: Project
    author: str
    names: tuple[str, ...] | None

    def write(self, place: Place) -> None:
        scan, b = place
        labels = self.project.labels
        if self.names is None:
            labels.clear(scan, self.author, b_scan=b)
        else:
            labels.set(scan, self.names, self.author, b_scan=b)


class Labelling:
    """Labels of the project in use; each is written at once, in the background, in order.

    Signals
    -------
    changed()
        Something is labelled otherwise, or there is something else to choose from.

    Attributes
    ----------
    known : Labels
        As they were last read.
    """

    changed: ClassVar[Signal] = Signal()

    def __init__(self, window: Window, background: Background) -> None:
        self._window, self._background = window, background
        self.known = Labels()
        self._turn = self._read = 0
        self._shown: dict[Place, _Change] = {}
        self._waiting: dict[Place, _Change] = {}
        self._list, self._pen = threading.Lock(), threading.Lock()
        window.projects.worklist_changed.connect(lambda _rows: self.look())

    # ------------------------------------------------------------------ what there is

    def of(self, scan_id: str, b_scan: int | None = None) -> tuple[str, ...] | None:
        """Return what this grader labelled a place as; None where they did not."""
        waiting = self._shown.get((scan_id, b_scan))
        if waiting is not None:
            return waiting.names
        author = self._window.author
        return next(
            (
                label.labels
                for label in self.known.by_scan.get(scan_id, ())
                if label.b_scan == b_scan and label.annotator == author
            ),
            None,
        )

    def of_others(self, scan_id: str, b_scan: int | None = None) -> tuple[Label, ...]:
        """Return what others labelled a place as, as far as this grader may see it."""
        author = self._window.author
        labels = self.known.by_scan.get(scan_id, ())
        return tuple(n for n in labels if n.b_scan == b_scan and n.annotator != author)

    @property
    def why_not(self) -> str:
        """Why nothing can be labelled in the project, empty if it can."""
        project = self._window.projects.current
        if project is not None and project.read_only:
            return READ_ONLY
        return "" if self.known.names else NO_NAMES

    def look(self) -> None:
        """Read the labels again."""
        project = self._window.projects.current
        if project is None:
            return
        viewer = self._window.author

        def work() -> tuple[int, Labels]:
            with self._pen:
                return self._read_now(project, viewer)

        def done(read: tuple[int, Labels]) -> None:
            if project is self._window.projects.current:
                self._take(*read)

        self._background.run(work, done, self._report)

    def _read_now(self, project: Project, viewer: str) -> tuple[int, Labels]:
        """Return the labels and which reading it is: a later one knows all that was written."""
        self._turn += 1
        return self._turn, _labels_of(project, viewer)

    def _take(self, turn: int, known: Labels) -> None:
        """Take in what was read, unless something newer was."""
        if turn > self._read:
            self._read = turn
            if known != self.known:
                self.known = known
                self.changed.emit()

    # ------------------------------------------------------------------ labelling

    def choose(self, scan_id: str, name: str | None, b_scan: int | None = None) -> None:
        """Label a place `name`, None: none of them; what it is already is taken back."""
        project = self._window.projects.current
        if project is None or self.why_not:
            return
        names = chosen(self.of(scan_id, b_scan), name, several=self.known.multi_label)
        change = _Change(project, self._window.author, names)
        self._shown[scan_id, b_scan] = change
        with self._list:
            self._waiting[scan_id, b_scan] = change
        self.changed.emit()
        self.retry()

    def retry(self) -> None:
        """Write what waits."""
        project, viewer = self._window.projects.current, self._window.author

        def work() -> tuple[list[tuple[Place, _Change]], str, tuple[int, Labels] | None]:
            with self._pen:
                written, refused = self._write_all()
                read = self._read_now(project, viewer) if project is not None else None
            return written, refused, read

        def done(
            result: tuple[list[tuple[Place, _Change]], str, tuple[int, Labels] | None],
        ) -> None:
            written, refused, read = result
            for place, change in written:
                if self._shown.get(place) is change:
                    del self._shown[place]
            if read is not None and project is self._window.projects.current:
                self._take(*read)
            if not self._waiting:
                self._window.hush(TOPIC)
            if refused:
                self._window.say(Message(f"Not labelled: {refused}", "", Level.WARNING, TOPIC))
            self.changed.emit()

        self._background.run(work, done, self._failed)

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is.

        For the end of the program.
        """
        try:
            with self._pen:
                self._write_all()
        except Exception as error:
            message = from_error(error)
            if message is None:
                raise
            return message.text
        return ""

    def _write_all(self) -> tuple[list[tuple[Place, _Change]], str]:
        """Write what waits, in any thread; return what is done with, and why some was refused.

        What a disk refuses goes on waiting. The caller holds the pen.
        """
        written: list[tuple[Place, _Change]] = []
        refused = ""
        while True:
            with self._list:
                if not self._waiting:
                    return written, refused
                place, change = next(iter(self._waiting.items()))
            try:
                change.write(place)
            except (ValueError, LookupError) as error:
                # Another program changed what there is to choose from meanwhile.
                refused = str(error)
            written.append((place, change))
            with self._list:
                if self._waiting[place] is change:
                    del self._waiting[place]

    def _failed(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._window.say(
            Message(
                f"The label was not saved: {message.text}",
                f"{message.hint} It is kept while the window is open.",
                Level.ERROR,
                TOPIC,
                "Retry",
                self.retry,
            )
        )

    def _report(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._window.say(message)

    # ------------------------------------------------------------------ what to choose from

    def change_set(
        self,
        names: Sequence[str],
        renamed: Iterable[tuple[str, str]],
        *,
        several: bool,
        then: Callable[[str], object],
    ) -> None:
        """Change what there is to choose from.

        Parameters
        ----------
        names : sequence of str
            In the order they are offered in.
        renamed : iterable of (str, str)
            What some are called now, and what they are to be called.
        several : bool
        then : callable
            Told why it cannot be, ``""`` if it is done.
        """
        author, projects, pairs = self._window.author, self._window.projects, list(renamed)

        def work() -> None:
            from mirage_core.project.label_set import LabelSet

            wanted = LabelSet.of(names, several)
            labels = projects.get().labels
            for old, new in _in_turn(pairs, labels.label_set):
                labels.rename(old, new, author)
            labels.set_label_set(wanted, author)

        def done(_nothing: None) -> None:
            self.look()
            then("")

        def failed(error: Exception) -> None:
            self.look()
            message = from_error(error, TOPIC)
            if message is None and not isinstance(error, ValueError):
                raise error
            then(str(error) if message is None else f"{message.text} {message.hint}".strip())

        self._background.run(work, done, failed)


def chosen(
    given: tuple[str, ...] | None, name: str | None, *, several: bool
) -> tuple[str, ...] | None:
    """Return what a place is labelled as once `name` was chosen, None: not at all.

    Parameters
    ----------
    given : tuple of str or None
        What it was labelled as.
    name : str or None
        None: none of them holds.
    several : bool
        Several may hold at once, or none of them.
    """
    if name is None:
        return None if given == () else ()
    if not several:
        return None if given == (name,) else (name,)
    if name in (given or ()):
        return tuple(n for n in given or () if n != name) or None
    return (*(given or ()), name)


def _labels_of(project: Project, viewer: str) -> Labels:
    known = project.labels.label_set
    return Labels(known.names, known.multi_label, project.labels.all(viewer))


def _in_turn(pairs: list[tuple[str, str]], known: LabelSet) -> list[tuple[str, str]]:
    """Return `pairs` so that none takes a name that is still another's, as far as that can be."""
    left, turn = list(pairs), []
    taken = {name.casefold() for name in known.names}
    while left:
        pair = next((p for p in left if p[1].casefold() not in taken - {p[0].casefold()}), left[0])
        left.remove(pair)
        turn.append(pair)
        taken = (taken - {pair[0].casefold()}) | {pair[1].casefold()}
    return turn
