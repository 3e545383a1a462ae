"""What is to be said about labelled examples before a model is taught with them. No torch."""

from __future__ import annotations

from collections import Counter

from mirage_core.training.classify.examples import ClassData

_FEW_PATIENTS = 5
_LOPSIDED = 10


def concerns(data: ClassData) -> tuple[str, ...]:
    """Return sentences a clinician should read before teaching with `data`; none if all is well."""
    return (*data.notes, *_one_patient(data), *_rare(data), *_absent(data), *_lopsided(data))


def same_pictures(data: ClassData, marks: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what there is to say about examples with the same pixels.

    Parameters
    ----------
    data : ClassData
    marks : list of tuple of str
        SHA-256 of the B-scans of each example.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, mark in enumerate(marks):
        groups.setdefault(mark, []).append(i)
    twice = [rows for rows in groups.values() if len(rows) > 1]
    said = []
    differ = sum(len({data.examples[i].classes for i in rows}) > 1 for rows in twice)
    if differ:
        what = "1 picture is" if differ == 1 else f"{differ} pictures are"
        said.append(f"{what} labelled in several ways, so they contradict each other.")
    apart = sum(
        len({data.examples[i].part for i in rows}) > 1
        or len({data.examples[i].patient for i in rows}) > 1
        for rows in twice
    )
    if apart:
        what = "1 picture is" if apart == 1 else f"{apart} pictures are"
        said.append(
            f"{what} there under several names: what is measured may look better than it is."
        )
    return tuple(said)


def _taught(data: ClassData) -> ClassData:
    kept = tuple(e for e in data.examples if e.part in ("", "train"))
    return ClassData(kept, data.labels, data.multi_label)


def _one_patient(data: ClassData) -> list[str]:
    if len(_taught(data).patients) != 1:
        return []
    return ["All examples are of one patient: the model may learn this eye rather than a disease."]


def _rare(data: ClassData) -> list[str]:
    patients = Counter(
        c for c, _ in {(c, e.patient) for e in _taught(data).examples for c in e.classes}
    )
    rare = [name for k, name in enumerate(data.labels) if 0 < patients[k] < _FEW_PATIENTS]
    if not rare:
        return []
    return [f"{_listed(rare)}: fewer than {_FEW_PATIENTS} patients; expect little of it in others."]


def _absent(data: ClassData) -> list[str]:
    counts = _taught(data).counts()
    absent = [name for k, name in enumerate(data.labels) if not counts[k]]
    if not absent:
        return []
    return [f"{_listed(absent)}: nothing is labelled so, so it cannot be learnt."]


def _lopsided(data: ClassData) -> list[str]:
    counts = [n for n in _taught(data).counts().values() if n]
    if data.multi_label or len(counts) < 2 or max(counts) < _LOPSIDED * min(counts):
        return []
    return [
        f"The most frequent label is there {max(counts)} times, the rarest {min(counts)} times: "
        "probabilities follow that, so look at the figures of each class."
    ]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
