"""The loss: of what is known alone, and the same however a batch is cut up."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mirage_core.model.spec import Normalisation
from mirage_core.training.finetune.labelled import UNLABELLED
from mirage_core.training.finetune.objective import make_objective
from mirage_core.training.finetune.square import SquareMaker
from mirage_core.training.finetune.views import Sample, as_sample
from mirage_core.training.losses import ce_generalised_dice
from tests.training.finetune.lessons import PARTED, REGIONS, SIDE, b_scan


def sample(scheme: object = PARTED, **fields: object) -> Sample:
    maker = SquareMaker(scheme, Normalisation.SEGMENTATION)
    return as_sample(maker.make(b_scan(1, fluid=True, **fields), SIDE))


def logits(n: int, rows: int = 32, columns: int = 16) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    return torch.randn(1, n, rows, columns, generator=g).requires_grad_()


def test_regions_are_learnt_as_published() -> None:
    out, truth = logits(5, 16, 16), sample(REGIONS)
    found = make_objective(REGIONS, 0.5, 0.0)(out, truth)
    resized = torch.nn.functional.interpolate(out, (SIDE, SIDE), mode="bilinear")
    expected = ce_generalised_dice(resized, truth.labels[None].long())
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("scheme", [PARTED, REGIONS])
def test_what_is_not_known_has_no_gradient(scheme: object) -> None:
    out = logits(6 if scheme is PARTED else 5)
    truth = sample(scheme, known=(), masks=False)
    make_objective(scheme, 0.5, 0.0)(out, truth).backward()
    assert out.grad is not None
    assert not out.grad.any()


def test_lesions_are_learnt_where_they_were_looked_for() -> None:
    out, truth = logits(6), sample(known=())
    make_objective(PARTED, 0.5, 0.0)(out, truth).backward()
    assert out.grad is not None
    assert not out.grad[:, :4].any()
    assert out.grad[:, 4:].any()


def test_an_unknown_place_among_lesions_has_no_gradient() -> None:
    truth = sample(known=())
    labels = truth.labels.clone()
    labels[:, : SIDE // 2] = UNLABELLED
    out = logits(6)
    make_objective(PARTED, 0.5, 0.0)(out, replace(truth, labels=labels)).backward()
    assert out.grad is not None
    assert not out.grad[:, 4:, :, :8].any()
    assert out.grad[:, 4:, :, 8:].any()


def test_the_base_models_opinion_counts_by_its_weight() -> None:
    truth = sample(known=(), masks=False)
    prior = replace(truth, prior=sample().labels)
    out = logits(6)
    half, whole = (make_objective(PARTED, 0.5, w)(out, prior) for w in (0.5, 1.0))
    assert whole > 0
    torch.testing.assert_close(2 * half, whole)


def test_a_surface_that_counts_less_pulls_less() -> None:
    truth = sample(masks=False)
    sure = truth.sure.clone()
    sure[0] = 0.1
    pulls = []
    for told in (truth, replace(truth, sure=sure)):
        out = logits(6)
        make_objective(PARTED, 0.5, 0.0)(out, told).backward()
        assert out.grad is not None
        pulls.append(out.grad[:, 0].abs().sum())
    assert pulls[1] < pulls[0]
