"""Whereabouts: layers and fluid agree, or it is seen where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation, Session, State
from mirage_core.annotate.whereabouts import (
    TOLERANCE_PX,
    WHEREABOUTS,
    b_scans_with_violations,
    count_violations,
    fix_violations,
    violations,
)
from mirage_core.scan import FLUID_SCHEME, LabelScheme, MaskClass
from mirage_core.simulate import EyeParameters, Lesion, Pathology, simulate_eye
from tests.annotate.eyes import B_SCANS, HEIGHT, WIDTH, flat, scan, state_of

DEPTHS = {
    "ILM": 10.0, "OPL/ONL": 25.0, "ELM": 32.0, "EZ": 36.0, "OS/RPE": 44.0, "RPE": 50.0, "BM": 60.0,
}  # fmt: skip
BOUNDS = {
    "IRF": (10, 44),
    "SRF": (25, 50),
    "SHRM": (25, 50),
    "PED": (50, 60),
    "DRUSEN": (50, 60),
    "FLUID": (10, 60),
}
COLUMNS = slice(20, 23)


def eye(**depths: float) -> Session:
    """Return a session with level surfaces on every B-scan, without marks."""
    one = scan()
    annotation = Annotation.for_scan(one)
    annotation.surfaces.values[...] = flat({**DEPTHS, **depths})[:, None]
    return Session(one, annotation, "grader")


def rows_found(annotation: Annotation, name: str) -> list[int]:
    """Return the rows in which `name`, painted from top to bottom, is where it cannot be."""
    annotation.masks.labels[0] = 0
    annotation.masks.labels[0, :, COLUMNS] = FLUID_SCHEME.by_name(name).value
    bad = violations(annotation, 0)
    assert not np.delete(bad, np.arange(20, 23), axis=1).any()
    assert (bad[:, COLUMNS].all(axis=1) == bad[:, COLUMNS].any(axis=1)).all()
    return np.flatnonzero(bad[:, 20]).tolist()


def rows_outside(top: int, bottom: int) -> list[int]:
    return [*range(top - TOLERANCE_PX), *range(bottom + TOLERANCE_PX, HEIGHT)]


@pytest.mark.parametrize("name", WHEREABOUTS)
def test_every_class_may_be_between_its_surfaces_give_or_take_two_px(name: str) -> None:
    assert rows_found(eye().annotation, name) == rows_outside(*BOUNDS[name])


def test_every_class_of_the_scheme_has_its_whereabouts() -> None:
    assert set(WHEREABOUTS) == {c.name for c in FLUID_SCHEME}


def test_surfaces_between_rows_are_rounded_as_layers_are() -> None:
    annotation = eye(**{"OPL/ONL": 25.6, "RPE": 50.4}).annotation
    assert rows_found(annotation, "SRF") == rows_outside(26, 50)


def test_where_the_outer_bound_of_cysts_is_unknown_the_next_one_counts() -> None:
    annotation = eye(**{"OS/RPE": np.nan}).annotation
    assert rows_found(annotation, "IRF") == rows_outside(10, 36)
    annotation.surfaces["EZ"][...] = np.nan
    assert rows_found(annotation, "IRF") == rows_outside(10, 50)
    annotation.surfaces["RPE"][...] = np.nan
    assert rows_found(annotation, "IRF") == []


@pytest.mark.parametrize("name", ["OPL/ONL", "RPE"])
def test_columns_without_a_bound_are_not_judged(name: str) -> None:
    annotation = eye().annotation
    annotation.masks.labels[0] = 2
    annotation.surfaces[name][0, :30] = np.nan
    bad = violations(annotation, 0)
    assert not bad[:, :30].any()
    assert bad[0, 30:].all()


def test_fluid_over_which_the_outer_layers_were_not_lifted_is_not_blamed() -> None:
    annotation = eye(**{"ELM": 46, "EZ": 47, "OS/RPE": 49}).annotation
    annotation.masks.labels[0, 30:50, 10:40] = 2
    assert not violations(annotation, 0).any()


def test_classes_are_known_by_name_and_others_are_not_judged() -> None:
    annotation = eye().annotation
    other = LabelScheme(
        "other", (MaskClass(1, "DRUSEN", "", (0, 0, 0)), MaskClass(9, "CYST", "", (0, 0, 0)))
    )
    annotation.masks.scheme = other
    annotation.masks.labels[0, 30, 5] = 1
    annotation.masks.labels[0, 30, 6] = 9
    annotation.masks.labels[0, 2, 7] = 77
    assert np.argwhere(violations(annotation, 0)).tolist() == [[30, 5]]


def test_b_scans_are_counted_one_by_one() -> None:
    annotation = eye().annotation
    annotation.masks.labels[1, 2:4, 5:8] = 1
    annotation.masks.labels[:, 20:24, 5:8] = 1
    assert count_violations(annotation).tolist() == [0, 6, 0]
    assert b_scans_with_violations(annotation) == (1,)


def misplaced() -> Session:
    """Return an eye with IRF in the vitreous and PED in the retina on B-scans 0 and 2."""
    one = eye()
    for b in (0, 2):
        one.annotation.masks.labels[b, 2:6, 5:15] = 1
        one.annotation.masks.labels[b, 20:24, 5:15] = 1
        one.annotation.masks.labels[b, 30:34, 5:15] = 3
    return one


def test_fixing_is_one_edit_that_removes_only_what_is_misplaced() -> None:
    one = misplaced()
    before = state_of(one.annotation)
    edit = fix_violations(one, range(B_SCANS))
    assert edit is not None
    assert (edit.b_scans, edit.label) == ((0, 2), "Misplaced masks removed on 2 B-scans")
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[20:24, 5:15] = 1
    assert (one.annotation.masks.labels[0] == expected).all()
    assert one.annotation.states[-1].tolist() == [State.EDITED, State.UNSEEN, State.EDITED]
    assert b_scans_with_violations(one.annotation) == ()
    assert fix_violations(one, range(B_SCANS)) is None
    one.undo()
    assert state_of(one.annotation) == before


def test_fixing_keeps_to_the_b_scans_asked_for_and_to_locks() -> None:
    one = misplaced()
    assert fix_violations(one, [1]) is None
    assert fix_violations(one, [0], frozenset({1, 3})) is None
    assert one.history.done == []
    fix_violations(one, [0], frozenset({3}))
    labels = one.annotation.masks.labels
    assert not labels[0, 2:6].any()
    assert (labels[0, 30:34, 5:15] == 3).all()
    assert (labels[2, 2:6, 5:15] == 1).all()


@pytest.mark.parametrize(
    ("kinds", "classes"),
    [
        (("drusen", "ped", "irf", "srf"), {"DRUSEN", "PED", "IRF", "SRF"}),
        (("irf", "shrm", "srf"), {"IRF", "SHRM", "SRF"}),
    ],
)
def test_in_a_simulated_eye_all_is_where_it_may_be(
    kinds: tuple[str, ...], classes: set[str]
) -> None:
    lesions = tuple(Lesion(Pathology(kind), 0.7) for kind in kinds)
    ill = simulate_eye(
        EyeParameters(shape=(5, 496, 192), field_mm=(1.2, 1.92, 5.8), pathology=lesions), seed=5
    )
    annotation = Annotation.empty(ill.scan.shape)
    annotation.surfaces, annotation.masks = ill.surfaces, ill.masks
    present = {c.name for c in FLUID_SCHEME if (ill.masks.labels == c.value).any()}
    assert present == classes
    marked = np.count_nonzero(ill.masks.labels)
    assert count_violations(annotation).sum() <= 0.001 * marked
    # Taken for a detachment, all that lies in or under the retina is misplaced but its edges.
    upper = np.isin(ill.masks.labels, (1, 2, 4))
    ill.masks.labels[upper] = 3
    assert count_violations(annotation).sum() > 0.8 * np.count_nonzero(upper)
