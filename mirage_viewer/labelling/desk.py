"""Labelling: what scans and B-scans of the project are labelled as, and by whom. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.labelling.renaming import in_turn
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.pending import Outcome, PendingWrites, not_saved
from mirage_viewer.projects import Projects

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.label_set import Label

TOPIC = "labels"
READ_ONLY = "This project is open for reading only."
NO_PROJECT = "Labels are kept in a project; this scan is not in one."
NO_NAMES = "Nobody has said yet what there is to choose from."
Asked = tuple["Project | None", str]
"""Which project was read, and for whom."""


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
    """What a place is to be labelled as; None takes back what it was.

    A place is a scan, and a B-scan from 0; None: the scan as a whole.
    """

    project: Project
    author: str
    scan_id: str
    b_scan: int | None
    names: tuple[str, ...] | None

    @property
    def key(self) -> tuple[Asked, str, int | None]:
        """Whose label of which place it is: a later change of the same takes its place."""
        return (self.project, self.author), self.scan_id, self.b_scan

    def write(self) -> None:
        labels = self.project.labels
        if self.names is None:
            labels.clear(self.scan_id, self.author, b_scan=self.b_scan)
        else:
            labels.set(self.scan_id, self.names, self.author, b_scan=self.b_scan)


class Labelling:
    """Labels of the project in use; each is written at once, in the background, in order.

    Signals
    -------
    changed()
        Something is labelled otherwise, or there is something else to choose from.
    """

    changed: ClassVar[Signal] = Signal()

    def __init__(self, window: Window, background: Background) -> None:
        self._window, self._background = window, background
        self._known = Labels()
        self._of: Asked = (None, "")
        self._own: dict[tuple[str, int | None], tuple[str, ...]] = {}
        self._turn = self._read = 0
        self._shown: dict[object, _Change] = {}
        # Another program may have changed what there is to choose from meanwhile.
        self._waiting: PendingWrites[_Change] = PendingWrites((ValueError, LookupError))
        window.projects.worklist_changed.connect(lambda _rows: self.look())

    # ------------------------------------------------------------------ what there is

    @property
    def _asked(self) -> Asked:
        return self._window.projects.current, self._window.author

    @property
    def known(self) -> Labels:
        """The labels as they were last read; none where another project or grader was read for."""
        return self._known if self._of == self._asked else Labels()

    def of(self, scan_id: str, b_scan: int | None = None) -> tuple[str, ...] | None:
        """Return what this grader labelled a place as; None where they did not."""
        asked = self._asked
        shown = self._shown.get((asked, scan_id, b_scan))
        if shown is not None:
            return shown.names
        return self._own.get((scan_id, b_scan)) if self._of == asked else None

    def of_others(self, scan_id: str, b_scan: int | None = None) -> tuple[Label, ...]:
        """Return what others labelled a place as, as far as this grader may see it."""
        author, labels = self._window.author, self.known.by_scan.get(scan_id, ())
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
        project, viewer = self._asked
        if project is None:
            return

        def work() -> tuple[int, Labels]:
            with self._waiting.pen:
                return self._read_now(project, viewer)

        self._background.run(work, lambda r: self._take((project, viewer), *r), self._report)

    def _read_now(self, project: Project, viewer: str) -> tuple[int, Labels]:
        """Return the labels and which reading it is: a later one knows all that was written."""
        self._turn += 1
        return self._turn, _labels_of(project, viewer)

    def _take(self, asked: Asked, turn: int, known: Labels) -> None:
        """Take in what was read, unless something newer was or it is asked for no more."""
        if asked == self._asked and turn > self._read:
            self._read = turn
            if (asked, known) != (self._of, self._known):
                self._of, self._known = asked, known
                self._own = {
                    (label.scan_id, label.b_scan): label.labels
                    for labels in known.by_scan.values()
                    for label in labels
                    if label.annotator == asked[1]
                }
                self.changed.emit()

    # ------------------------------------------------------------------ labelling

    def choose(self, scan_id: str, name: str | None, b_scan: int | None = None) -> None:
        """Label a place `name`, None: none of them; what it is already is taken back."""
        project, author = self._asked
        if project is None or self.why_not:
            return
        names = chosen(self.of(scan_id, b_scan), name, several=self.known.multi_label)
        change = _Change(project, author, scan_id, b_scan, names)
        self._shown[change.key] = change
        self._waiting.put(change.key, change)
        self.changed.emit()
        self.retry()

    def retry(self) -> None:
        """Write what waits."""
        project, viewer = self._asked

        def work() -> tuple[Outcome[_Change], tuple[int, Labels] | None]:
            read = None
            with self._waiting.pen:
                outcome = self._waiting.write()
                try:
                    if project is not None:
                        read = self._read_now(project, viewer)
                except Exception as error:
                    # What was written is told in either case.
                    outcome.error = outcome.error or error
            return outcome, read

        def done(result: tuple[Outcome[_Change], tuple[int, Labels] | None]) -> None:
            outcome, read = result
            for change in outcome.written:
                if self._shown.get(change.key) is change:
                    del self._shown[change.key]
            if read is not None:
                self._take((project, viewer), *read)
            if not self._waiting:
                self._window.hush(TOPIC)
            refused = _not_labelled(outcome.refused)
            if refused:
                self._window.say(Message(refused, "", Level.WARNING, TOPIC))
            self.changed.emit()
            if outcome.error is not None:
                self._failed(outcome.error, refused)

        self._background.run(work, done)

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is.

        For the end of the program.
        """
        why, refused = self._waiting.finish()
        return f"{why} {_not_labelled(refused)}".strip()

    def _failed(self, error: Exception, refused: str) -> None:
        self._window.say(not_saved(error, TOPIC, "The label was", self.retry, more=refused))

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
        then: Callable[[str, Sequence[tuple[str, str]]], object],
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
            Told why it cannot be, ``""`` if it is done, and which are called otherwise by now.
        """
        author, projects, pairs = self._window.author, self._window.projects, list(renamed)
        made: list[tuple[str, str]] = []

        def work() -> None:
            from mirage_core.project.label_set import LabelSet

            wanted = LabelSet.of(names, several)
            labels = projects.get().labels
            known = labels.label_set
            for old, new in in_turn(pairs, known):
                # Another program may have called it otherwise already.
                if old in known.names or new not in known.names:
                    labels.rename(old, new, author)
                made.append((old, new))
            labels.set_label_set(wanted, author)

        def done(_nothing: None) -> None:
            self.look()
            then("", made)

        def failed(error: Exception) -> None:
            self.look()
            message = from_error(error, TOPIC)
            if message is None and not isinstance(error, ValueError):
                raise error
            why = str(error) if message is None else f"{message.text} {message.hint}".strip()
            then(why, made)

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


def _not_labelled(refused: Exception | None) -> str:
    return f"Not labelled: {refused}" if refused is not None else ""


def _labels_of(project: Project, viewer: str) -> Labels:
    known, by_scan = project.labels.snapshot(viewer)
    return Labels(known.names, known.multi_label, by_scan)
