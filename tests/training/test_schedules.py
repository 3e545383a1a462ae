"""Learning rates over a training, and the batch size it runs with."""

from __future__ import annotations

import json
import math

import pytest

from mirage_core.training.batch_rule import classification_batch_size
from mirage_core.training.schedules import classification_lr, pretraining_lr, segmentation_lr
from tests.golden import golden


def protocol():
    return json.loads(golden("protocol.json").read_text(encoding="utf-8"))


def test_reference_rates_of_classification_are_reproduced():
    reference = protocol()["cls_lr_schedule"]
    for epoch, lr in zip(reference["epoch"], reference["lr"], strict=True):
        got = classification_lr(epoch, **reference["args"])
        assert got == pytest.approx(lr, rel=1e-9, abs=1e-15), epoch


def test_reference_rates_of_segmentation_are_reproduced():
    for reference in protocol()["seg_lr_schedule"]:
        steps = reference["epochs"] * reference["steps"]
        warmup = reference["warmup_steps"]
        if warmup < 0:
            warmup = reference["warmup_epochs"] * reference["steps"]
        got = [
            segmentation_lr(
                step,
                steps=steps,
                warmup_steps=warmup,
                lr=reference["base"],
                final_lr=reference["final"],
            )
            for step in range(steps)
        ]
        assert got == pytest.approx(reference["values"], rel=1e-9, abs=1e-15)


def test_reference_batch_sizes_are_reproduced():
    for n_images, batch in protocol()["cls_batch_size"].items():
        assert classification_batch_size(int(n_images)) == batch, n_images


def test_segmentation_warms_up_to_its_peak_and_falls_half_way_at_the_middle():
    rates = [segmentation_lr(i, steps=104, warmup_steps=4, lr=6.0) for i in range(104)]
    assert rates[:5] == pytest.approx([0.0, 2.0, 4.0, 6.0, 6.0])
    assert rates[54] == pytest.approx(3.0)
    assert rates[103] == pytest.approx(3.0 * (1 + math.cos(math.pi * 0.99)))
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_without_warm_up_the_first_step_has_the_peak_rate():
    assert segmentation_lr(0, steps=5, warmup_steps=0, lr=0.5) == 0.5


def test_pretraining_scales_its_peak_with_the_batch():
    def rate(batch_size: int, step: int) -> float:
        return pretraining_lr(step, steps=100, warmup_steps=10, batch_size=batch_size, lr=1e-4)

    assert rate(256, 9) == pytest.approx(1e-4)
    assert rate(64, 9) == pytest.approx(0.25e-4)
    assert rate(1024, 55) == pytest.approx(2e-4)


def test_classification_falls_to_its_lowest_rate_at_the_end():
    at = {e: classification_lr(e, lr=2.0, epochs=110, min_lr=1.0) for e in (0, 5, 10, 60, 110)}
    assert at == pytest.approx({0: 0.0, 5: 1.0, 10: 2.0, 60: 1.5, 110: 1.0})


@pytest.mark.parametrize(("step", "warmup"), [(-1, 2), (10, 2), (3, 10), (3, -1)])
def test_a_step_outside_the_training_is_refused(step, warmup):
    with pytest.raises(ValueError, match="warm-up"):
        segmentation_lr(step, steps=10, warmup_steps=warmup)


@pytest.mark.parametrize(("epoch", "warmup"), [(-0.1, 2), (10.5, 2), (3, 10)])
def test_an_epoch_outside_the_training_is_refused(epoch, warmup):
    with pytest.raises(ValueError, match="warm-up"):
        classification_lr(epoch, lr=1.0, epochs=10, warmup_epochs=warmup)


def test_the_batch_is_a_power_of_two_of_at_most_a_quarter_of_the_images():
    for n_images in range(3, 600):
        batch = classification_batch_size(n_images)
        assert batch in {1, 2, 4, 8, 16, 32, 64}
        assert batch <= round(n_images / 4)
        assert batch == 64 or 2 * batch > round(n_images / 4)


def test_no_images_have_no_batch_size():
    with pytest.raises(ValueError, match="at least one"):
        classification_batch_size(0)
