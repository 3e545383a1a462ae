"""When training of a classifier stops."""

from __future__ import annotations

import json
import math

from mirage_core.training.early_stopping import EarlyStopping
from tests.golden import golden

NAN = float("nan")


def run(stopping: EarlyStopping, scores, losses) -> list[bool]:
    """Return whether each epoch was the best, up to the one it stopped at, exclusive."""
    best = []
    for score, loss in zip(scores, losses, strict=True):
        is_best = stopping.update(score, loss)
        if stopping.should_stop:
            break
        best.append(is_best)
    return best


def test_reference_traces_are_reproduced():
    traces = json.loads(golden("protocol.json").read_text(encoding="utf-8"))["early_stopping"]
    for trace in traces:
        stopping = EarlyStopping(
            patience=trace["patience"],
            start=trace["start_from"],
            min_rise=trace["delta"],
            min_fall=trace["delta_two"],
        )
        best = run(stopping, trace["bacc"], trace["loss"])
        assert best == trace["is_best"]
        assert len(best) == trace["stop_epoch"]


def test_a_level_score_is_decided_by_the_loss():
    stopping = EarlyStopping()
    assert stopping.update(0.8, 1.0)
    assert not stopping.update(0.8005, 0.9995)
    assert stopping.update(0.7995, 0.9)
    assert (stopping.best_epoch, stopping.best_score, stopping.best_loss) == (2, 0.7995, 0.9)


def test_a_fallen_score_is_not_saved_by_its_loss():
    stopping = EarlyStopping()
    stopping.update(0.8, 1.0)
    assert not stopping.update(0.7, 0.1)


def test_a_risen_score_needs_no_lower_loss():
    stopping = EarlyStopping()
    stopping.update(0.8, 1.0)
    assert stopping.update(0.9, 5.0)


def test_waiting_counts_from_its_first_epoch_only():
    stopping = EarlyStopping(patience=3, start=10)
    best = run(stopping, [0.9] + [0.5] * 30, [1.0] * 31)
    assert len(best) == 12  # epochs 10, 11 and 12 miss the best; the third ends it
    assert stopping.best_epoch == 0


def test_a_new_best_starts_the_wait_again():
    stopping = EarlyStopping(patience=2, start=0)
    scores = [0.5, 0.4, 0.6, 0.4, 0.7, 0.4, 0.4, 0.9]
    assert len(run(stopping, scores, [1.0] * 8)) == 6
    assert stopping.best_epoch == 4


def test_a_score_that_is_no_number_is_never_the_best():
    stopping = EarlyStopping()
    assert not stopping.update(NAN, 0.1)
    assert stopping.best_epoch is None
    assert math.isnan(stopping.best_score)
    assert stopping.update(0.1, 9.0)
    assert not stopping.update(NAN, 0.0)
    assert stopping.best_epoch == 1
