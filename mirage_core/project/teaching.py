"""Corrected B-scans of a project, as a model is taught with them. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import MASKS, Annotation, Session, State
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

Bool = NDArray[np.bool_]

HUMAN = frozenset({State.EDITED, State.APPROVED})


@dataclass(frozen=True)
class TeachingChoice:
    """Which corrections of a project a model is taught with.

    Attributes
    ----------
    scans : tuple of str
        Ids or pseudonyms; empty: all.
    graders : tuple of str
        Whose work; empty: everyone's. Of each structure on a B-scan what they agreed on is taken
        where there is a consensus, else approved work before edited, and of that what was changed
        last.
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
        try:
            found, n = _of_scan(project, row, choice)
        except (ReadError, ProjectError):
            left_out += 1
        else:
            b_scans += found
            several += n
        report(done / len(rows))
    if left_out:
        scans = "1 scan was" if left_out == 1 else f"{left_out} scans were"
        notes.append(f"{scans} left out: the pixels are not in the project or cannot be read.")
    if several:
        words = "1 B-scan was" if several == 1 else f"{several} B-scans were"
        notes.append(
            f"{words} corrected by several graders; of each structure the consensus is taken where "
            "there is one, else approved work before edited, and of that what was changed last."
        )
    return TeachingData(tuple(b_scans), notes=tuple(notes))


def _is_chosen(row: WorklistRow, choice: TeachingChoice) -> bool:
    return not choice.scans or bool({row.scan.id, row.scan.pseudonym} & set(choice.scans))


def _of_scan(
    project: Project, row: WorklistRow, choice: TeachingChoice
) -> tuple[list[LabelledBScan], int]:
    """Return the corrected B-scans of a scan, and on how many several graders worked."""
    agreed = project.graders.consensus_id(row.scan.id)
    with ExitStack() as opened:
        works: list[_Work] = []
        for record in sorted(row.annotations, key=lambda a: a.id != agreed):
            if choice.graders and record.annotator not in choice.graders:
                continue
            if not set(record.states) & HUMAN:
                continue
            session = project.session(row.scan, record.annotator, annotation_id=record.id)
            opened.callback(project.close_session, session)
            works.append(_Work(session, record.id == agreed))
        found, several = [], 0
        for b in range(works[0].session.scan.n_b_scans if works else 0):
            taught = [_taught(work.session.annotation, b, choice) for work in works]
            several += sum(bool(t.any()) for t in taught) > 1
            parts = [
                labelled(work.session.scan, work.session.annotation, b, own, row)
                for work, own in zip(works, _shared_out(works, b, taught), strict=True)
                if own.any()
            ]
            if parts:
                found.append(_together(parts))
        return found, several


@dataclass(frozen=True, eq=False)
class _Work:
    """What one grader, or all in agreement, did on a scan."""

    session: Session
    is_agreed: bool


def _shared_out(works: Sequence[_Work], b: int, taught: Sequence[Bool]) -> list[Bool]:
    """Return which structures of B-scan `b` are taken of each of `works`, each of one alone."""
    best: dict[str, tuple[tuple[bool, int], int, int]] = {}
    for at, (work, own) in enumerate(zip(works, taught, strict=True)):
        annotation = work.session.annotation
        for row in np.flatnonzero(own).tolist():
            rank = work.is_agreed, int(annotation.states[row, b])
            name = annotation.structures[row]
            if name not in best or rank > best[name][0]:  # of equals the one changed last
                best[name] = rank, at, row
    out = [np.zeros_like(own) for own in taught]
    for _, at, row in best.values():
        out[at][row] = True
    return out


def _together(parts: Sequence[LabelledBScan]) -> LabelledBScan:
    """Return what several graders taught of one B-scan, each of other structures."""
    first, *others = parts
    surfaces, masks, looked_for = first.surfaces.copy(), first.masks, first.looked_for
    for part in others:
        rows = np.isfinite(part.surfaces).any(axis=1)
        surfaces[rows] = part.surfaces[rows]
        if part.masks is not None:
            masks, looked_for = part.masks, part.looked_for
    return replace(first, surfaces=surfaces, masks=masks, looked_for=looked_for)


def _taught(annotation: Annotation, b: int, choice: TeachingChoice) -> Bool:
    """Return which structures of B-scan `b` are taught, bool ``[structure]``."""
    taught: Bool = np.isin(annotation.states[:, b], [int(state) for state in choice.states])
    if choice.structures:
        taught &= np.isin(annotation.structures, choice.structures)
    return taught


def labelled(
    scan: Scan, annotation: Annotation, b: int, taught: Bool, row: WorklistRow
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
