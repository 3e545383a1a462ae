"""Survey: what there is to teach with, and what is to be said about it. For a background thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.annotate import MASKS, State
from mirage_viewer.engines import STARTER
from mirage_viewer.teaching.wanted import Wanted

if TYPE_CHECKING:
    from mirage_core.model.store.card import ModelCard
    from mirage_core.model.store.store import ModelStore
    from mirage_core.project import Project
    from mirage_core.project.records import WorklistRow
    from mirage_core.training.finetune.labelled import TeachingData

_DOMAIN = "bscan"
NOTHING = "There is no corrected B-scan to teach with."
CORRECT_FIRST = "Correct or approve some B-scans first, or choose others."
BLIND = "The project is blind: a model is taught with your own corrections alone."


@dataclass(frozen=True, slots=True)
class Base:
    """A model that can be taught: `has_head` if it finds layers or lesions already."""

    id: str
    title: str
    has_head: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of a list to choose from: its key, what it is called, B-scans it is on."""

    key: str
    title: str
    n_b_scans: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is, given what is wanted.

    Attributes
    ----------
    n_b_scans, n_scans, n_patients : int
        To teach with.
    graders, structures : tuple of Part
        All to choose from, those left out too.
    scans : dict of str to str
        What scans of the project are called, by id.
    bases : tuple of Base
    base : Base or None
        The one that is taken.
    warnings : tuple of str
        What should be read first.
    how : tuple of str
        How the gain will be measured.
    only_grader : str
        Whose corrections alone may be taken; empty: as is wanted.
    problem, hint : str
        Why these cannot be taught, empty if they can.
    """

    n_b_scans: int = 0
    n_scans: int = 0
    n_patients: int = 0
    graders: tuple[Part, ...] = ()
    structures: tuple[Part, ...] = ()
    scans: Mapping[str, str] = field(default_factory=dict)
    bases: tuple[Base, ...] = ()
    base: Base | None = None
    warnings: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    only_grader: str = ""
    problem: str = ""
    hint: str = ""

    def chosen_structures(self, wanted: Wanted) -> tuple[str, ...]:
        """Return the structures to teach; empty: all there are."""
        if not wanted.left_out:
            return ()
        return tuple(part.key for part in self.structures if part.key not in wanted.left_out)


def survey(
    folder: Path,
    wanted: Wanted,
    author: str,
    engine: str,
    report: Callable[[float], None] = lambda _fraction: None,
) -> Survey:
    """Look at the project in `folder` and at the models here.

    Parameters
    ----------
    folder : Path
        It need not exist.
    wanted : Wanted
    author : str
        Who asks; in a blind project only their work counts.
    engine : str
        The engine chosen for segmentation; taught by default if it is a model.
    report : callable
        What it raises ends the reading.

    Raises
    ------
    ProjectError, ModelStoreError
    """
    from mirage_core.model.store.store import ModelStore
    from mirage_core.project import Project

    store = ModelStore()
    bases = _bases(store)
    base = _base(bases, wanted.base, engine)
    found = Survey(bases=bases, base=base, problem=NOTHING, hint=CORRECT_FIRST)
    if not (folder / "project.db").exists():
        return found
    with Project.open(folder, read_only=True) as project:
        warnings: tuple[str, ...] = ()
        if project.blind:
            wanted, warnings = replace(wanted, grader=author), (BLIND,)
            found = replace(found, only_grader=author)
        rows = project.worklist(author)
        scans = {row.scan.id: f"{row.scan.pseudonym}, {row.scan.title}" for row in rows}
        found = replace(found, graders=_graders(rows, wanted), scans=scans)
        data = _read(project, wanted, report)
    found = replace(found, structures=_structures(data))
    data = wanted.of(data)
    if not len(data):
        return replace(found, warnings=warnings)
    card = store.get(base.id).card if base is not None else None
    return _judged(found, data, card, wanted, warnings)


def _read(project: Project, wanted: Wanted, report: Callable[[float], None]) -> TeachingData:
    from mirage_core.project.teaching import collect

    return collect(project, wanted.choice(), report)


def _judged(
    found: Survey,
    data: TeachingData,
    card: ModelCard | None,
    wanted: Wanted,
    warnings: tuple[str, ...],
) -> Survey:
    """Count `data`, and say what is to be said of them, and whether `card` can learn them."""
    from mirage_core.training.finetune.concerns import concerns
    from mirage_core.training.finetune.errors import TeachError
    from mirage_core.training.finetune.split import curriculum
    from mirage_core.training.finetune.syllabus import syllabus

    config = wanted.config(found.base is not None and found.base.has_head)
    found = replace(
        found,
        n_b_scans=len(data),
        n_scans=len({b.scan for b in data.b_scans}),
        n_patients=len(data.patients),
        warnings=(*warnings, *concerns(data, config.gap_b_scans)),
    )
    if card is None:
        return replace(
            found, problem="There is no model here to teach.", hint="Models… can get one."
        )
    try:
        plan = curriculum(data, config)
        syllabus(card, data, config)
    except TeachError as error:
        return replace(found, problem=error.what, hint=error.hint)
    return replace(found, how=plan.notes, problem="", hint="")


def _bases(store: ModelStore) -> tuple[Base, ...]:
    """Return the models that look at B-scans and segment, or could once they have a head."""
    found = []
    for model in store.models():
        card = model.card
        if not any(domain.name == _DOMAIN for domain in card.spec.domains):
            continue
        segments = card.spec.head is not None and card.scheme is not None
        if segments or (card.spec.head is None and card.spec.classifier is None):
            found.append(Base(card.id, card.title, segments))
    return tuple(found)


def _base(bases: tuple[Base, ...], wanted: str, engine: str) -> Base | None:
    """Return the base model that is wanted, else the engine in use, else the starter."""
    by_id = {base.id: base for base in bases}
    for id in (wanted, engine, STARTER):
        if id in by_id:
            return by_id[id]
    return bases[0] if bases else None


def _graders(rows: Sequence[WorklistRow], wanted: Wanted) -> tuple[Part, ...]:
    """Return who corrected, and how many B-scans."""
    human = {State.APPROVED} if wanted.approved_only else {State.APPROVED, State.EDITED}
    counts: Counter[str] = Counter()
    for row in rows:
        if not wanted.scan or row.scan.id == wanted.scan:
            counts.update(_corrected(row, human))
    return tuple(Part(name, name, counts[name]) for name in sorted(counts))


def _corrected(row: WorklistRow, human: set[State]) -> Counter[str]:
    return Counter(
        {a.annotator: n for a in row.annotations if (n := sum(s in human for s in a.states))}
    )


def _structures(data: TeachingData) -> tuple[Part, ...]:
    """Return the surfaces that are drawn, top to bottom, and lesions as one."""
    counts = data.counts()
    looked = sum(b.masks is not None for b in data.b_scans)
    lesions = (Part(MASKS, "Fluid, lesions", looked),) if looked else ()
    return (*(Part(name, name, counts[name]) for name in data.surfaces), *lesions)
