"""What is taught with and what is held back, by patient. Imports no torch."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.finetune.errors import TeachError

FINAL = "final"
Rows = tuple[int, ...]


@dataclass(frozen=True)
class Lesson:
    """One training: examples by their number in the data.

    Attributes
    ----------
    name : str
        The one called :data:`FINAL` gives the model; the others measure.
    train, val, test : tuple of int
        To learn from; to stop early by, perhaps none; to measure on, perhaps none.
    """

    name: str
    train: Rows
    val: Rows = ()
    test: Rows = ()


@dataclass(frozen=True)
class Plan:
    """All trainings of a run, the one that gives the model first, and what to say about them."""

    lessons: tuple[Lesson, ...]
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> Rows:
        """Examples that are measured on."""
        return tuple(i for lesson in self.lessons for i in lesson.test)


def plan_of(data: ClassData, config: ClassifyConfig) -> Plan:
    """Return which trainings a run is made of.

    Raises
    ------
    TeachError
        If there is nothing to tell apart.
    """
    _must_differ(data)
    if any(e.part in ("val", "test") for e in data.examples):
        return _by_parts(data)
    every = tuple(range(len(data)))
    alone = (Lesson(FINAL, every),)
    if config.measure == "none":
        return Plan(alone, ("What the model tells was not measured, as asked.",))
    groups, apart = _groups(data, config)
    if len(groups) < 2:
        return Plan(
            alone,
            (
                "There are too few patients to hold any back, so it is not known how well the "
                "model tells other patients.",
            ),
        )
    notes = list(_apart_note(data, apart))
    if config.in_folds:
        notes.append(
            f"Each patient is held back in one of {len(groups)} folds; the figures are of models "
            "taught without them, the model you get is taught with all."
        )
    else:
        groups = groups[:1]
        notes.append(
            "The figures are of a model taught without the patients held back; the model you get "
            "is taught with all."
        )
    measuring = tuple(
        Lesson(f"without-{k}", tuple(i for i in every if i not in set(test)), test=test)
        for k, test in enumerate(groups, 1)
    )
    return Plan((*alone, *measuring), tuple(notes))


def folds_of(data: ClassData, rows: Rows, n: int, seed: int) -> list[Rows]:
    """Return `rows` in at most `n` folds, a patient in one only, classes spread over all.

    Patients without whom a class could not be learnt are in none.
    """
    own: dict[str, list[int]] = {}
    for i in rows:
        own.setdefault(data.examples[i].patient, []).append(i)
    counts = {p: Counter(c for i in of for c in data.examples[i].classes) for p, of in own.items()}
    spread = Counter(c for of in counts.values() for c in of)
    movable = [p for p in sorted(own) if all(spread[c] > 1 for c in counts[p])]
    random.Random(seed).shuffle(movable)
    # Rare classes first, so that their patients come into different folds.
    movable.sort(key=lambda p: min((spread[c] for c in counts[p]), default=len(own)))
    least = min((spread[c] for p in movable for c in counts[p]), default=len(movable))
    n = max(1, min(n, len(movable), least))
    total: Counter[int] = Counter()
    for of in counts.values():
        total.update(of)
    folds: list[list[str]] = [[] for _ in range(n)]
    held: list[Counter[int]] = [Counter() for _ in range(n)]

    def crowded(k: int, p: str) -> tuple[float, int]:
        return sum(m * held[k][c] / total[c] for c, m in counts[p].items()), len(folds[k])

    for p in movable:
        k = min(range(n), key=lambda k: crowded(k, p))
        folds[k].append(p)
        held[k].update(counts[p])
    for fold in folds:
        for c in spread:
            # A patient with several classes may have brought all who have one into one fold.
            if sum(c in counts[p] for p in fold) == spread[c]:
                fold.remove(next(p for p in fold if c in counts[p]))
    return [tuple(sorted(i for p in fold for i in own[p])) for fold in folds if fold]


def _groups(data: ClassData, config: ClassifyConfig) -> tuple[list[Rows], Rows]:
    """Return what is held back together, and what never is."""
    every = tuple(range(len(data)))
    n = config.folds if config.in_folds else max(2, round(1 / config.held_out))
    groups = folds_of(data, every, n, config.seed)
    held = {i for group in groups for i in group}
    return groups, tuple(i for i in every if i not in held)


def _must_differ(data: ClassData) -> None:
    taught = [e for e in data.examples if e.part in ("", "train")]
    if not taught:
        raise TeachError(
            "There is nothing labelled to learn from.", "Label some B-scans or scans first."
        )
    counts = Counter(c for e in taught for c in e.classes)
    if not data.multi_label and len(counts) < 2:
        name = data.labels[next(iter(counts))]
        raise TeachError(
            f"All there is to learn from is labelled {name!r}; nothing is to be told apart.",
            "Label something otherwise too.",
        )
    one_sided = [k for k in range(len(data.labels)) if counts[k] in (0, len(taught))]
    if data.multi_label and len(one_sided) == len(data.labels):
        raise TeachError(
            "No label holds for some and not for others; nothing is to be told apart.",
            "Label more, also what no label holds for.",
        )


def _by_parts(data: ClassData) -> Plan:
    rows: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for i, e in enumerate(data.examples):
        rows[e.part or "train"].append(i)
    train, val, test = (tuple(rows[part]) for part in ("train", "val", "test"))
    notes = []
    if not test:
        test = val
        notes.append(
            "There is no part test/: the figures are those of val/, by which the best moment is "
            "chosen too, and so look a little better than they are."
        )
    patients = [{data.examples[i].patient for i in part} for part in (train, tuple(test))]
    both = len(patients[0] & patients[1])
    if both:
        words = "1 patient is" if both == 1 else f"{both} patients are"
        notes.append(
            f"By the names of files {words} both taught with and measured on: the figures look "
            "better than they are."
        )
    return Plan((Lesson(FINAL, train, val, test),), tuple(notes))


def _apart_note(data: ClassData, apart: Rows) -> tuple[str, ...]:
    if not apart:
        return ()
    n = len({data.examples[i].patient for i in apart})
    who = "1 patient is" if n == 1 else f"{n} patients are"
    return (
        f"{who} never held back, without whom a class could not be learnt: how well it is told in "
        "others is not known.",
    )
