"""Ties the labels, beside the image and in the worklist, to the desk. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mirage_viewer.labelling.desk import NO_NAMES, NO_PROJECT, READ_ONLY, TOPIC
from mirage_viewer.labelling.dialog import LabelSetDialog
from mirage_viewer.messages import Message

if TYPE_CHECKING:
    from mirage_core.project.label_set import Label
    from mirage_core.project.records import ScanRecord
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench

BY_KEY = 9
"""So many labels can be chosen by a key."""


class LabelBinding:
    """The connections of one window's labels.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d, self.labels = window, desk, desk.labelling
        self.dialog: LabelSetDialog | None = None
        panel, details = window.labels_panel, window.worklist.page.details
        self.labels.changed.connect(self.refresh)
        desk.scan_changed.connect(self.show)
        desk.b_changed.connect(self.moved)
        desk.projects.worklist_changed.connect(self.rows_changed)
        panel.chosen.connect(self.choose)
        panel.define_requested.connect(self.define)
        panel.teach.clicked.connect(lambda: window.teach.show(classes=True))
        details.labels.chosen.connect(self.choose_of)
        details.labels.define_requested.connect(self.define)
        self.refresh()

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show what there is to choose from, and what is labelled."""
        known = self.labels.known
        self.w.labels_panel.set_names(known.names, several=known.multi_label)
        for number in range(1, BY_KEY + 1):
            action = self.w.qt_actions[f"labels.b_scan_{number}"]
            there = number <= len(known.names)
            action.setVisible(there)
            if there:
                name = known.names[number - 1]
                action.setText(f"Label B-scan: {name.replace('&', '&&')}")
        page = self.w.worklist.page
        page.set_labels(known, self.labels.of, self.labels.why_not)
        self.show()

    def rows_changed(self, _rows: object) -> None:
        """Another project may be open, one for reading only perhaps."""
        self.refresh()

    def moved(self, _b: int) -> None:
        """Another B-scan is shown."""
        self.show()

    def show(self) -> None:
        """Show the labels of the scan and the B-scan shown."""
        panel, labels, opened = self.w.labels_panel, self.labels, self.d.open_scan
        record = self._record
        project = self.d.projects.current
        read_only = project is not None and project.read_only
        panel.set_writable(not read_only, READ_ONLY if read_only else "")
        why = labels.why_not or ("" if record is not None else NO_PROJECT)
        n = opened.scan.n_b_scans if opened is not None else 0
        b = self.d.b
        id = record.id if record is not None else ""
        done = sum(labels.of(id, k) is not None for k in range(n)) if id else 0
        panel.b_scan.show_given(
            f"B-scan {b + 1} of {n}" + (f" · {done} labelled" if done else "") if n else "B-scan",
            labels.of(id, b),
            _said(labels.of_others(id, b)),
            why,
        )
        panel.scan.show_given("Whole scan", labels.of(id), _said(labels.of_others(id)), why)

    @property
    def _record(self) -> ScanRecord | None:
        opened = self.d.open_scan
        return opened.record if opened is not None else None

    # ------------------------------------------------------------------ choosing

    def choose(self, name: str | None, whole: bool) -> None:
        """Label the scan shown as a whole, or the B-scan shown."""
        record = self._record
        if record is not None:
            self.labels.choose(record.id, name, None if whole else self.d.b)
        self.show()

    def choose_nth(self, number: int) -> None:
        """Label the B-scan shown with the label that has this number, from 1."""
        names = self.labels.known.names
        why = self.labels.why_not or ("" if self._record is not None else NO_PROJECT)
        if number <= len(names) and not why:
            self.choose(names[number - 1], False)
        else:
            self.d.say(Message(why or NO_NAMES, topic=TOPIC))

    def choose_of(self, scan_id: str, name: str | None) -> None:
        """Label a scan of the worklist as a whole."""
        self.labels.choose(scan_id, name)

    def define(self) -> None:
        """Ask what there is to choose from."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        project = self.d.projects.current
        if project is not None and project.read_only:
            self.d.say(Message(READ_ONLY, topic=TOPIC))
            return
        known = self.labels.known
        dialog = LabelSetDialog(known.names, known.multi_label, known.counts(), self.w)
        dialog.chosen.connect(self._chosen)
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        dialog.open()

    def _chosen(
        self, names: tuple[str, ...], renamed: tuple[tuple[str, str], ...], several: bool
    ) -> None:
        def then(problem: str, made: Sequence[tuple[str, str]]) -> None:
            if self.dialog is not None:
                self.dialog.take_renamed(made)
                if problem:
                    self.dialog.show_problem(problem)
                else:
                    self.dialog.accept()

        self.labels.change_set(names, renamed, several=several, then=then)

    def _closed(self, _how: int) -> None:
        self.dialog = None


def _said(labels: Iterable[Label]) -> str:
    """Return what others labelled a place as, in words."""
    return " · ".join(f"{n.annotator}: {', '.join(n.labels) or 'none of these'}" for n in labels)
