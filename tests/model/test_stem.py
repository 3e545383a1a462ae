"""The convolutional stem in front of the patches, and the head that looks at its maps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.inference import InferenceModel
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import (
    BSCAN,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Normalisation,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.scheme import parted_scheme

WIDTHS = (4, 6, 8, 10)
STEMMED = DomainSpec(name="bscan", size=(64, 64), stem=WIDTHS)
HEAD = HeadSpec(kind=HeadKind.PYRAMID, n_classes=7, parts=(4, 3), widths=WIDTHS)


def spec(domain: DomainSpec = STEMMED, head: HeadSpec | None = HEAD) -> ModelSpec:
    return mirage_spec("tiny", (domain,), head=head)


def model() -> MirageSegmentation:
    torch.manual_seed(0)
    built = build_model(spec())
    assert isinstance(built, MirageSegmentation)
    return built.eval()


def test_logits_are_fine_across_the_retina_and_coarser_along_it() -> None:
    logits = model().grid_logits({"bscan": torch.rand(2, 1, 64, 96)})
    assert logits.shape == (2, 7, 32, 24)


def test_an_image_of_any_multiple_of_the_patch_will_do() -> None:
    whole = model()({"bscan": torch.rand(1, 1, 128, 64)})
    assert whole.shape == (1, 7, 128, 64)


def test_what_the_stem_saw_comes_with_the_tokens() -> None:
    tokens = model().tokens({"bscan": torch.rand(1, 1, 64, 64)})
    shapes = [tuple(level.shape[1:]) for level in tokens.pyramid]
    assert shapes == [(4, 32, 16), (6, 16, 8), (8, 8, 4), (10, 4, 2)]
    assert tokens.grids == {"bscan": (2, 2)}


def test_tokens_and_stem_both_decide() -> None:
    segmenter, image = model(), torch.rand(1, 1, 64, 64)
    tokens = segmenter.tokens({"bscan": image})
    before = segmenter.head(tokens)
    other = type(tokens)(tokens.values + 1, tokens.grids, pyramid=tokens.pyramid)
    assert not torch.allclose(segmenter.head(other), before)
    blind = tuple(torch.zeros_like(level) for level in tokens.pyramid)
    other = type(tokens)(tokens.values, tokens.grids, pyramid=blind)
    assert not torch.allclose(segmenter.head(other), before)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_inference_agrees_with_the_model(mode: str) -> None:
    segmenter, image = model(), torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        expected = segmenter.grid_logits({"bscan": image})
        found = InferenceModel(segmenter, mode).grid_logits({"bscan": image})
    assert found.values.shape == expected.shape
    tolerance = 1e-4 if mode == "exact" else 0.2
    assert (found.values - expected).abs().max() < tolerance


def test_it_is_kept_in_our_own_format(tmp_path: Path) -> None:
    made = model()
    # Statistics of normalisation belong to the weights.
    made.train()
    made.grid_logits({"bscan": torch.rand(4, 1, 64, 64)})
    made.eval()
    card = ModelCard(
        id="m",
        title="M",
        spec=made.spec,
        scheme=parted_scheme("p", ("ILM", "RPE", "BM"), ("IRF", "SRF")),
        normalisation=Normalisation.SEGMENTATION,
        origin=Origin(kind="trained"),
    )
    save_native(made, card, tmp_path / "m")
    loaded = load_native(tmp_path / "m")
    assert loaded.report.complete
    image = {"bscan": torch.rand(1, 1, 64, 64)}
    with torch.inference_mode():
        assert torch.equal(loaded.model.grid_logits(image), made.grid_logits(image))


def test_the_published_formats_have_no_place_for_a_stem(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="know no convolutional stem"):
        save_published(model(), tmp_path / "m.pth")
    assert not list(tmp_path.iterdir())


def test_a_pyramid_head_without_a_stem_is_refused() -> None:
    plain = build_model(spec(BSCAN.model_copy(update={"size": (64, 64)})))
    with pytest.raises(ValueError, match="maps of an encoder's stem"):
        plain({"bscan": torch.rand(1, 1, 64, 64)})


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (HEAD.model_copy(update={"n_classes": 8}), "are not 8 classes"),
        (HEAD.model_copy(update={"domains": ("bscan", "slo")}), "one input"),
    ],
)
def test_a_head_that_cannot_be_is_refused(head: HeadSpec, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_model(spec(head=head))


@pytest.mark.parametrize(
    ("update", "words"),
    [({"stem": (4, 8)}, "has 4 levels"), ({"patch": 16}, "patches of 32 px, not 16")],
)
def test_a_stem_that_leads_nowhere_is_refused(update: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_model(spec(STEMMED.model_copy(update=update)))
