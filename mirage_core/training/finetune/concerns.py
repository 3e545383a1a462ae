"""What is to be said about data before a model is taught with them. Imports no torch."""

from __future__ import annotations

from itertools import pairwise

from mirage_core.training.finetune.labelled import LESION_NAMES, SURFACE_NAMES, TeachingData

_FEW = 4
_RARE = 3
_SPACING_APART = 0.2
_UNSPECIFIC = "FLUID"
"""What is no lesion of its own: nobody misses it."""


def concerns(data: TeachingData, gap_b_scans: int = 2) -> tuple[str, ...]:
    """Return sentences a clinician should read before teaching with `data`; none if all is well."""
    return (
        *data.notes,
        *_too_few(data),
        *_one_patient(data),
        *_rare(data),
        *_absent(data),
        *_gaps(data),
        *_spacing(data),
        *_neighbours(data, gap_b_scans),
    )


def _too_few(data: TeachingData) -> list[str]:
    n = len(data)
    if n >= _FEW:
        return []
    b_scans = "There is 1 B-scan" if n == 1 else f"There are {n} B-scans"
    return [f"{b_scans}; from eight on, spread over the scan, a model learns noticeably more."]


def _one_patient(data: TeachingData) -> list[str]:
    if len(data.patients) > 1 or len(data) < 2:
        return []
    return ["All B-scans are of one patient: the model may learn this eye rather than all eyes."]


def _rare(data: TeachingData) -> list[str]:
    counts = data.counts()
    if data.info is not None:
        return _rare_classes(data)
    rare = [name for name in (*data.surfaces, *data.lesions) if counts[name] < _RARE]
    if not rare or len(data) < _RARE:
        return []
    return [f"{_listed(rare)} {_is(rare)} on fewer than {_RARE} B-scans: expect little of it."]


def _rare_classes(data: TeachingData) -> list[str]:
    assert data.info is not None
    taught = [b for b in data.b_scans if b.part in ("", "train")]
    absent = [
        label
        for index, label in enumerate(data.info.labels)
        if not any(b.classes is not None and (b.classes == index).any() for b in taught)
    ]
    if not absent:
        return []
    return [f"{_listed(absent)} {_is(absent)} on no B-scan to learn from: it cannot be learnt."]


def _absent(data: TeachingData) -> list[str]:
    """Say which lesions were looked for and found nowhere: seeing none, a model marks less."""
    looked = [b.looked_for for b in data.b_scans if b.masks is not None]
    asked = [n for n in LESION_NAMES if n != _UNSPECIFIC and any(n in x for x in looked)]
    absent = [n for n in asked if n not in data.lesions]
    if not absent or data.info is not None:
        return []
    if not data.lesions:
        return ["No lesion is marked on any of these B-scans: the model will mark fewer of them."]
    it = "it" if len(absent) == 1 else "them"
    return [
        f"{_listed(absent)} {_is(absent)} on none of these B-scans: the model may mark less of "
        f"{it}. A B-scan that shows {it} helps."
    ]


def _gaps(data: TeachingData) -> list[str]:
    """Say which surfaces are drawn on some B-scans only; a lesion may be absent, a surface not."""
    counts = data.counts()
    partly = [name for name in SURFACE_NAMES if 0 < counts[name] < len(data)]
    if not partly or data.info is not None:
        return []
    return [
        f"{_listed(partly)} {_is(partly)} not corrected on every B-scan; where not, the base "
        "model's own opinion stands in."
    ]


def _spacing(data: TeachingData) -> list[str]:
    for axis, word in (("z", "depth"), ("x", "lateral")):
        known = [mm for b in data.b_scans if (mm := b.spacing[axis].mm) is not None]
        if known and max(known) > (1 + _SPACING_APART) * min(known):
            return [
                f"The {word} scale differs between scans ({1000 * min(known):.1f} to "
                f"{1000 * max(known):.1f} µm/px): layers look thicker in some than in others."
            ]
        if known and len(known) < len(data):
            return [f"The {word} scale of some scans is unknown; errors are told in px alone."]
    return []


def _neighbours(data: TeachingData, gap: int) -> list[str]:
    places = sorted({(b.scan, b.b_scan) for b in data.b_scans})
    close = sum(one[0] == other[0] and other[1] - one[1] <= gap for one, other in pairwise(places))
    if 2 * close <= len(places) or len(places) < _RARE:
        return []
    return [
        "Most B-scans are neighbours, which are nearly the same picture; evenly spaced ones teach "
        "more."
    ]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
