"""Diseases of the training source have the anatomy and the light that they have in life."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.scan import FLUID_SCHEME, order_violations
from mirage_core.simulate import source
from mirage_core.simulate.anatomy import SURFACE_NAMES
from mirage_core.simulate.disease import Disease
from mirage_core.simulate.handling import LabelledBScan

UNTOUCHED = ("ILM", "RNFL/GCL", "IPL/INL", "OPL/ONL", "ELM", "EZ", "OS/RPE")


def depth(b: LabelledBScan, name: str) -> np.ndarray:
    return b.surfaces[SURFACE_NAMES.index(name)]


@pytest.fixture
def eyes_with(monkeypatch: pytest.MonkeyPatch):
    """Return B-scans of eyes with a disease, as they leave the eye."""

    def grown(disease: Disease, seeds: range, n: int = 6) -> list[LabelledBScan]:
        monkeypatch.setattr(source, "random_disease", lambda _: disease)
        monkeypatch.setattr(source, "handled", lambda b_scan, _: b_scan)
        return [b for seed in seeds for b in source.random_b_scans(seed, n)]

    return grown


def share_with(b_scans: list[LabelledBScan], name: str) -> float:
    value = FLUID_SCHEME.by_name(name).value
    return float(np.mean([(b.labels == value).any() for b in b_scans]))


@pytest.mark.parametrize("disease", list(Disease))
def test_surfaces_of_every_disease_are_in_order(eyes_with, disease: Disease) -> None:
    for b in eyes_with(disease, range(3), 3):
        assert not order_violations(b.surfaces[:, None]).any()
        assert np.isfinite(depth(b, "ILM")).all()


@pytest.mark.parametrize(
    ("disease", "lesion"),
    [
        (Disease.DRUSEN, "DRUSEN"),
        (Disease.NEOVASCULAR, "PED"),
        (Disease.NEOVASCULAR, "SHRM"),
        (Disease.OEDEMA, "IRF"),
        (Disease.SEROUS, "SRF"),
    ],
)
def test_a_disease_has_its_lesions(eyes_with, disease: Disease, lesion: str) -> None:
    assert share_with(eyes_with(disease, range(10), 4), lesion) > 0.25


def test_an_eye_without_disease_has_no_lesion_but_a_membrane(eyes_with) -> None:
    assert not any(b.labels.any() for b in eyes_with(Disease.NONE, range(6), 2))


@pytest.mark.parametrize("disease", [Disease.MIXED, Disease.ATROPHY, Disease.HOLE])
def test_lesions_lie_in_their_compartments_exactly(eyes_with, disease: Disease) -> None:
    where = {
        "IRF": ("ILM", "ELM"),
        "SRF": ("OS/RPE", "RPE"),
        "SHRM": ("OS/RPE", "RPE"),
        "PED": ("RPE", "BM"),
        "DRUSEN": ("RPE", "BM"),
    }
    for b in eyes_with(disease, range(8), 3):
        rows = np.arange(len(b.image))[:, None]
        for name, (upper, lower) in where.items():
            here = b.labels == FLUID_SCHEME.by_name(name).value
            over, under = np.rint(depth(b, upper)), np.rint(depth(b, lower))
            assert ((rows >= over) & (rows < under))[here].all()


def test_in_a_hole_the_inner_limit_is_the_bare_pigment_epithelium(eyes_with) -> None:
    open_columns = 0
    for b in eyes_with(Disease.HOLE, range(8)):
        um = b.spacing_mm[0] * 1000
        gone = (depth(b, "RPE") - depth(b, "ILM")) * um < 14
        open_columns += int(gone.sum())
        for name in UNTOUCHED:
            reach = (depth(b, "RPE") - depth(b, name))[gone] * um
            assert (reach < 14).all()
    assert open_columns > 100


def test_atrophy_thins_the_outer_retina_and_lights_up_the_choroid(eyes_with) -> None:
    ratios = []
    for b in eyes_with(Disease.ATROPHY, range(10)):
        um = b.spacing_mm[0] * 1000
        outer = (depth(b, "BM") - depth(b, "ELM")) * um
        bare, well = outer < 30, outer > 60
        if bare.sum() < 20 or well.sum() < 20:
            continue
        bm = np.nan_to_num(np.rint(depth(b, "BM"))).astype(int)
        below = np.stack([b.image[bm + k, np.arange(len(bm))] for k in range(15, 45)])
        ratios.append(below[:, bare].mean() / below[:, well].mean())
    assert len(ratios) > 5
    assert np.mean(ratios) > 1.1


def test_swelling_makes_the_retina_thick(eyes_with) -> None:
    def thickest(disease: Disease) -> float:
        found = eyes_with(disease, range(12), 3)
        um = [float(np.nanmax(depth(b, "BM") - depth(b, "ILM")) * b.spacing_mm[0]) for b in found]
        return float(np.median(um)) * 1000

    assert thickest(Disease.OEDEMA) > 1.15 * thickest(Disease.NONE)


def test_within_the_disc_only_the_inner_limit_is_known(eyes_with) -> None:
    seeds = [s for s in range(60) if source.random_parameters(s, 6).disc_in_view][:6]
    columns = 0
    for seed in seeds:
        for b in eyes_with(Disease.NONE, range(seed, seed + 1)):
            known = np.isfinite(b.surfaces)
            disc = ~known[1]
            columns += int(disc.sum())
            assert known[0].all()
            assert (known[1:].any(axis=0) == ~disc).all()
            assert not b.labels[:, disc].any()
    assert columns > 100
