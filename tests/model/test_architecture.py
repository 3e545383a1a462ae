"""What holds of the architecture without any reference outputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mirage_core.model.build import build_model, empty_model, n_parameters
from mirage_core.model.classification import ClassificationModel
from mirage_core.model.encoder import MirageEncoder
from mirage_core.model.masked import MaskedModel
from mirage_core.model.positions import resize_table, sincos_table
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import (
    BSCAN,
    PUBLISHED_HEADS,
    SLO,
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Pool,
    mirage_spec,
)

SMALL = (
    DomainSpec(name="bscan", patch=8, size=(32, 32)),
    DomainSpec(name="slo", patch=8, size=(32, 32)),
    DomainSpec(name="bscanlayermap", patch=2, size=(8, 8), n_classes=5),
)


def small(**more: object) -> ModelSpec:
    return mirage_spec("tiny", SMALL, **more)  # type: ignore[arg-type]


def images(n: int = 2, side: int = 32, seed: int = 0) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {
        "bscan": torch.rand(n, 1, side, side, generator=random),
        "slo": torch.rand(n, 1, side, side, generator=random),
        "bscanlayermap": torch.randint(0, 5, (n, side // 4, side // 4), generator=random),
    }


def only(inputs: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    return {n: inputs[n] for n in names}


@pytest.fixture(scope="module")
def masked() -> MaskedModel:
    torch.manual_seed(0)
    model = build_model(small(decoder=DecoderSpec(dim=32, depth=1, heads=2, domains=SMALL)))
    assert isinstance(model, MaskedModel)
    return model.eval()


def test_published_sizes_have_the_published_number_of_parameters() -> None:
    assert n_parameters(mirage_spec("base", decoder=DecoderSpec())) == 99_006_592
    assert n_parameters(mirage_spec("large", decoder=DecoderSpec())) == 318_228_608
    assert n_parameters(mirage_spec("base", (BSCAN, SLO))) == 87_022_848


@pytest.mark.parametrize(
    ("kind", "embed", "depth", "parameters"),
    [
        (HeadKind.CONVNEXT, 6144, 4, 9_533_960),
        (HeadKind.SEGMENTER, 768, 2, 15_953_680),
        (HeadKind.LINEAR, 0, 0, 6_152),
    ],
)
def test_heads_have_the_published_number_of_parameters(
    kind: HeadKind, embed: int, depth: int, parameters: int
) -> None:
    head = HeadSpec(kind=kind, n_classes=8, embed=embed, depth=depth)
    model = empty_model(mirage_spec("base", (BSCAN,), head=head))
    assert isinstance(model, MirageSegmentation)
    assert sum(p.numel() for p in model.head.parameters()) == parameters


def test_an_empty_model_takes_no_memory_for_its_weights() -> None:
    assert all(p.is_meta for p in empty_model(mirage_spec("large")).parameters())


def test_tables_of_square_grids_tell_row_and_column() -> None:
    table = sincos_table(8, (4, 4))[0]
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(4.0), indexing="ij")
    for j, omega in enumerate((1.0, 0.01)):
        assert torch.allclose(table[j], (rows * omega).sin())
        assert torch.allclose(table[2 + j], (rows * omega).cos())
        assert torch.allclose(table[4 + j], (columns * omega).sin())
        assert torch.allclose(table[6 + j], (columns * omega).cos())


def test_a_table_of_the_same_grid_is_left_as_it_is() -> None:
    table = torch.rand(1, 8, 3, 5)
    assert resize_table(table, (3, 5), "bicubic") is table


@torch.no_grad()
def test_the_order_of_the_inputs_is_the_order_of_the_tokens(masked: MaskedModel) -> None:
    inputs = images()
    one = masked.encode(only(inputs, "bscan", "slo"))
    other = masked.encode(only(inputs, "slo", "bscan"))
    assert list(other.grids) == ["slo", "bscan"]
    assert torch.allclose(one.of("slo"), other.of("slo"), atol=1e-5)
    assert torch.allclose(one.global_tokens, other.global_tokens, atol=1e-5)


@torch.no_grad()
def test_a_masked_domain_and_an_absent_one_are_the_same(masked: MaskedModel) -> None:
    inputs = images()
    hidden = masked.reconstruct(inputs, masks={"slo": torch.ones(2, 16)})
    absent = masked.reconstruct(only(inputs, "bscan", "bscanlayermap"))
    for name, image in hidden.items():
        assert torch.allclose(image, absent[name], atol=1e-5)


@torch.no_grad()
def test_what_is_masked_does_not_matter(masked: MaskedModel) -> None:
    inputs = images()
    masks = {"bscan": torch.zeros(2, 16)}
    masks["bscan"][:, 5] = 1
    changed = inputs | {"bscan": inputs["bscan"].clone()}
    changed["bscan"][:, :, 8:16, 8:16] = 1 - changed["bscan"][:, :, 8:16, 8:16]
    for name, image in masked.reconstruct(inputs, masks=masks).items():
        assert torch.equal(image, masked.reconstruct(changed, masks=masks)[name])
    assert not torch.equal(masked.reconstruct(inputs)["slo"], masked.reconstruct(changed)["slo"])


@torch.no_grad()
def test_calls_leave_nothing_behind(masked: MaskedModel) -> None:
    inputs = images()
    given = only(inputs, "bscan")
    before = masked.reconstruct(given)
    assert list(given) == ["bscan"]
    masked.reconstruct(inputs)
    masked.reconstruct(images(side=64))
    for name, image in masked.reconstruct(given).items():
        assert torch.equal(image, before[name])


@torch.no_grad()
def test_samples_of_a_batch_do_not_see_each_other(masked: MaskedModel) -> None:
    inputs = images(3)
    masks = {n: torch.zeros(3, 16) for n in inputs}
    masks["slo"][1] = 1
    masks["bscan"][2, :7] = 1
    together = masked(inputs, masks)
    for i in range(3):
        alone = masked(
            {n: x[i : i + 1] for n, x in inputs.items()},
            {n: m[i : i + 1] for n, m in masks.items()},
        )
        for name in inputs:
            assert torch.allclose(together[name][i : i + 1], alone[name], atol=1e-5)


def test_everything_masked_is_refused(masked: MaskedModel) -> None:
    with pytest.raises(ValueError, match="masked"):
        masked.encode(only(images(), "bscan"), masks={"bscan": torch.ones(2, 16)})


def test_sizes_that_no_patch_divides_are_refused(masked: MaskedModel) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        masked.encode({"bscan": torch.zeros(1, 1, 30, 32)})


def test_an_input_the_model_does_not_know_is_refused_by_name(masked: MaskedModel) -> None:
    with pytest.raises(KeyError, match="fundus"):
        masked.encode({"fundus": torch.zeros(1, 1, 32, 32)})


@torch.no_grad()
def test_stochastic_depth_acts_in_training_only() -> None:
    torch.manual_seed(0)
    model = MirageEncoder(small(), drop_path=0.9)
    inputs = only(images(8), "bscan")
    model.eval()
    assert torch.equal(model(inputs).values, model(inputs).values)
    model.train()
    assert not torch.equal(model(inputs).values, model(inputs).values)


@torch.no_grad()
@pytest.mark.parametrize("kind", PUBLISHED_HEADS)
@pytest.mark.parametrize("domains", [("bscan",), ("bscan", "slo")])
def test_every_head_segments_at_the_size_of_the_image(
    kind: HeadKind, domains: tuple[str, ...]
) -> None:
    head = HeadSpec(
        kind=kind,
        n_classes=3,
        domains=domains,
        embed=96,
        depth=2,
        heads=4,
        layers=(0, 0, 1, 1),
        widths=(8, 8, 8, 8),
        features=8,
    )
    model = build_model(small(head=head)).eval()
    inputs = only(images(2), *domains)
    assert model(inputs).shape == (2, 3, 32, 32)
    wide = {n: torch.rand(1, 1, 24, 40) for n in domains}
    assert model(wide).shape == (1, 3, 24, 40)


@torch.no_grad()
@pytest.mark.parametrize("pool", list(Pool))
def test_every_pooling_classifies(pool: Pool) -> None:
    model = build_model(small(classifier=ClassifierSpec(pool=pool, n_classes=4))).eval()
    assert isinstance(model, ClassificationModel)
    assert model(only(images(), "bscan")).shape == (2, 4)


def test_a_model_has_one_task() -> None:
    with pytest.raises(ValueError, match="not several at once"):
        small(head=HeadSpec(n_classes=2), classifier=ClassifierSpec(pool=Pool.CLS, n_classes=2))


def test_a_token_covers_its_patch_of_the_reconstruction() -> None:
    torch.manual_seed(0)
    model = build_model(small(decoder=DecoderSpec(dim=32, depth=0, heads=2, domains=SMALL)))
    assert isinstance(model, MaskedModel)
    decoder = model.output_adapters["bscan"]
    grid = (4, 4)
    tokens = torch.arange(16.0)[None, :, None].expand(1, 16, 64)
    image = decoder._image(tokens, grid)
    rows, columns = torch.meshgrid(torch.arange(32) // 8, torch.arange(32) // 8, indexing="ij")
    assert torch.equal(image[0, 0], (rows * 4 + columns).float())
