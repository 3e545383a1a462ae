"""The source of labelled B-scans: eyes that differ in everything, their truth moved along."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mirage_core.scan import FLUID_SCHEME, order_violations
from mirage_core.simulate import EyeParameters, simulate_eye
from mirage_core.simulate.anatomy import SURFACE_NAMES
from mirage_core.simulate.appearance import TISSUES, Appearance
from mirage_core.simulate.source import LabelledBScan, random_b_scans, random_parameters


@pytest.fixture(scope="module")
def b_scans() -> list[LabelledBScan]:
    return [b for seed in range(12) for b in random_b_scans(seed, 4)]


def depth(b: LabelledBScan, name: str) -> np.ndarray:
    return b.surfaces[SURFACE_NAMES.index(name)]


def digest(found: list[LabelledBScan]) -> str:
    parts = [a for b in found for a in (b.image, b.surfaces, b.labels)]
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in parts)).hexdigest()


def test_a_seed_is_an_eye() -> None:
    assert digest(random_b_scans(3, 2)) == digest(random_b_scans(3, 2))
    assert digest(random_b_scans(3, 2)) != digest(random_b_scans(4, 2))


def test_the_fundus_is_painted_only_when_asked_for_and_changes_nothing_else() -> None:
    plain, with_slo = random_b_scans(5, 2), random_b_scans(5, 2, slo=True)
    assert digest(plain) == digest(with_slo)
    assert all(b.slo is None for b in plain)
    for b in with_slo:
        assert b.slo is not None
        assert b.slo.shape == (128, 128)
        assert b.slo.std() > 2


def test_image_surfaces_and_labels_fit_each_other(b_scans: list[LabelledBScan]) -> None:
    for b in b_scans:
        assert b.image.dtype == b.labels.dtype == np.uint8
        assert b.surfaces.dtype == np.float32
        assert b.labels.shape == b.image.shape
        assert b.surfaces.shape == (len(SURFACE_NAMES), b.image.shape[1])


def test_surfaces_are_in_order_and_lie_within_the_image(b_scans: list[LabelledBScan]) -> None:
    for b in b_scans:
        assert not order_violations(b.surfaces[:, None]).any()
        assert np.nanmin(b.surfaces, initial=0) >= 0
        assert np.nanmax(b.surfaces, initial=0) <= len(b.image) - 1


def test_nearly_every_a_scan_has_an_inner_limit_and_bruchs_membrane(
    b_scans: list[LabelledBScan],
) -> None:
    for name in ("ILM", "BM"):
        known = [np.isfinite(depth(b, name)).mean() for b in b_scans]
        assert np.mean(known) > 0.85


def test_lesions_lie_where_they_belong(b_scans: list[LabelledBScan]) -> None:
    where = {"IRF": ("ILM", "ELM"), "SRF": ("EZ", "RPE"), "PED": ("RPE", "BM")}
    seen = set()
    for b in b_scans:
        rows = np.arange(len(b.image))[:, None]
        for name, (upper, lower) in where.items():
            here = b.labels == FLUID_SCHEME.by_name(name).value
            if here.any():
                seen.add(name)
                over, under = np.rint(depth(b, upper)) - 1, np.rint(depth(b, lower)) + 1
                # Beyond the image and behind padding surfaces are not known.
                over, under = np.nan_to_num(over, nan=0), np.nan_to_num(under, nan=len(rows))
                assert ((rows >= over) & (rows < under))[here].mean() > 0.97
    assert seen == set(where)


def test_the_retina_is_brighter_than_what_lies_over_it(b_scans: list[LabelledBScan]) -> None:
    # Truth that did not move along with its image would miss the edge.
    rises = []
    for b in b_scans:
        z = np.rint(depth(b, "ILM"))
        x = np.flatnonzero(np.isfinite(z) & (z >= 8) & (z < len(b.image) - 8))
        z = z[x].astype(int)
        if x.size < 20:
            continue
        over = np.mean([b.image[z - k, x] for k in range(3, 8)])
        under = np.mean([b.image[z + k, x] for k in range(2, 7)])
        rises.append(under - over)
    assert len(rises) > 30
    assert np.mean(np.array(rises) > 8) > 0.95


def test_eyes_differ_in_size_light_and_lesions(b_scans: list[LabelledBScan]) -> None:
    assert len({b.image.shape for b in b_scans}) > 10
    greys = [float(np.median(b.image)) for b in b_scans]
    assert max(greys) - min(greys) > 40
    lesions = set(np.unique(np.concatenate([np.unique(b.labels) for b in b_scans])).tolist())
    assert len(lesions) >= 5


def test_parameters_are_of_many_widths_depths_and_tilts() -> None:
    drawn = [random_parameters(seed, 2) for seed in range(60)]
    assert len({p.field_mm[2] for p in drawn}) >= 5
    depths = [p.field_mm[1] for p in drawn]
    assert max(depths) - min(depths) > 0.6
    assert max(abs(p.tilt_um_per_mm[1]) for p in drawn) > 80
    assert {p.vendor for p in drawn} == set(type(drawn[0].vendor))


def test_the_painters_own_greys_stay_without_an_appearance() -> None:
    shape = (2, 128, 96)
    plain = simulate_eye(EyeParameters(shape=shape), seed=4)
    same = simulate_eye(
        EyeParameters(shape=shape, appearance=Appearance((1.0,) * len(TISSUES))), seed=4
    )
    np.testing.assert_array_equal(plain.scan.b_scan(0), same.scan.b_scan(0))


def test_an_appearance_changes_light_and_not_anatomy() -> None:
    shape = (2, 128, 96)
    plain = simulate_eye(EyeParameters(shape=shape), seed=4)
    drawn = Appearance.random(np.random.default_rng(0))
    other = simulate_eye(EyeParameters(shape=shape, appearance=drawn), seed=4)
    assert (plain.scan.b_scan(0) != other.scan.b_scan(0)).mean() > 0.3
    np.testing.assert_array_equal(plain.surfaces.values, other.surfaces.values)
    np.testing.assert_array_equal(plain.masks.labels, other.masks.labels)


@pytest.mark.parametrize("gains", [(1.0,), (-0.1,) * len(TISSUES)])
def test_gains_are_one_for_each_tissue(gains: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"tissues|negative"):
        Appearance(gains)
