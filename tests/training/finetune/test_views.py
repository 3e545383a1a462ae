"""Views: as published, or stronger; what is known moves with the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mirage_core.model.preprocessing import prepare_image
from mirage_core.model.preprocessing.labels import prepare_mask
from mirage_core.model.spec import Normalisation
from mirage_core.training.finetune.labelled import SURFACE_NAMES, UNLABELLED, LabelledBScan
from mirage_core.training.finetune.square import SquareMaker
from mirage_core.training.finetune.views import PaperViews, Sample, StrongViews, make_views
from tests.golden import golden
from tests.training.finetune.lessons import PARTED, REGIONS, SIDE, SURFACES, b_scan

PARTS = SquareMaker(PARTED, Normalisation.SEGMENTATION)
WHOLE = SquareMaker(REGIONS, Normalisation.SEGMENTATION)


def known(i: int) -> tuple[LabelledBScan, None]:
    return b_scan(i, fluid=True), None


def rises(sample: Sample, row: int) -> np.ndarray:
    """Return how much brighter it is under a surface than over it, where there is room."""
    image, curve = sample.image[0, 0].numpy(), sample.curves[row].numpy()
    z = np.rint(np.nan_to_num(curve, nan=-99)).astype(int)
    x = np.flatnonzero((z > 6) & (z < len(image) - 6))
    return image[z[x] + 3, x] - image[z[x] - 4, x]


@pytest.mark.parametrize("side", [128, 256, 512, 1000, 1024])
def test_the_published_view_is_cut_from_a_picture_a_tenth_larger(side: int) -> None:
    import json

    published = json.loads(golden("protocol.json").read_text())["flip_resize_crop"][str(side)]
    views = PaperViews(WHOLE, known, side, seed=0)
    assert views._resized == published["resize_to"]
    assert views._resized - side == published["max_offset"]


def test_the_published_view_is_the_prepared_picture_to_the_bit() -> None:
    views = PaperViews(WHOLE, known, SIDE, seed=3)
    one = known(0)[0]
    seen = set()
    for view in range(40):
        made = views.make(0, view)
        for mirrored in (False, True):
            image = one.image[:, ::-1].copy() if mirrored else one.image
            larger = prepare_image(image, (70, 70), Normalisation.SEGMENTATION)[0]
            windows = np.lib.stride_tricks.sliding_window_view(larger, (SIDE, SIDE))
            at = np.argwhere((windows == made.image[0, 0].numpy()).all(axis=(2, 3)))
            seen |= {(mirrored, *map(int, place)) for place in at}
    assert {place[0] for place in seen} == {False, True}
    assert {place[1] for place in seen} == set(range(7))


def test_labels_of_the_published_view_are_prepared_as_published() -> None:
    views = PaperViews(replace(WHOLE, own_classes=True), _own, SIDE, seed=1)
    one = _own(0)[0]
    assert one.classes is not None
    larger = prepare_mask(one.classes, (70, 70), {i: i for i in range(5)})
    found = False
    for view in range(12):
        labels = views.make(0, view).labels.numpy()
        windows = np.lib.stride_tricks.sliding_window_view(larger, (SIDE, SIDE))
        found |= bool((windows == labels).all(axis=(2, 3)).any())
    assert found


def _own(i: int) -> tuple[LabelledBScan, None]:
    from mirage_core.training.finetune.regions import region_map

    one = b_scan(i)
    return replace(one, classes=region_map(one, REGIONS)), None


@pytest.mark.parametrize("augmentation", ["paper", "strong", "none"])
def test_surfaces_stay_on_their_edges(augmentation: str) -> None:
    views = make_views(augmentation, PARTS, known, SIDE, 0)
    rpe = SURFACES.index("RPE")
    for view in range(1, 12):
        sample = views.make(2, view)
        found = rises(sample, rpe)
        assert found.size > 10
        assert np.median(found) > 0.1


@pytest.mark.parametrize("augmentation", ["paper", "strong"])
def test_lesions_and_regions_move_with_the_picture(augmentation: str) -> None:
    lesions = make_views(augmentation, PARTS, known, SIDE, 0)
    regions = make_views(augmentation, WHOLE, known, SIDE, 0)
    for view in range(1, 10):
        marked, mapped = lesions.make(1, view), regions.make(1, view)
        torch.testing.assert_close(marked.image, mapped.image)
        fluid = marked.labels == 1
        if fluid.any():
            assert marked.image[0, 0][fluid].mean() < 0.4
            same = (mapped.labels == 4) == fluid
            assert same.float().mean() > 0.97


def test_what_comes_in_from_outside_is_not_known() -> None:
    views = StrongViews(PARTS, known, SIDE, seed=0)
    outside = [views.make(0, view).labels == UNLABELLED for view in range(1, 20)]
    assert any(o.any() for o in outside)
    assert all(o.float().mean() < 0.5 for o in outside)


def test_the_first_strong_view_is_the_b_scan_itself() -> None:
    views = StrongViews(PARTS, known, SIDE, seed=0)
    plain = prepare_image(known(0)[0].image, (SIDE, SIDE), Normalisation.SEGMENTATION)
    np.testing.assert_array_equal(views.make(0, 0).image[0].numpy(), plain)


def test_a_view_follows_from_seed_b_scan_and_number() -> None:
    first, again = (StrongViews(PARTS, known, SIDE, seed=5).make(1, 4) for _ in range(2))
    assert torch.equal(first.image, again.image)
    others = [
        StrongViews(PARTS, known, SIDE, seed=6).make(1, 4),
        StrongViews(PARTS, known, SIDE, seed=5).make(1, 3),
        StrongViews(PARTS, known, SIDE, seed=5).make(2, 4),
    ]
    assert not any(torch.equal(first.image, other.image) for other in others)
    assert first.image.min() >= 0
    assert first.image.max() <= 1


def test_what_nobody_drew_is_the_base_models_opinion_and_counts_less() -> None:
    maker = replace(PARTS, prior_weight=0.25)
    mine, theirs = b_scan(0, known=("RPE",), masks=False), b_scan(0, fluid=True)
    square = maker.make(mine, SIDE, theirs)
    rows = {name: SURFACES.index(name) for name in SURFACES}
    assert (square.sure[rows["RPE"]] == 1).all()
    assert (square.sure[rows["ILM"]] == np.float32(0.25)).all()
    scale = np.float32(SIDE / theirs.image.shape[0])
    ilm = theirs.surfaces[SURFACE_NAMES.index("ILM")] * scale
    assert np.isfinite(square.curves).all()
    assert abs(square.curves[rows["ILM"]].mean() - ilm.mean()) < 0.5
    assert (square.labels == UNLABELLED).all()
    assert (square.prior == 1).any()
    assert not square.looked.any()


def test_a_lesion_nobody_looked_for_is_not_taught_as_layer_where_the_base_model_sees_it() -> None:
    maker = replace(WHOLE, prior_weight=0.25)
    square = maker.make(b_scan(1, masks=False), SIDE, b_scan(1, fluid=True))
    seen = square.prior == 4
    assert seen.any()
    assert (square.labels[seen] == UNLABELLED).all()
    assert (square.labels[~seen] != UNLABELLED).all()
