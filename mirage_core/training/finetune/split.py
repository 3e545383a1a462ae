"""What is taught with and what is held back, so that the gain is measured on B-scans never seen.

By patient where there are several; with one patient by distance, which is said, since neighbours
are nearly the same picture; with few B-scans each is left out once. Imports no torch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.labelled import LabelledBScan, TeachingData

FEW = 8
"""With fewer B-scans each is left out once."""
FINAL = "final"
_LEAST_PATIENTS = 3
_MOST_DROPPED = 0.2

Rows = tuple[int, ...]


@dataclass(frozen=True)
class Lesson:
    """One training: B-scans by their number in the data.

    Attributes
    ----------
    name : str
        Of its folder. The one called :data:`FINAL` gives the model; the others measure.
    train, val, test : tuple of int
        To learn from; to choose the best moment with, perhaps none; to measure on, perhaps none.
    """

    name: str
    train: Rows
    val: Rows = ()
    test: Rows = ()


@dataclass(frozen=True)
class Curriculum:
    """All trainings of a run, in their order, and what there is to say about them.

    The one that gives the model comes first, so that whoever is in a hurry can stop after it.
    """

    lessons: tuple[Lesson, ...]
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> Rows:
        """B-scans the gain is measured on."""
        return tuple(i for lesson in self.lessons for i in lesson.test)


def curriculum(data: TeachingData, config: FinetuneConfig) -> Curriculum:
    """Return which trainings a run is made of.

    Raises
    ------
    TeachError
        If there is nothing to teach with.
    """
    n = len(data)
    if n == 0:
        raise TeachError(
            "There is no corrected B-scan to teach with.",
            "Correct or approve some B-scans first, or choose others.",
        )
    every = tuple(range(n))
    if any(b.part in ("val", "test") for b in data.b_scans):
        return _by_parts(data)
    if config.measure == "none":
        return Curriculum((Lesson(FINAL, every),), ("What is gained was not measured, as asked.",))
    if n == 1:
        return Curriculum(
            (Lesson(FINAL, every),),
            ("There is one B-scan only, so none is left to measure the gain on.",),
        )
    if config.measure == "loo" or (config.measure == "auto" and n < FEW):
        return _leaving_out(data, config)
    return _split(data, config)


def near(one: LabelledBScan, other: LabelledBScan, gap: int) -> bool:
    """Return whether two B-scans of one scan are `gap` numbers apart or less."""
    return one.scan == other.scan and abs(one.b_scan - other.b_scan) <= gap


def _by_parts(data: TeachingData) -> Curriculum:
    train, val, test = (_rows(data, _in_part(name)) for name in ("train", "val", "test"))
    if not train:
        raise TeachError("The part train/ holds no B-scans.", "Put B-scans to learn from there.")
    notes: tuple[str, ...] = ()
    if not test:
        test = val
        notes = (
            "There is no part test/: the gain is measured on val/, with which the best moment is "
            "chosen too, and so looks a little better than it is.",
        )
    return Curriculum((Lesson(FINAL, train, val, test),), notes)


def _in_part(name: str) -> Callable[[LabelledBScan], bool]:
    return lambda b: (b.part or "train") == name


def _leaving_out(data: TeachingData, config: FinetuneConfig) -> Curriculum:
    b_scans, every = data.b_scans, range(len(data))
    lessons = [Lesson(FINAL, tuple(every))]
    by_patient = len(data.patients) >= _LEAST_PATIENTS
    notes = [_left_out_note(len(data.patients), by_patient)]
    if by_patient:
        groups = [_rows(data, _of_patient(p)) for p in data.patients]
    else:
        groups = [(i,) for i in every]
    crowded = False
    for number, test in enumerate(groups, 1):
        rest = [i for i in every if i not in test]
        apart = _apart(b_scans, rest, test, config.gap_b_scans)
        crowded |= not apart
        lessons.append(Lesson(f"without-{number}", apart or tuple(rest), test=test))
    if crowded:
        notes.append(
            "Some B-scans have only neighbours to learn from, which are nearly the same picture: "
            "the gain looks better than it is."
        )
    return Curriculum(tuple(lessons), tuple(notes))


def _of_patient(name: str) -> Callable[[LabelledBScan], bool]:
    return lambda b: b.patient == name


def _left_out_note(n_patients: int, by_patient: bool) -> str:
    if by_patient:
        return f"The gain is measured by leaving each of {n_patients} patients out once."
    whose = "one patient" if n_patients == 1 else "two patients"
    return (
        f"The gain is measured by leaving each B-scan out once. They are of {whose}: expect less "
        "on other eyes."
    )


def _split(data: TeachingData, config: FinetuneConfig) -> Curriculum:
    every = tuple(range(len(data)))
    if len(data.patients) > 1:
        train, test = _by_patient(data, every, config.held_out, config.seed)
        notes = ["B-scans are held back by patient: none of a patient's is taught with."]
    else:
        train, test, note = _by_distance(data, every, config)
        notes = [note]
    if config.refit:
        notes.append(
            "The gain is that of a model taught without the B-scans held back; the model you get "
            "is taught with all."
        )
        lessons = (Lesson(FINAL, every), Lesson("measured", train, test=test))
        return Curriculum(lessons, tuple(notes))
    val: Rows = ()
    if len({data.b_scans[i].patient for i in train}) > 1:
        train, val = _by_patient(data, train, config.held_out, config.seed + 1)
    elif len(train) >= FEW:
        train, val, _ = _by_distance(data, train, config)
    return Curriculum((Lesson(FINAL, train, val, test),), tuple(notes))


def _by_patient(data: TeachingData, rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Hold back whole patients, about `share` of the B-scans, at least one patient."""
    patients = sorted({data.b_scans[i].patient for i in rows})
    random.Random(seed).shuffle(patients)
    of = {p: [i for i in rows if data.b_scans[i].patient == p] for p in patients}
    wanted = share * len(rows)
    held: list[int] = []
    for patient in patients[:-1]:
        if held and len(held) + len(of[patient]) / 2 > wanted:
            continue
        held += of[patient]
    return tuple(i for i in rows if i not in held), tuple(sorted(held))


def _by_distance(data: TeachingData, rows: Rows, config: FinetuneConfig) -> tuple[Rows, Rows, str]:
    """Hold back runs of B-scans, as many runs as leave enough once their neighbours are dropped."""
    order = sorted(rows, key=lambda i: (data.b_scans[i].scan, data.b_scans[i].b_scan))
    n_test = max(2, round(config.held_out * len(order)))
    train, test = _runs(data, order, n_test, 1, config.gap_b_scans)
    for n_runs in range(n_test, 1, -1):
        more, apart = _runs(data, order, n_test, n_runs, config.gap_b_scans)
        if len(order) - len(more) - len(apart) <= _MOST_DROPPED * len(order):
            train, test = more, apart
            break
    if not train:
        train = tuple(i for i in order if i not in test)
    dropped = len(order) - len(train) - len(test)
    note = (
        f"All B-scans are of one patient. Those held back are more than {config.gap_b_scans} "
        f"B-scans away from those taught with{_dropped(dropped)}, as neighbours are nearly the "
        "same picture; still they are of the same eye: expect less on other eyes."
    )
    return tuple(sorted(train)), tuple(sorted(test)), note


def _runs(
    data: TeachingData, order: Sequence[int], n_test: int, n_runs: int, gap: int
) -> tuple[Rows, Rows]:
    """Return train and test with `n_runs` runs of test B-scans, evenly placed in `order`."""
    lengths = [n_test // n_runs + (r < n_test % n_runs) for r in range(n_runs)]
    test: list[int] = []
    for r, length in enumerate(lengths):
        middle = (2 * r + 1) * len(order) / (2 * n_runs)
        first = min(max(round(middle - length / 2), 0), len(order) - length)
        test += order[first : first + length]
    train = _apart(data.b_scans, [i for i in order if i not in test], test, gap)
    return train, tuple(dict.fromkeys(test))


def _apart(
    b_scans: Sequence[LabelledBScan], rows: Sequence[int], test: Sequence[int], gap: int
) -> Rows:
    """Return which of `rows` are no neighbours of a B-scan in `test`."""
    return tuple(i for i in rows if not any(near(b_scans[i], b_scans[j], gap) for j in test))


def _dropped(n: int) -> str:
    if not n:
        return ""
    return f" ({n} between them {'is' if n == 1 else 'are'} not used for measuring)"


def _rows(data: TeachingData, wanted: Callable[[LabelledBScan], bool]) -> Rows:
    return tuple(i for i, b in enumerate(data.b_scans) if wanted(b))
