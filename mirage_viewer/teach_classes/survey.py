"""Survey: what is labelled in the project and which models can be taught it. For a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_viewer.engines import STARTER
from mirage_viewer.teach_classes.wanted import ClassWanted
from mirage_viewer.teach_classes.words import about_recipe

if TYPE_CHECKING:
    from mirage_core.model.store.store import ModelStore
    from mirage_core.project.class_teaching import Level
    from mirage_core.project.label_set import Label
    from mirage_core.training.classify.examples import ClassData

_DOMAIN = "bscan"
NOTHING = "There is nothing labelled to teach with."
LABEL_FIRST = "Label some B-scans or scans first (Scan, Labels)."
NO_MODEL = "There is no model here to begin with."
BLIND = "The project is blind: a model is taught with your own labels alone."


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A label, how many examples have it, and of how many patients they are."""

    name: str
    n: int
    patients: int


@dataclass(frozen=True, slots=True)
class ClassSurvey:
    """What there is, given what is wanted.

    Attributes
    ----------
    level : str
        What is taught: labels of B-scans (``b_scan``) or of scans as a whole (``scan``).
    n : int
        Examples to teach with.
    n_patients : int
    n_by_level : dict of str to int
        Labelled B-scans and scans, by level.
    classes : tuple of ClassCount
    graders : tuple of str
        Who labelled.
    bases : tuple of (str, str)
        Id and title of the models there are to begin with.
    base : (str, str) or None
        The one that is taken.
    warnings : tuple of str
        What should be read first.
    how : tuple of str
        How it will be measured.
    about : tuple of str
        What is to be known of the recipe.
    of_volumes : bool
        Whether labels are of several B-scans together.
    only_grader : str
        Whose labels alone may be taken; empty: as is wanted.
    problem, hint : str
        Why these cannot be taught, empty if they can.
    """

    level: Level = "b_scan"
    n: int = 0
    n_patients: int = 0
    n_by_level: tuple[tuple[str, int], ...] = (("b_scan", 0), ("scan", 0))
    classes: tuple[ClassCount, ...] = ()
    graders: tuple[str, ...] = ()
    bases: tuple[tuple[str, str], ...] = ()
    base: tuple[str, str] | None = None
    warnings: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    of_volumes: bool = False
    only_grader: str = ""
    problem: str = ""
    hint: str = ""


def survey(folder: Path, wanted: ClassWanted, author: str) -> ClassSurvey:
    """Look at the project in `folder` and at the models here.

    Parameters
    ----------
    folder : Path
        It need not exist.
    wanted : ClassWanted
    author : str
        Who asks; in a blind project only their labels count.

    Raises
    ------
    ProjectError, ModelStoreError
    """
    from mirage_core.model.store.store import ModelStore
    from mirage_core.project import Project
    from mirage_core.project.class_teaching import collect_classes

    bases = _bases(ModelStore())
    found = ClassSurvey(bases=bases, base=_base(bases, wanted.base), problem=NOTHING)
    found = replace(found, hint=LABEL_FIRST)
    if not (folder / "project.db").exists():
        return found
    with Project.open(folder, read_only=True) as project:
        if project.blind:
            wanted = replace(wanted, grader=author)
            found = replace(found, only_grader=author, warnings=(BLIND,))
        given = [label for of_scan in project.labels.all(author).values() for label in of_scan]
        found = replace(found, graders=tuple(sorted({label.annotator for label in given})))
        found = _levels(found, given, wanted)
        data = collect_classes(project, wanted.choice(found.level))
    return _judged(found, data, wanted)


def _levels(found: ClassSurvey, given: list[Label], wanted: ClassWanted) -> ClassSurvey:
    """Count what is labelled, and choose what is taught."""
    own = [n for n in given if not wanted.grader or n.annotator == wanted.grader]
    b_scans = len({(n.scan_id, n.b_scan) for n in own if n.b_scan is not None})
    scans = len({n.scan_id for n in own if n.b_scan is None})
    usual: Level = "scan" if scans and not b_scans else "b_scan"
    level: Level = "scan" if wanted.level == "scan" else "b_scan" if wanted.level else usual
    return replace(found, level=level, n_by_level=(("b_scan", b_scans), ("scan", scans)))


def _judged(found: ClassSurvey, data: ClassData, wanted: ClassWanted) -> ClassSurvey:
    """Count `data`, and say what is to be said of them, and whether they can be learnt."""
    from mirage_core.training.classify.concerns import concerns
    from mirage_core.training.classify.split import plan_of
    from mirage_core.training.finetune.errors import TeachError

    counts = data.counts()
    of = {(c, e.patient) for e in data.examples for c in e.classes}
    classes = tuple(
        ClassCount(name, counts[k], sum(c == k for c, _ in of))
        for k, name in enumerate(data.labels)
    )
    found = replace(found, n=len(data), n_patients=len(data.patients), classes=classes)
    found = replace(found, of_volumes=data.of_volumes)
    if not len(data):
        return replace(found, warnings=(*found.warnings, *data.notes))
    found = replace(found, warnings=(*found.warnings, *concerns(data)))
    if found.base is None:
        return replace(found, problem=NO_MODEL, hint="Models… can get one.")
    try:
        config = wanted.config(of_volumes=found.of_volumes)
        found = replace(found, about=about_recipe(config, of_volumes=found.of_volumes))
        plan = plan_of(data, config)
    except TeachError as error:
        return replace(found, problem=error.what, hint=error.hint)
    return replace(found, how=plan.notes, problem="", hint="")


def _bases(store: ModelStore) -> tuple[tuple[str, str], ...]:
    """Return the models that look at B-scans, whatever head they have."""
    return tuple(
        (model.card.id, model.card.title)
        for model in store.models()
        if any(domain.name == _DOMAIN for domain in model.card.spec.domains)
    )


def _base(bases: tuple[tuple[str, str], ...], wanted: str) -> tuple[str, str] | None:
    """Return the model that is wanted, else the starter, else the first."""
    by_id = dict(bases)
    for id in (wanted, STARTER):
        if id in by_id:
            return id, by_id[id]
    return bases[0] if bases else None
