"""Interpolation between two B-scans: near the truth, and no further than what is known."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import MASKS, Annotation, Session, State
from mirage_core.annotate.between import corrected_on_both, interpolated
from mirage_core.scan import ArrayPixels, Scan, Spacing, order_violations
from mirage_core.simulate import EyeParameters, SimulatedEye, simulate_eye
from tests.annotate.eyes import HEIGHT, NAMES, WIDTH, flat, ordered_curves, scan, state_of

ILM, EZ, RPE, BM = (NAMES.index(n) for n in ("ILM", "EZ", "RPE", "BM"))
N_B_SCANS = 5
BETWEEN = (1, 2, 3)


@pytest.fixture(scope="module")
def eye() -> SimulatedEye:
    parameters = EyeParameters(
        shape=(N_B_SCANS, 320, 256), field_mm=(N_B_SCANS * 0.12, 1.92, 4.6), motion_axial_um=6
    )
    return simulate_eye(parameters, seed=7)


def moved(eye: SimulatedEye) -> SimulatedEye:
    """Return `eye` with every B-scan shifted and tilted by whole px, as an eye moves."""
    images = np.stack([eye.scan.b_scan(b) for b in range(N_B_SCANS)])
    surfaces, masks = eye.surfaces.copy(), eye.masks.copy()
    across = np.linspace(-0.5, 0.5, images.shape[2])
    for b, (shift_px, tilt_px) in enumerate([(4, 3), (-9, 5), (14, -7), (-6, -4), (-2, 6)]):
        by = np.rint(shift_px + tilt_px * across).astype(int)
        surfaces.values[:, b] += by
        for x, px in enumerate(by):
            for volume in (images, masks.labels):
                volume[b, :, x] = np.roll(volume[b, :, x], px)
    pixels = ArrayPixels(images)
    return replace(eye, scan=replace(eye.scan, pixels=pixels), surfaces=surfaces, masks=masks)


def known(eye: SimulatedEye, names: tuple[str, ...] = NAMES, masks: bool = True) -> Annotation:
    """Return an annotation whose outer B-scans are approved as they truly are."""
    annotation = Annotation.for_scan(eye.scan)
    for b in (0, N_B_SCANS - 1):
        for name in names:
            annotation.surfaces[name][b] = eye.surfaces[name][b]
            annotation.states[NAMES.index(name), b] = State.APPROVED
        if masks:
            annotation.masks.labels[b] = eye.masks.labels[b]
            annotation.states[-1, b] = State.APPROVED
    return annotation


def error_px(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean distance of curves ``[n, x]`` from the truth, one per B-scan."""
    return np.abs(found - truth).mean(axis=1)


def linear(eye: SimulatedEye, name: str) -> np.ndarray:
    first, last = (eye.surfaces[name][b] for b in (0, N_B_SCANS - 1))
    return np.stack([first + (last - first) * b / (N_B_SCANS - 1) for b in BETWEEN])


def level(
    depths: dict[str, tuple[float, float]], b_scans: int = N_B_SCANS, seed: int = 0
) -> tuple[Scan, Annotation]:
    """Return noise with surfaces that are level on the first and on the last B-scan."""
    one = scan(b_scans, seed=seed)
    annotation = Annotation.for_scan(one)
    for n, b in enumerate((0, b_scans - 1)):
        annotation.surfaces.values[:, b] = flat({name: z[n] for name, z in depths.items()})
    return one, annotation


def disc(radius: float, z: float, x: float) -> np.ndarray:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    return np.hypot(rows - z, columns - x) <= radius


def area(proposal_mask: np.ndarray, value: int = 1) -> int:
    return int(np.count_nonzero(proposal_mask == value))


def test_surfaces_are_nearer_the_truth_than_a_copy_of_the_nearest_b_scan(
    eye: SimulatedEye,
) -> None:
    offered = interpolated(eye.scan, known(eye), 0, N_B_SCANS - 1)
    assert offered.b_scans == BETWEEN
    assert offered.surfaces.names == NAMES
    assert not order_violations(offered.surfaces.values).any()
    for name in NAMES:
        truth = eye.surfaces[name][[*BETWEEN]]
        ours = error_px(offered.surfaces[name], truth)
        for nearest in ([0, 0, 4], [0, 4, 4]):
            assert ours.mean() < error_px(eye.surfaces[name][nearest], truth).mean()


def test_what_was_corrected_on_one_b_scan_alone_is_no_end_to_go_by() -> None:
    session = Session(scan(), author="ada")
    session.set_state([0], State.APPROVED, ["RPE", "BM", MASKS])
    session.set_state([2], State.APPROVED, ["BM"])
    session.set_state([2], State.EDITED, [MASKS])
    assert set(corrected_on_both(session.annotation, 0, 2)) == {"BM", MASKS}
    assert corrected_on_both(session.annotation, 0, 1) == ()


def test_surfaces_follow_an_eye_that_shifts_and_tilts(eye: SimulatedEye) -> None:
    shaken = moved(eye)
    still, offered = (interpolated(e.scan, known(e), 0, N_B_SCANS - 1) for e in (eye, shaken))
    assert offered.remarks == ()
    for name in ("RPE", "BM"):
        truth = eye.surfaces[name][[*BETWEEN]]
        moved_truth = shaken.surfaces[name][[*BETWEEN]]
        least = error_px(still.surfaces[name], truth)
        assert (error_px(offered.surfaces[name], moved_truth) < least + 0.3).all()
        assert (error_px(linear(shaken, name), moved_truth) > 4).all()
    assert (least < 0.5).all()


@pytest.mark.parametrize("white_rows", [0, 50])
def test_where_neither_bm_nor_rpe_is_known_the_images_alone_tell(
    eye: SimulatedEye, white_rows: int
) -> None:
    shaken = moved(eye)
    for b in range(N_B_SCANS):
        # Registration padding, which does not move with the eye.
        shaken.scan.pixels.display(b)[:white_rows] = 255
    assert np.count_nonzero(shaken.scan.b_scan(2).min(axis=1) == 255) == white_rows
    offered = interpolated(shaken.scan, known(shaken, ("ILM",), masks=False), 0, N_B_SCANS - 1)
    assert offered.surfaces.names == ("ILM",)
    assert offered.masks is None
    truth = shaken.surfaces["ILM"][[*BETWEEN]]
    assert (error_px(offered.surfaces["ILM"], truth) < 2).all()


def test_where_the_two_do_not_resemble_each_other_nothing_is_followed(eye: SimulatedEye) -> None:
    shaken = moved(eye)
    last = shaken.scan.pixels.display(N_B_SCANS - 1)
    last[...] = np.random.default_rng(0).integers(0, 256, last.shape)
    annotation = known(shaken, ("ILM",), masks=False)
    offered = interpolated(shaken.scan, annotation, 0, N_B_SCANS - 1)
    assert np.allclose(offered.surfaces["ILM"], linear(shaken, "ILM"), atol=1e-3)
    assert "not clear from the image on B-scan 2, 3, 4" in offered.remarks[0]


def test_masks_follow_the_eye_too(eye: SimulatedEye) -> None:
    still, shaken = (
        interpolated(e.scan, known(e), 0, N_B_SCANS - 1, [MASKS]) for e in (eye, moved(eye))
    )
    assert still.surfaces.names == ()
    for n, b in enumerate(BETWEEN):
        moved_truth, truth = moved(eye).masks.labels[b], eye.masks.labels[b]
        assert dice(still.masks.labels[n], truth) > 0.55
        assert dice(shaken.masks.labels[n], moved_truth) > dice(still.masks.labels[n], truth) - 0.1


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    same = np.count_nonzero((found == truth) & (truth > 0))
    return 2 * same / (np.count_nonzero(found) + np.count_nonzero(truth))


def test_where_the_image_tells_nothing_surfaces_are_linear_and_it_is_said() -> None:
    one, annotation = level({"RPE": (40, 48), "BM": (50, 54)})
    offered = interpolated(one, annotation, 0, 4)
    assert np.allclose(offered.surfaces["RPE"], [[42], [44], [46]])
    assert np.allclose(offered.surfaces["BM"], [[51], [52], [53]])
    assert offered.remarks == ("How the eye moved is not clear from the image on B-scan 2, 3, 4.",)
    assert offered.title == "Interpolation between B-scans 1 and 5"
    assert offered.tool == "interpolate"


@given(st.integers(0, 500))
@settings(max_examples=20)
def test_between_two_equal_b_scans_lies_the_same_again(seed: int) -> None:
    one = scan(3, seed=seed)
    annotation = Annotation.for_scan(one)
    rng = np.random.default_rng(seed)
    annotation.surfaces.values[:, [0, 2]] = ordered_curves(seed)[:, None]
    annotation.masks.labels[[0, 2]] = (
        rng.integers(0, 7, (HEIGHT // 8, WIDTH // 6)).repeat(8, axis=0).repeat(6, axis=1)
    )
    offered = interpolated(one, annotation, 0, 2)
    there = [annotation.surfaces.index(name) for name in offered.surfaces.names]
    same = annotation.surfaces.values[there, 0]
    assert np.allclose(offered.surfaces.values[:, 0], same, atol=1e-4, equal_nan=True)
    assert np.array_equal(offered.masks.labels[0], annotation.masks.labels[0])


@given(st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=20)
def test_surfaces_stay_in_order(first: int, last: int) -> None:
    one = scan(3)
    annotation = Annotation.for_scan(one)
    annotation.surfaces.values[:, 0] = ordered_curves(first)
    annotation.surfaces.values[:, 2] = ordered_curves(last)
    offered = interpolated(one, annotation, 0, 2)
    curves = np.full((len(NAMES), WIDTH), np.nan, np.float32)
    for name, depths in zip(offered.surfaces.names, offered.surfaces.values, strict=True):
        curves[NAMES.index(name)] = depths[0]
    assert not order_violations(curves).any()


def test_taking_it_over_is_one_edit_that_leaves_what_a_human_did() -> None:
    one, annotation = level({"EZ": (30, 34), "RPE": (40, 44)})
    annotation.surfaces.values[RPE, 1] = 60
    annotation.states[RPE, 1] = State.EDITED
    annotation.surfaces.values[:, 3] = flat({"EZ": 20, "RPE": 25})
    annotation.states[[EZ, RPE], 3] = State.APPROVED
    session = Session(one, annotation, "grader")
    before = state_of(annotation)
    edit = session.adopt(interpolated(one, annotation, 0, 4))
    assert edit is not None
    assert (edit.tool, edit.b_scans) == ("interpolate", (1, 2))
    assert (annotation.surfaces.values[RPE, 1] == 60).all()
    assert (annotation.surfaces.values[EZ, :4] == [[30], [31], [32], [20]]).all()
    assert annotation.states[RPE, :4].tolist() == [0, State.EDITED, State.PREDICTED, State.APPROVED]
    session.undo()
    assert state_of(annotation) == before


def test_a_scans_that_one_of_the_two_does_not_tell_of_stay_as_they_are() -> None:
    one, annotation = level({"RPE": (40, 44)}, b_scans=3)
    annotation.surfaces.values[RPE, 2, :10] = np.nan
    annotation.surfaces.values[RPE, 1, 5:] = 60
    annotation.confidence[RPE, 1] = 0.5
    offered = interpolated(one, annotation, 0, 2)
    curve, confidence = offered.surfaces["RPE"][0], offered.confidence[0, 0]
    assert np.isnan(curve[:5]).all()
    assert (curve[5:10] == 60).all()
    assert (curve[10:] == 42).all()
    assert (confidence[:10] == 0.5).all()
    assert np.isnan(confidence[10:]).all()


def test_a_lesion_goes_with_the_retina_it_lies_in() -> None:
    one, annotation = level({"BM": (30, 60)}, b_scans=3)
    for b, bm in ((0, 30), (2, 60)):
        annotation.masks.labels[b][disc(8, bm - 10, 30)] = 1
    offered = interpolated(one, annotation, 0, 2)
    assert np.array_equal(offered.masks.labels[0] == 1, disc(8, 35, 30))


def test_a_lesion_goes_by_the_bm_that_stays_on_the_b_scan() -> None:
    one, annotation = level({"BM": (40, 40)}, b_scans=3)
    annotation.masks.labels[[0, 2]] = disc(8, 30, 30)
    annotation.surfaces.values[BM, 1] = 50
    for structures, state, z in (
        ([MASKS], State.VENDOR, 40),
        (["BM", MASKS], State.VENDOR, 30),
        (["BM", MASKS], State.EDITED, 40),
    ):
        annotation.states[BM, 1] = state
        offered = interpolated(one, annotation, 0, 2, structures)
        assert np.array_equal(offered.masks.labels[0] == 1, disc(8, z, 30))


def test_a_lesion_grows_evenly_from_one_size_to_the_other() -> None:
    one, annotation = level({})
    annotation.masks.labels[0] = 2 * disc(6, 40, 30)
    annotation.masks.labels[4] = 2 * disc(14, 40, 30)
    labels = interpolated(one, annotation, 0, 4).masks.labels
    for n, radius in enumerate((8, 10, 12)):
        assert area(labels[n], 2) == pytest.approx(np.pi * radius**2, rel=0.12)


def test_a_lesion_that_one_b_scan_has_ends_before_the_other() -> None:
    one, annotation = level({})
    annotation.masks.labels[4] = disc(12, 40, 30)
    annotation.states[-1, 0] = State.APPROVED
    areas = [area(mask) for mask in interpolated(one, annotation, 0, 4).masks.labels]
    assert areas[0] == 0
    assert 0 < areas[1] < areas[2] < area(annotation.masks.labels[4])


def test_lesions_of_two_classes_stay_apart() -> None:
    one, annotation = level({}, b_scans=3)
    for b in (0, 2):
        annotation.masks.labels[b][disc(12, 40, 20 + 2 * b)] = 3
        annotation.masks.labels[b][disc(6, 40, 20 + 2 * b)] = 5
    mask = interpolated(one, annotation, 0, 2).masks.labels[0]
    assert mask[40, 22] == 5
    assert mask[40, 13] == mask[40, 31] == 3
    assert set(np.unique(mask)) == {0, 3, 5}


def test_distances_are_those_of_the_tissue_not_of_the_pixels() -> None:
    one, annotation = level({}, b_scans=3)
    annotation.masks.labels[0, 20:60, 20:40] = 1
    annotation.masks.labels[2, 20:60, 28:32] = 1
    # In mm the lesion is much wider than tall: it thins, and does not narrow.
    flattish = one.with_spacing(Spacing.from_mm(None, 0.001, 0.1))
    columns = [
        np.count_nonzero((interpolated(s, annotation, 0, 2).masks.labels[0] == 1).any(axis=0))
        for s in (one, flattish)
    ]
    assert columns[0] < 16
    assert columns[1] == 20


def test_masks_are_left_out_where_nobody_looked_for_lesions() -> None:
    one, annotation = level({"RPE": (40, 44)})
    annotation.masks.labels[0][disc(8, 40, 30)] = 1
    assert interpolated(one, annotation, 0, 4).masks is None
    annotation.states[-1, 4] = State.APPROVED
    assert interpolated(one, annotation, 0, 4).masks is not None
    annotation.masks.labels[0] = 0
    annotation.states[-1, 0] = State.APPROVED
    # Two B-scans without fluid do not say that there is none between them.
    assert interpolated(one, annotation, 0, 4).masks is None


def test_what_was_asked_for_and_is_not_known_on_both_is_named() -> None:
    one, annotation = level({"RPE": (40, 44)})
    annotation.surfaces.values[BM, 0] = 60
    offered = interpolated(one, annotation, 0, 4, ["BM", "RPE"])
    assert offered.surfaces.names == ("RPE",)
    assert "left out: BM" in offered.remarks[0]


@pytest.mark.parametrize(
    ("b0", "b1", "structures", "words"),
    [
        (0, 1, None, "no B-scan between B-scans 1 and 2"),
        (3, 0, None, "not two B-scans of this scan"),
        (0, 5, None, "not two B-scans of this scan"),
        (0, 3, None, "known on both B-scans 1 and 4"),
        (0, 4, ["BM"], "known on both B-scans 1 and 5"),
        (0, 4, ["RPE", "disc"], "no structure called disc"),
    ],
)
def test_where_nothing_can_be_interpolated_it_says_why(
    b0: int, b1: int, structures: list[str] | None, words: str
) -> None:
    one, annotation = level({"RPE": (40, 44)})
    with pytest.raises(ValueError, match=words):
        interpolated(one, annotation, b0, b1, structures)


def test_the_window_does_not_wait_for_scipy() -> None:
    code = "import sys, mirage_core.annotate.between; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "scipy" not in modules.stdout.split()
