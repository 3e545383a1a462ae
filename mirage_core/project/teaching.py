"""Corrected B-scans of a project, as a model is taught with them. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mirage_core.annotate import MASKS, Annotation, State
from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ProjectError
from mirage_core.project.project import Project
from mirage_core.project.records import WorklistRow
from mirage_core.scan import FLUID_SCHEME, Scan, renumbering
from mirage_core.training.finetune.labelled import (
    LESION_NAMES,
    SURFACE_NAMES,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)

HUMAN = frozenset({State.EDITED, State.APPROVED})


@dataclass(frozen=True)
class TeachingChoice:
    """Which corrections of a project a model is taught with.

    Attributes
    ----------
    scans : tuple of str
        Ids or pseudonyms; empty: all.
    graders : tuple of str
        Whose work; empty: everyone's, of each B-scan what they agreed on where there is a
        consensus, else the work changed last.
    states : frozenset of State
        A structure on a B-scan is taught if it is in one of them.
    structures : tuple of str
        Surfaces, and ``masks`` for all lesions; empty: all.
    """

    scans: tuple[str, ...] = ()
    graders: tuple[str, ...] = ()
    states: frozenset[State] = HUMAN
    structures: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectSource:
    """Data of a project that are read where they are needed, in a worker say. Picklable."""

    folder: Path
    choice: TeachingChoice = TeachingChoice()

    def __call__(self) -> TeachingData:
        """Read them; see :func:`collect`."""
        with Project.open(self.folder, read_only=True) as project:
            return collect(project, self.choice)


def collect(
    project: Project,
    choice: TeachingChoice | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
) -> TeachingData:
    """Return the corrected B-scans of a project; nothing of a patient but the pseudonym.

    Scans whose pixels are not in the project, or cannot be read, are left out, and a note of the
    data says so.

    Raises
    ------
    ProjectError
        If the project cannot be read.
    """
    choice = choice or TeachingChoice()
    rows = [row for row in project.worklist() if row.annotations and _is_chosen(row, choice)]
    b_scans: list[LabelledBScan] = []
    notes: list[str] = []
    left_out = several = 0
    for done, row in enumerate(rows, 1):
        taken: dict[int, LabelledBScan] = {}
        try:
            for b_scan in _of_scan(project, row, choice):
                several += b_scan.b_scan in taken
                taken.setdefault(b_scan.b_scan, b_scan)
        except (ReadError, ProjectError):
            left_out += 1
            taken = {}
        b_scans += [taken[b] for b in sorted(taken)]
        report(done / len(rows))
    if left_out:
        scans = "1 scan was" if left_out == 1 else f"{left_out} scans were"
        notes.append(f"{scans} left out: the pixels are not in the project or cannot be read.")
    if several:
        words = "1 B-scan was" if several == 1 else f"{several} B-scans were"
        notes.append(
            f"{words} corrected by several graders; the consensus is taken where there is one, "
            "elsewhere the work changed last."
        )
    return TeachingData(tuple(b_scans), notes=tuple(notes))


def _is_chosen(row: WorklistRow, choice: TeachingChoice) -> bool:
    return not choice.scans or bool({row.scan.id, row.scan.pseudonym} & set(choice.scans))


def _of_scan(project: Project, row: WorklistRow, choice: TeachingChoice) -> Iterator[LabelledBScan]:
    """Give the corrected B-scans of a scan: the consensus, then the work changed last."""
    agreed = project.graders.consensus_id(row.scan.id)
    for record in sorted(row.annotations, key=lambda a: a.id != agreed):
        if choice.graders and record.annotator not in choice.graders:
            continue
        if not set(record.states) & HUMAN:
            continue
        session = project.session(row.scan, record.annotator, annotation_id=record.id)
        try:
            for b in range(session.scan.n_b_scans):
                taught = _taught(session.annotation, b, choice)
                if taught.any():
                    yield labelled(session.scan, session.annotation, b, taught, row)
        finally:
            project.close_session(session)


def _taught(annotation: Annotation, b: int, choice: TeachingChoice) -> np.ndarray:
    """Return which structures of B-scan `b` are taught, bool ``[structure]``."""
    taught = np.isin(annotation.states[:, b], [int(state) for state in choice.states])
    if choice.structures:
        taught &= np.isin(annotation.structures, choice.structures)
    return taught


def labelled(
    scan: Scan, annotation: Annotation, b: int, taught: np.ndarray, row: WorklistRow
) -> LabelledBScan:
    """Return one B-scan with what is `taught` ``[structure]`` of it."""
    image = scan.b_scan(b)
    surfaces = empty_surfaces(image.shape[1])
    for i, name in enumerate(annotation.surfaces.names):
        if taught[i] and name in SURFACE_NAMES:
            surfaces[SURFACE_NAMES.index(name)] = annotation.surfaces.values[i, b]
    masks, looked_for = None, LESION_NAMES
    if taught[annotation.structures.index(MASKS)]:
        scheme = annotation.masks.scheme
        # A class of the grader's own is not known to any model: neither a lesion nor none.
        table = (renumbering(scheme, FLUID_SCHEME) % 256).astype(np.uint8)
        masks = table[annotation.masks.labels[b]]
        known = {c.name for c in scheme}
        looked_for = tuple(name for name in LESION_NAMES if name in known)
    return LabelledBScan(
        image,
        surfaces,
        masks,
        looked_for,
        patient=row.scan.pseudonym,
        scan=row.scan.id,
        b_scan=b,
        spacing=scan.spacing,
    )
