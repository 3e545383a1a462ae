"""Labelled B-scans and scans of a project, as a model is taught to tell them. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ProjectError
from mirage_core.project.label_set import Label, LabelSet
from mirage_core.project.project import Project
from mirage_core.project.records import ScanRecord
from mirage_core.scan import Scan
from mirage_core.training.classify.examples import ClassData, Example

Level = Literal["b_scan", "scan"]


@dataclass(frozen=True)
class ClassChoice:
    """Which labels of a project a model is taught.

    Attributes
    ----------
    level : str
        ``b_scan``: labels of single B-scans; ``scan``: labels of scans as a whole.
    scans : tuple of str
        Ids or pseudonyms; empty: all.
    graders : tuple of str
        Whose labels; empty: everyone's, of each place the one given last.
    """

    level: Level = "b_scan"
    scans: tuple[str, ...] = ()
    graders: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassSource:
    """Labels of a project that are read where they are needed, in a worker say. Picklable."""

    folder: Path
    choice: ClassChoice = ClassChoice()

    def __call__(self) -> ClassData:
        """Read them; see :func:`collect_classes`."""
        with Project.open(self.folder, read_only=True) as project:
            return collect_classes(project, self.choice)


@dataclass(frozen=True)
class GivenLabel:
    """A label that a model is taught.

    Attributes
    ----------
    scan : str
        Id in the project.
    b_scan : int or None
        None: the scan as a whole.
    classes : tuple of int
        Numbers of its classes.
    """

    scan: str
    b_scan: int | None
    classes: tuple[int, ...]


@dataclass(frozen=True)
class GivenLabels:
    """The labels of a project that a model is taught.

    Attributes
    ----------
    labels : tuple of GivenLabel
    names : tuple of str
        Of the classes.
    multi_label : bool
    n_disputed : int
        Places where graders differ.
    """

    labels: tuple[GivenLabel, ...]
    names: tuple[str, ...]
    multi_label: bool
    n_disputed: int = 0


def collect_classes(project: Project, choice: ClassChoice | None = None) -> ClassData:
    """Return the labelled B-scans or scans of a project; of a patient the pseudonym alone.

    Pixels are read later. Scans whose pixels are not in the project, or cannot be read, are left
    out, and a note of the data says so.

    Raises
    ------
    ProjectError
        If the project cannot be read.
    """
    return with_pixels(project, given_labels(project, choice or ClassChoice()))


def given_labels(project: Project, choice: ClassChoice) -> GivenLabels:
    """Return the labels that are chosen.

    Raises
    ------
    ProjectError
        If the project cannot be read.
    """
    chosen, by_scan = project.labels.snapshot()
    labels: list[GivenLabel] = []
    n_disputed = 0
    for row in project.worklist():
        record = row.scan
        if choice.scans and not {record.id, record.pseudonym} & set(choice.scans):
            continue
        given, disputed = _given(by_scan.get(record.id, ()), chosen, choice)
        n_disputed += disputed
        for label in given:
            classes = tuple(chosen.names.index(name) for name in label.labels)
            labels.append(GivenLabel(record.id, label.b_scan, classes))
    return GivenLabels(tuple(labels), chosen.names, chosen.multi_label, n_disputed)


def with_pixels(project: Project, given: GivenLabels) -> ClassData:
    """Return labels with what they are of; see :func:`collect_classes`."""
    by_scan: dict[str, list[GivenLabel]] = {}
    for label in given.labels:
        by_scan.setdefault(label.scan, []).append(label)
    records = {row.scan.id: row.scan for row in project.worklist()}
    examples: list[Example] = []
    left_out = 0
    for id, labels in by_scan.items():
        try:
            scan = project.open_scan(records[id])
        except (ReadError, ProjectError, KeyError):
            left_out += 1
            continue
        examples += [_example(scan, records[id], label) for label in labels]
    notes = []
    if left_out:
        scans = "1 scan was" if left_out == 1 else f"{left_out} scans were"
        notes.append(f"{scans} left out: the pixels are not in the project or cannot be read.")
    if given.n_disputed:
        n = given.n_disputed
        words = "1 label differs" if n == 1 else f"{n} labels differ"
        notes.append(f"{words} between graders; what was given last is taken.")
    return ClassData(tuple(examples), given.names, given.multi_label, tuple(notes))


def _given(
    labels: tuple[Label, ...], chosen: LabelSet, choice: ClassChoice
) -> tuple[list[Label], int]:
    """Return the label of each place that was given last, and where graders differ.

    Labels that are not in the set `chosen` any more are passed over.
    """
    wanted = [
        label
        for label in labels
        if (label.b_scan is not None) is (choice.level == "b_scan")
        and (not choice.graders or label.annotator in choice.graders)
        and set(label.labels) <= set(chosen.names)
    ]
    places = sorted({label.b_scan for label in wanted}, key=lambda b: -1 if b is None else b)
    given, disputed = [], 0
    for b in places:
        own = [label for label in wanted if label.b_scan == b]
        given.append(max(own, key=lambda label: label.time))
        disputed += len({label.labels for label in own}) > 1
    return given, disputed


def _example(scan: Scan, record: ScanRecord, label: GivenLabel) -> Example:
    b_scans = tuple(range(scan.n_b_scans)) if label.b_scan is None else (label.b_scan,)
    return Example(scan, b_scans, label.classes, record.pseudonym)
