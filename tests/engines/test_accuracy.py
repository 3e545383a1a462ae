"""The accuracy bars, on real scans with an expert's truth."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy_sets import nr206_b_scan, nr206_dice, segment, segment_scan
from mirage_core.measure.agreement import (
    percentile_error,
    signed_error,
    unsigned_error,
    unsigned_error_per_b_scan,
)
from mirage_core.scan import Spacing
from mirage_core.simulate import HEALTHY, EyeParameters, simulate_eye
from tests.shared_data import shared_data


@pytest.fixture(scope="module")
def amd():
    """Return the whole AMD volume's surfaces with the expert's RPE and BM."""
    with np.load(shared_data("bonn_amd/volume.npz")) as data:
        spacing = Spacing.from_mm(0.0298, float(data["scale_z_mm"]), float(data["scale_x_mm"]))
        return segment(data["volume"], spacing), {"RPE": data["rpe"], "BM": data["bm"]}


@pytest.mark.parametrize(("name", "bar_px"), [("RPE", 1.3), ("BM", 0.9)])
def test_drusen_volume_meets_the_bars(amd, name, bar_px):
    prediction, truth = amd
    found = prediction.surfaces[name]
    assert unsigned_error(found, truth[name]) <= bar_px
    assert percentile_error(found, truth[name]) <= 4
    assert np.nanmax(unsigned_error_per_b_scan(found, truth[name])) <= 4


def test_drusen_are_not_marked_as_fluid(amd):
    prediction, _ = amd
    assert (prediction.masks.labels > 0).mean() < 1e-3


def test_normal_layers_meet_the_bar():
    shared_data("nr206")
    overlaps = []
    for number in (1, 2):
        grey, labels = nr206_b_scan(number)
        prediction = segment(grey[None])
        overlaps.append(nr206_dice(prediction, 0, labels))
        assert (prediction.masks.labels > 0).mean() < 1e-3
    assert np.mean(overlaps) >= 0.80


def test_a_healthy_macula_has_next_to_no_fluid():
    with np.load(shared_data("healthy_volume/volume_slo.npz")) as data:
        prediction = segment(data["volume"][::3])
    assert (prediction.masks.labels > 0).mean() < 2e-4
    assert np.isfinite(prediction.surfaces.values).mean() > 0.98


@pytest.fixture(scope="module")
def simulated():
    """Return a healthy simulated eye and what the engine finds in it."""
    eye = simulate_eye(replace(EyeParameters(), pathology=HEALTHY, shape=(13, 496, 512)), seed=2)
    return eye, segment_scan(eye.scan)


@pytest.mark.parametrize(
    ("name", "bar_px"),
    [
        ("ILM", 0.2),
        ("RNFL/GCL", 0.2),
        ("IPL/INL", 0.2),
        ("INL/OPL", 0.2),
        ("OPL/ONL", 0.2),
        ("ELM", 1.0),
        ("EZ", 0.5),
        ("OS/RPE", 0.5),
        ("RPE", 0.5),
        ("BM", 0.5),
    ],
)
def test_engine_and_simulated_truth_follow_one_convention(simulated, name, bar_px):
    eye, prediction = simulated
    assert abs(signed_error(prediction.surfaces[name], eye.surfaces[name])) <= bar_px
