"""Random changes keep the domains of a sample registered."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mirage_core.training.pretrain.augment import Change, apply_changes, draw_change
from mirage_core.training.pretrain.config import AugmentConfig
from tests.training.pretrain.runs import layered

IMAGES = ("bscan", "slo")


def apply_change(sample: dict[str, torch.Tensor], change: Change) -> dict[str, torch.Tensor]:
    changed = apply_changes({name: x[None] for name, x in sample.items()}, [change])
    return {name: x[0] for name, x in changed.items()}


def sample(px: int = 64) -> dict[str, torch.Tensor]:
    """Return a B-scan that is bright exactly where the map's class is not 0, and an SLO."""
    labels = torch.from_numpy(layered(1, px)[0]["bscanlayermap"].astype(np.int64))
    column = torch.linspace(0, 1, px)
    return {
        "bscan": (labels > 0).float()[None],
        "slo": column.expand(1, px, px).clone(),
        "bscanlayermap": labels[::4, ::4].contiguous(),
    }


def test_no_change_changes_nothing() -> None:
    before = sample()
    after = apply_change(before, Change(shifts=dict.fromkeys(IMAGES, 0.0)))
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=0)
        assert after[name].dtype == before[name].dtype


def test_all_domains_are_mirrored_together() -> None:
    before = sample()
    after = apply_change(before, Change(flip=True))
    for name in before:
        torch.testing.assert_close(after[name], before[name].flip(-1), atol=1e-5, rtol=0)


def test_b_scan_and_layer_map_stay_registered_under_every_change() -> None:
    big = sample(256)
    for i in range(10):
        change = draw_change(AugmentConfig(intensity_std=0), IMAGES, 0, 0, i)
        after = apply_change(big, change)
        bright = after["bscan"][0, 2::4, 2::4] > 0.5
        agreement = (bright == (after["bscanlayermap"] > 0)).float().mean()
        assert agreement > 0.95


def test_the_map_holds_no_class_it_did_not_hold_and_zero_comes_in_from_outside() -> None:
    before = {"bscanlayermap": torch.full((32, 32), 7)}
    after = apply_change(before, Change(angle_deg=10, scale=0.9, translate=(0.1, -0.1)))
    assert set(after["bscanlayermap"].unique().tolist()) == {0, 7}


def test_the_slo_takes_translation_along_x_and_scale_only() -> None:
    before = sample()
    moved = apply_change(before, Change(translate=(0.125, 0.25), angle_deg=9, shear_deg=4))["slo"]
    torch.testing.assert_close(moved[..., 8:], before["slo"][..., :-8], atol=1e-5, rtol=0)
    assert not moved[..., :8].any()
    grown = apply_change(before, Change(scale=2.0))["slo"]
    centre = before["slo"][0, 0, 31:33].mean()
    torch.testing.assert_close(grown[0, 0, 31:33].mean(), centre)
    spread = grown[0, 0, 48] - grown[0, 0, 16]
    torch.testing.assert_close(spread, (before["slo"][0, 0, 48] - before["slo"][0, 0, 16]) / 2)


def test_angles_are_angles_in_pixels_whatever_the_aspect() -> None:
    image = torch.zeros(1, 60, 120)
    image[0, 29:31, 60:100] = 1  # from the centre to the right
    turned = apply_change({"bscan": image}, Change(angle_deg=90))["bscan"][0]
    rows, columns = torch.nonzero(turned > 0.5, as_tuple=True)
    assert columns.float().mean() == pytest.approx(59.5, abs=0.6)
    assert rows.min() >= 29  # now from the centre down, as x turns towards z


def test_each_image_gets_one_grey_shift_of_the_configured_spread() -> None:
    config = AugmentConfig(hflip=0, intensity_std=0.1, rotation_deg=0, translate=0, shear_deg=0)
    changes = [draw_change(config, IMAGES, 3, 0, i) for i in range(2000)]
    shifts = np.array([[c.shifts[name] for name in IMAGES] for c in changes])
    assert np.abs(shifts.mean(axis=0)).max() < 0.01
    np.testing.assert_allclose(shifts.std(axis=0), 0.1, atol=0.01)
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.1
    before = sample()
    after = apply_change(before, Change(shifts={"bscan": 0.3, "slo": -0.2}))
    torch.testing.assert_close(after["bscan"], before["bscan"] + 0.3, atol=1e-5, rtol=0)
    torch.testing.assert_close(after["slo"], before["slo"] - 0.2, atol=1e-5, rtol=0)


def test_draws_cover_the_published_ranges() -> None:
    changes = [draw_change(AugmentConfig(), IMAGES, 0, 4, i) for i in range(3000)]

    def spans(values: list[float], low: float, high: float) -> bool:
        edge = 0.02 * (high - low)
        return low <= min(values) < low + edge and high - edge < max(values) <= high

    assert np.mean([c.flip for c in changes]) == pytest.approx(0.5, abs=0.04)
    assert spans([c.angle_deg for c in changes], -10, 10)
    assert spans([c.shear_deg for c in changes], -5, 5)
    assert spans([c.scale for c in changes], 0.9, 1.1)
    assert all(spans([c.translate[axis] for c in changes], -0.1, 0.1) for axis in (0, 1))


def test_a_change_follows_from_seed_epoch_and_sample_alone() -> None:
    first, again = (draw_change(AugmentConfig(), IMAGES, 1, 2, 3) for _ in range(2))
    assert first == again
    others = [(0, 2, 3), (1, 3, 3), (1, 2, 4), (2, 1, 3)]
    assert all(draw_change(AugmentConfig(), IMAGES, *other) != first for other in others)


def test_samples_of_a_batch_change_each_in_its_own_way() -> None:
    changes = [draw_change(AugmentConfig(), IMAGES, 0, 0, i) for i in range(4)]
    before = sample()
    batch = {name: torch.stack([x] * 4) for name, x in before.items()}
    together = apply_changes(batch, changes)
    for i, change in enumerate(changes):
        alone = apply_change(before, change)
        for name in before:
            torch.testing.assert_close(together[name][i], alone[name])
