"""A model cut in two computes what it computed whole, whatever learns; LoRA folds away."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.model.spec import BSCAN, EncoderKind, ModelSpec
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.front import CutModel, cut
from mirage_core.training.finetune.lora import LoraLinear, fold_lora
from mirage_core.training.finetune.pupil import load_pupil
from mirage_core.training.finetune.syllabus import syllabus
from tests.training.finetune.lessons import (
    SIDE,
    data,
    encoder_base,
    parted_base,
    short,
)

HEADS = ("light", "linear", "convnext", "segmenter", "dpt")


def pupil(tmp_path: Path, config: FinetuneConfig) -> CutModel:
    _, base = (parted_base if config.head in ("keep", "pyramid") else encoder_base)(tmp_path)
    return load_pupil(base, syllabus(base.card, data(2), config), config)


def image() -> torch.Tensor:
    return torch.rand(2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("head", ["keep", "pyramid", *HEADS])
def test_front_and_rest_give_what_the_model_gives(head: str, tmp_path: Path) -> None:
    cut_in_two = pupil(tmp_path, short(head=head)).eval()
    with torch.no_grad():
        whole = cut_in_two(image())
        parts = cut_in_two.rest(cut_in_two.front(image()))
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("trained", "n_front"), [("head", 2), ("blocks", 1), ("lora", 0)])
def test_only_what_is_asked_for_learns(trained: str, n_front: int, tmp_path: Path) -> None:
    made = pupil(tmp_path, short(head="linear", trained=trained, blocks=1, lora_rank=2))
    assert made.n_frozen == n_front
    learns = {n for n, p in made.named_parameters() if p.requires_grad}
    beyond = {n for n in learns if "output_adapters" not in n}
    assert learns > beyond
    if trained == "head":
        assert not beyond
    elif trained == "blocks":
        assert all(".encoder.1." in n for n in beyond)
        assert beyond
    else:
        assert beyond
        assert all(n.endswith((".down", ".up")) for n in beyond)


def test_everything_learns_but_tables_of_positions(tmp_path: Path) -> None:
    made = pupil(tmp_path, short(head="linear", trained="all"))
    frozen = {n for n, p in made.named_parameters() if not p.requires_grad}
    assert not made.has_front
    assert frozen == {"model.input_adapters.bscan.pos_emb"}


@pytest.mark.parametrize("trained", ["head", "blocks", "lora"])
def test_a_front_is_the_same_while_learning(trained: str, tmp_path: Path) -> None:
    config = short(head="linear", trained=trained, blocks=1, drop_path=0.9)
    made = pupil(tmp_path, config)
    made.learning()
    first, again = (made.front(image()) for _ in range(2))
    assert torch.equal(first["values"], again["values"])


def test_stochastic_depth_acts_where_the_encoder_learns(tmp_path: Path) -> None:
    made = pupil(tmp_path, short(head="linear", trained="all", drop_path=0.5))
    made.learning()
    torch.manual_seed(0)
    assert len({made(image()).sum().item() for _ in range(8)}) > 1
    made.eval()
    assert len({made(image()).sum().item() for _ in range(8)}) == 1


def test_batch_normalisation_keeps_its_statistics(tmp_path: Path) -> None:
    made = pupil(tmp_path, short(trained="all"))
    before = {n: b.clone() for n, b in made.named_buffers()}
    made.learning()
    made(image()).sum().backward()
    assert before
    assert all(torch.equal(b, before[n]) for n, b in made.named_buffers())


def test_lora_begins_as_the_model_and_folds_into_it(tmp_path: Path) -> None:
    plain = pupil(tmp_path / "plain", short(head="linear")).eval()
    made = pupil(tmp_path / "lora", short(head="linear", trained="lora", lora_rank=3)).eval()
    added = [m for m in made.modules() if isinstance(m, LoraLinear)]
    assert len(added) == 8
    torch.testing.assert_close(made(image()), plain(image()))
    with torch.no_grad():
        for m in added:
            m.up.normal_(0, 0.05)
    changed = made(image())
    assert (changed - plain(image())).abs().max() > 1e-3
    fold_lora(made)
    torch.testing.assert_close(made(image()), changed, atol=1e-5, rtol=1e-4)
    assert made.model.state_dict().keys() == plain.model.state_dict().keys()


def test_of_other_encoders_the_head_lora_or_everything_learns() -> None:
    from mirage_core.model.build import build_model
    from mirage_core.model.spec import HeadKind, HeadSpec

    domain = BSCAN.model_copy(update={"size": (28, 28), "patch": 14})
    spec = ModelSpec(
        encoder=EncoderKind.DINOV2,
        variant="vit_small_patch14_dinov2",
        dim=384,
        depth=12,
        heads=6,
        domains=(domain,),
        head=HeadSpec(kind=HeadKind.LINEAR, n_classes=3),
    )
    x = torch.rand(1, 1, 28, 28)
    for trained in ("head", "lora", "all"):
        made = cut(build_model(spec), short(trained=trained))
        made.learning()
        if made.has_front:
            torch.testing.assert_close(made.rest(made.front(x)), made(x))
        made(x).sum().backward()
    with pytest.raises(TeachError, match="Single blocks"):
        cut(build_model(spec), short(trained="blocks"))
