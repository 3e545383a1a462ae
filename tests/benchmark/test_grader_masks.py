"""The simulated grader mends masks with the real tools, and counts."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session
from mirage_core.benchmark.aids import FOR_MASKS, Aid
from mirage_core.benchmark.effort import Act, Report
from mirage_core.benchmark.grader import SimulatedGrader
from mirage_core.benchmark.judging import Judge, Tolerance, Truth
from mirage_core.benchmark.outlining import outline_of, path_length, through
from mirage_core.measure.agreement import dice
from mirage_core.scan import FLUID_SCHEME, ArrayPixels, Masks, Scan, Surfaces
from tests.engines.layered import SPACING, draw

N, HEIGHT, WIDTH = 8, 300, 320
DRAWN = draw(n=N)
IRF, SRF, PED = 1, 2, 3
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def ellipse(z: float, x: float, rz: float, rx: float) -> np.ndarray:
    return ((ROWS - z) / rz) ** 2 + ((COLUMNS - x) / rx) ** 2 < 1


def true_labels() -> np.ndarray:
    """Return a cyst and a pocket of subretinal fluid on every B-scan."""
    labels = np.zeros((N, HEIGHT, WIDTH), np.uint8)
    labels[:, ellipse(120, 90, 12, 20)] = IRF
    labels[:, ellipse(150, 220, 8, 40)] = SRF
    return labels


def dark(labels: np.ndarray) -> np.ndarray:
    """Return B-scans in which fluid is dark."""
    return np.where(labels > 0, 4, DRAWN.b_scans).astype(np.uint8)


TRUE = true_labels()
TRUTH = Truth({}, TRUE, {"IRF": IRF, "SRF": SRF, "PED": PED})
SCAN = Scan(ArrayPixels(dark(TRUE)), spacing=SPACING)


def session(labels: np.ndarray) -> Session:
    names = ("ILM", "RPE", "BM")
    curves = np.stack([DRAWN.truth[name].astype(np.float32) for name in names])
    masks = Masks(labels, FLUID_SCHEME)
    one = Session(SCAN, author="simulated")
    one.adopt(Proposal(tuple(range(N)), Surfaces(curves, names), None, masks, "g", "G"))
    return one


def graded(labels: np.ndarray, *aids: Aid) -> tuple[Report, Session]:
    one = session(labels)
    return SimulatedGrader(one, TRUTH, None, frozenset(aids)).run(), one


def missed() -> np.ndarray:
    """Return the truth without its cyst."""
    return np.where(TRUE == IRF, 0, TRUE).astype(np.uint8)


def specked() -> np.ndarray:
    """Return the truth with four specks of another class on every B-scan."""
    labels = TRUE.copy()
    for x in (20, 140, 160, 300):
        labels[:, 110:113, x : x + 2] = PED
    return labels


def false_pocket() -> np.ndarray:
    """Return the truth with a pocket that is not there, on all B-scans."""
    labels = TRUE.copy()
    labels[:, ellipse(110, 250, 8, 15)] = IRF
    return labels


@pytest.mark.parametrize("wrong", [missed, specked, false_pocket])
@pytest.mark.parametrize("aids", [(), *((aid,) for aid in sorted(FOR_MASKS)), tuple(Aid)])
def test_every_class_ends_with_the_dice_that_is_wanted(wrong, aids: tuple[Aid, ...]) -> None:
    report, one = graded(wrong(), *aids)
    assert not report.unmet
    found = one.annotation.masks.labels
    for value in (IRF, SRF):
        assert min(dice(found[b] == value, TRUE[b] == value) for b in range(N)) >= 0.95
    assert not (found == PED).any()


def test_what_is_right_takes_no_interaction() -> None:
    assert graded(TRUE.copy())[0].per_b_scan == 0


def test_without_aids_every_region_takes_a_stroke() -> None:
    assert graded(missed())[0].interactions == {Act.STROKE: N}
    assert graded(false_pocket())[0].interactions == {Act.STROKE: N}
    assert graded(specked())[0].interactions == {Act.STROKE: 4 * N}


def test_a_rim_in_many_pieces_is_outlined_at_once() -> None:
    labels = TRUE.copy()
    # Every second row of the pocket is lacking.
    labels[:, ::2][labels[:, ::2] == SRF] = 0
    assert graded(labels)[0].interactions == {Act.STROKE: N}


def test_a_false_pocket_is_deleted_through_all_its_b_scans() -> None:
    report, one = graded(false_pocket(), Aid.POCKET)
    assert report.interactions == {Act.OFFER: 1, Act.ANSWER: 1}
    assert (one.annotation.masks.labels == TRUE).all()


def test_specks_are_tidied_away_with_one_key_a_b_scan() -> None:
    report, _ = graded(specked(), Aid.TIDY)
    assert report.interactions == {Act.TIDY: N}


def test_a_click_fills_a_pocket_that_was_missed() -> None:
    report, one = graded(missed(), Aid.FILL)
    assert report.interactions[Act.CLICK] == N
    assert {edit.tool for edit in one.history.done} >= {"fill"}


def test_corrected_pockets_are_carried_to_other_b_scans() -> None:
    report, _ = graded(missed(), Aid.PROPAGATE)
    assert report.interactions.total() <= 0.75 * N


@pytest.mark.parametrize("wrong", [specked, false_pocket])
def test_the_aids_together_halve_what_they_are_for(wrong) -> None:
    alone, helped = graded(wrong())[0], graded(wrong(), *Aid)[0]
    assert helped.interactions.total() <= 0.5 * alone.interactions.total()


def test_regions_are_named_until_the_dice_is_reached() -> None:
    labels = missed()
    labels[0, 110:113, 20:22] = IRF
    judge = Judge(session(labels).annotation, TRUTH, Tolerance(), 20)
    first = judge.regions(0, "IRF")
    assert [r.wanted for r in first] == [IRF]
    assert first[0].size == (TRUE[0] == IRF).sum()
    assert judge.regions(0, "SRF") == []
    assert judge.dice(0, IRF) == 0
    assert judge.dice(0, PED) == 1  # neither there nor should be


def test_an_outline_runs_around_a_region_and_its_holes() -> None:
    region = ellipse(50, 60, 10, 20)
    region[50, 60] = False
    path = np.array(outline_of(region))
    assert (path.min(axis=0) > (39, 39)).all()
    assert (path.max(axis=0) < (61, 81)).all()
    assert path_length(outline_of(region), (1, 1)) == pytest.approx(97, rel=0.1)


def test_a_small_region_is_painted_px_by_px() -> None:
    region = np.zeros((6, 8), bool)
    region[2, 3:6] = region[3, 4:7] = True
    assert [tuple(p) for p in through(region)] == [(2, 3), (2, 4), (2, 5), (3, 6), (3, 5), (3, 4)]
