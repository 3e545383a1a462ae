"""The simulated eye's true figures are recovered from 49 B-scans.

The truth is that of the same eye on a grid seven times as fine, summed up without anything of
:mod:`mirage_core.measure`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.fluid import sampling_error
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.tables import ScanFigures, measure_scan
from mirage_core.scan import FLUID_SCHEME, Laterality, State
from mirage_core.simulate import EyeParameters, Lesion, Pathology, SimulatedEye, simulate_eye
from mirage_core.simulate import lesions as growing
from mirage_core.simulate.anatomy import SURFACE_NAMES, scan_grid_mm
from mirage_core.simulate.convention import written_surfaces
from mirage_core.simulate.structure import EyeStructure, build_structure
from tests.measure.mapped import value_of

FINE = (343, 600)
ILL = (
    Lesion(Pathology.PED, 0.5),
    Lesion(Pathology.IRF, 0.5),
    Lesion(Pathology.SRF, 0.5),
    Lesion(Pathology.DRUSEN, 0.4),
)


def truth(eye: SimulatedEye, monkeypatch: pytest.MonkeyPatch) -> tuple[EyeStructure, EyeParameters]:
    """Return the same eye on a fine grid, with its lesions centred on the B-scans of `eye`."""
    p = eye.parameters
    lines = scan_grid_mm(p)[0] - p.fovea_offset_mm[0]
    on_b_scan = growing.on_b_scan
    monkeypatch.setattr(growing, "on_b_scan", lambda centre, _lines: on_b_scan(centre, lines))
    fine = replace(p, shape=(FINE[0], p.shape[1], FINE[1]))
    return build_structure(fine, eye.seed), fine


def figures_of(eye: SimulatedEye) -> ScanFigures:
    annotation = Annotation.empty(eye.scan.shape)
    annotation.surfaces.values[:] = eye.surfaces.values
    annotation.masks.labels[:] = eye.masks.labels
    annotation.states[:] = State.PREDICTED
    annotation.states[-1] = State.APPROVED
    return measure_scan(eye.scan, annotation, Fovea(*eye.fovea))


@pytest.mark.parametrize(
    ("seed", "pathology", "laterality", "superior_first"),
    [
        (1, (), Laterality.OS, False),
        (2, (), Laterality.OD, True),
        (3, ILL, Laterality.OS, True),
        (7, ILL, Laterality.OD, False),
    ],
)
def test_thickness_and_volumes_of_the_eye_come_out(
    seed: int,
    pathology: tuple[Lesion, ...],
    laterality: Laterality,
    superior_first: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    p = EyeParameters(
        pathology=pathology, laterality=laterality, superior_to_inferior=superior_first
    )
    eye = simulate_eye(p, seed)
    figures = figures_of(eye)
    structure, fine = truth(eye, monkeypatch)
    db, dz, dx = fine.spacing_mm
    curves = dict(zip(SURFACE_NAMES, written_surfaces(structure, dz * 1000), strict=True))
    v, u = structure.macula.fovea_v_mm, structure.macula.fovea_u_mm
    r = np.hypot(v, u)
    for lower in ("BM", "RPE"):
        thick = (curves[lower] - curves["ILM"]) * dz * 1000
        name = f"ILM..{lower}"
        cst = float(thick[r <= 0.5].mean())
        assert value_of(figures, name, "central", "CST") == pytest.approx(cst, abs=1.0)
        nasal = (r > 0.5) & (r <= 1.5) & (u > np.abs(v))
        mean = float(thick[nasal].mean())
        got = value_of(figures, name, "inner nasal", "mean thickness")
        assert got == pytest.approx(mean, abs=1.0)
        superior = (r > 0.5) & (r <= 1.5) & (v > np.abs(u))
        got = value_of(figures, name, "inner superior", "mean thickness")
        assert got == pytest.approx(float(thick[superior].mean()), abs=1.0)
        for diameter in (1, 3, 6):
            inside = r <= diameter / 2
            # The fine grid ends just short of 6 mm as the coarse one does.
            volume = float(thick[inside].mean()) * np.pi * diameter**2 / 4 / 1000
            got = value_of(figures, name, f"{diameter} mm", "volume")
            assert got == pytest.approx(volume, rel=0.01)
    for c in FLUID_SCHEME:
        volume = db * dz * dx * 1000 * sum(
            float((pocket.bottom.astype(float) - pocket.top).sum())
            for pockets in structure.pockets
            for pocket in pockets
            if pocket.value == c.value
        )  # fmt: skip
        got = value_of(figures, c.name, "whole scan", "volume")
        # Many drusen are smaller than the gap between B-scans, which then meets them or not.
        assert got == pytest.approx(volume, rel=0.06 if c.name == "DRUSEN" else 0.02), c.name
    lifted = np.maximum((curves["BM"] - curves["RPE"]) * dz * 1000, 0)
    volume = float(lifted[r <= 1.5].mean()) * np.pi * 9 / 4 / 1000
    assert value_of(figures, "drusen", "3 mm", "volume") == pytest.approx(volume, rel=0.01)


WIDTH = 192


def lesions_nl(p: EyeParameters, seed: int) -> dict[str, np.ndarray]:
    """Return what of each class every B-scan of an eye stands for, nL ``[b]``; no image is made."""
    db, dz, dx = p.spacing_mm
    out = {c.name: np.zeros(p.shape[0]) for c in FLUID_SCHEME}
    names = {c.value: c.name for c in FLUID_SCHEME}
    for b, pockets in enumerate(build_structure(p, seed).pockets):
        for pocket in pockets:
            height = float((pocket.bottom.astype(float) - pocket.top).sum())
            out[names[pocket.value]][b] += height * db * dz * dx * 1000
    return out


def test_what_49_b_scans_miss_of_fluid_is_the_gap_between_them_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cysts are a few gaps wide: their volume is off by what the figure's note says, not biased."""
    off: dict[str, list[float]] = {"IRF": [], "SRF": [], "PED": []}
    said: dict[str, list[float]] = {name: [] for name in off}
    on_b_scan = growing.on_b_scan
    for seed in range(10):
        p = EyeParameters(pathology=ILL, shape=(49, 496, WIDTH))
        lines = scan_grid_mm(p)[0] - p.fovea_offset_mm[0]
        coarse = lesions_nl(p, seed)
        with monkeypatch.context() as moved:
            moved.setattr(growing, "on_b_scan", lambda c, _l, at=lines: on_b_scan(c, at))
            fine = lesions_nl(replace(p, shape=(FINE[0], 496, WIDTH)), seed)
        for name in off:
            off[name].append(coarse[name].sum() / fine[name].sum() - 1)
            said[name].append(sampling_error(coarse[name]))
            # Seven times as many B-scans, and next to nothing is left to chance.
            assert sampling_error(fine[name]) < 0.002
    for name, limit in (("IRF", 0.025), ("SRF", 0.01), ("PED", 0.01)):
        spread = float(np.sqrt(np.mean(np.square(off[name]))))
        stated = float(np.sqrt(np.mean(np.square(said[name]))))
        assert abs(np.mean(off[name])) < limit / 2, name
        assert spread < limit, name
        assert stated / 4 < spread < 2 * stated, name


def test_a_healthy_eye_measures_what_its_population_does() -> None:
    figures = figures_of(simulate_eye(EyeParameters(pathology=(), variation=0.0), 0))
    # Grover et al., Am J Ophthalmol 2009: 227, 270, about 340, 290 to 320 um.
    centre = value_of(figures, "ILM..BM", "fovea", "centre point thickness")
    assert centre == pytest.approx(227, abs=10)
    assert value_of(figures, "ILM..BM", "central", "CST") == pytest.approx(270, abs=10)
    assert value_of(figures, "ILM..BM", "inner nasal", "mean thickness") == pytest.approx(
        340, abs=12
    )
    assert 285 < value_of(figures, "ILM..BM", "outer temporal", "mean thickness") < 325
    assert value_of(figures, "EZ loss", "whole scan", "area") == 0
    assert value_of(figures, "drusen", "3 mm", "volume above usual") < 0.01
