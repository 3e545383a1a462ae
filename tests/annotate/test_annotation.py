"""Annotation: what a freshly opened scan knows, and how far each B-scan has come."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import MASKS, Annotation, State, Target
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from tests.annotate.eyes import B_SCANS, HEIGHT, NAMES, WIDTH


@pytest.fixture
def vendor_scan() -> Scan:
    values = np.full((3, B_SCANS, WIDTH), np.nan, np.float32)
    values[0, 1] = 60
    values[1, :, 5:] = 10
    values[2] = 2
    return Scan(
        ArrayPixels(np.zeros((B_SCANS, HEIGHT, WIDTH), np.uint8)),
        vendor_surfaces=Surfaces(values, ("BM", "ILM", "VIT")),
    )


def test_vendor_surfaces_take_their_places_and_others_come_last(vendor_scan: Scan) -> None:
    annotation = Annotation.for_scan(vendor_scan)
    assert annotation.surfaces.names == (*NAMES, "VIT")
    assert (annotation.surfaces["ILM"][:, 5:] == 10).all()
    assert np.isnan(annotation.surfaces["RPE"]).all()
    states = annotation.states[annotation.surfaces.index("BM")]
    assert states.tolist() == [State.UNSEEN, State.VENDOR, State.UNSEEN]
    assert annotation.structures == (*NAMES, "VIT", MASKS)


def test_the_scan_s_own_surfaces_are_never_written_into(vendor_scan: Scan) -> None:
    annotation = Annotation.for_scan(vendor_scan)
    annotation.surfaces["ILM"][...] = 0
    assert vendor_scan.vendor_surfaces is not None
    assert (vendor_scan.vendor_surfaces["ILM"][:, 5:] == 10).all()


def test_present_surfaces_are_those_finite_anywhere(vendor_scan: Scan) -> None:
    annotation = Annotation.for_scan(vendor_scan)
    names = [annotation.surfaces.names[s] for s in annotation.present_surfaces()]
    assert names == ["ILM", "BM", "VIT"]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], State.UNSEEN),
        ([State.VENDOR], State.VENDOR),
        ([State.VENDOR, State.PREDICTED], State.PREDICTED),
        ([State.PREDICTED, State.EDITED], State.EDITED),
        ([State.APPROVED, State.APPROVED], State.APPROVED),
        ([State.APPROVED, State.PREDICTED], State.EDITED),
    ],
)
def test_the_state_of_a_b_scan_sums_up_its_structures(states: list[State], expected: State) -> None:
    annotation = Annotation.empty((B_SCANS, HEIGHT, WIDTH))
    annotation.states[: len(states), 1] = states
    assert annotation.b_scan_states() == (State.UNSEEN, expected, State.UNSEEN)


def test_every_target_names_an_array_that_patches_can_write_into() -> None:
    annotation = Annotation.empty((B_SCANS, HEIGHT, WIDTH))
    arrays = {t: annotation.array(t) for t in Target}
    assert arrays[Target.SURFACES] is annotation.surfaces.values
    assert arrays[Target.CONFIDENCE] is annotation.confidence
    assert arrays[Target.MASKS] is annotation.masks.labels
    assert arrays[Target.STATES] is annotation.states


def test_a_copy_shares_nothing() -> None:
    annotation = Annotation.empty((B_SCANS, HEIGHT, WIDTH))
    copy = annotation.copy()
    for target in Target:
        assert not np.shares_memory(copy.array(target), annotation.array(target))
