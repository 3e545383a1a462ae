"""Files of any known kind become our own format's, with what a card needs to know of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.importing import Imported, import_file
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.spec import DomainSpec, EncoderKind, HeadKind, ModelSpec, Normalisation
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.store import ModelStore
from tests.model.checkpoints.files import (
    ALL,
    BSCAN,
    HEADS,
    SLO,
    classification_spec,
    inputs,
    model,
    pretraining_spec,
    same_outputs,
    segmentation_spec,
    spec,
    state,
    write_pth,
)

GOALS = {0: 0, 80: 1, 160: 2, 255: 3}
ARGS = {"decoder_dim": 32, "decoder_num_heads": 8, "encoder_num_heads": 2, "pool": "cls"}


def card(imported: Imported) -> ModelCard:
    return ModelCard(
        id="model",
        title="Model",
        spec=imported.spec,
        scheme=imported.scheme,
        class_labels=imported.class_labels,
        normalisation=imported.normalisation,
        origin=Origin(kind="file", format=imported.format),
    )


@pytest.mark.parametrize(
    ("of", "normalisation", "kind"),
    [
        (spec((BSCAN, SLO)), Normalisation.HUB, "MIRAGE encoder"),
        (pretraining_spec(), Normalisation.WRAPPER, "MIRAGE pre-training"),
        (segmentation_spec(), Normalisation.SEGMENTATION, "MIRAGE segmentation"),
        (segmentation_spec(HeadKind.DPT), Normalisation.SEGMENTATION, "MIRAGE segmentation"),
        (classification_spec(), Normalisation.CLASSIFICATION, "MIRAGE classification"),
    ],
    ids=lambda x: x.task if isinstance(x, ModelSpec) else None,
)
def test_mirages_files_go_into_the_store_and_come_back(
    tmp_path: Path, of: ModelSpec, normalisation: Normalisation, kind: str
) -> None:
    made = model(of)
    path = write_pth(tmp_path / "a.pth", made, ARGS | {"pool": "global"})
    imported = import_file(path, tmp_path / "weights.safetensors")
    assert imported.normalisation is normalisation
    assert imported.format == kind
    assert imported.report.complete
    store = ModelStore(tmp_path / "store")
    stored = store.add(card(imported), tmp_path / "weights.safetensors")
    loaded = load_native(store.get(stored.id).folder)
    assert same_outputs(loaded.model, made, inputs(of))


def test_a_known_set_of_grey_values_names_the_classes(tmp_path: Path) -> None:
    head = HEADS[HeadKind.LINEAR].model_copy(update={"n_classes": 4})
    path = write_pth(tmp_path / "a.pth", model(spec(head=head)), ARGS | {"mapping": GOALS})
    imported = import_file(path, tmp_path / "w.safetensors")
    assert imported.scheme is not None
    assert imported.scheme.name == "GOALS"
    labels = {0: "Background", 1: "IRF", 2: "SRF", 3: "PED"}
    named = import_file(path, tmp_path / "w.safetensors", labels=labels).scheme
    assert named is not None
    assert named.mask_classes == ("IRF", "SRF", "PED")
    with pytest.raises(CheckpointError, match="names of the classes do not fit"):
        import_file(path, tmp_path / "w.safetensors", labels={9: "IRF"})


@pytest.mark.parametrize("mapping", [None, {0: 0, 80: 1}, {0: 0, 80: 1, 255: 1, 160: 2, 9: 3}])
def test_classes_that_nobody_names_get_no_scheme(
    tmp_path: Path, mapping: dict[int, int] | None
) -> None:
    head = HEADS[HeadKind.LINEAR].model_copy(update={"n_classes": 4})
    path = write_pth(tmp_path / "a.pth", model(spec(head=head)), ARGS | {"mapping": mapping})
    assert import_file(path, tmp_path / "w.safetensors").scheme is None


def test_names_alone_are_enough_where_a_file_has_no_grey_values(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(segmentation_spec()), ARGS)
    labels = {0: "Above ILM", 1: "ILM-BM", 2: "Below BM"}
    scheme = import_file(path, tmp_path / "w.safetensors", labels=labels).scheme
    assert scheme is not None
    assert scheme.surface_names == ("ILM", "BM")


def test_what_was_assumed_is_told(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(spec(ALL)))
    imported = import_file(path, tmp_path / "w.safetensors")
    assert any("attention heads" in line for line in imported.report.sentences())
    given = import_file(path, tmp_path / "w.safetensors", heads=2)
    assert given.report.sentences() == ()


def test_a_file_that_lacks_weights_is_not_imported(tmp_path: Path) -> None:
    tensors = state(model(spec()))
    del tensors["encoder.1.norm1.bias"]
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    with pytest.raises(CheckpointError, match=r"encoder\.1\.norm1\.bias"):
        import_file(path, tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


def test_values_that_are_no_numbers_are_refused_by_name(tmp_path: Path) -> None:
    for value in (torch.nan, torch.inf):
        tensors = {name: tensor.clone() for name, tensor in state(model(spec())).items()}
        tensors["encoder.1.norm1.bias"][0] = value
        path = write_pth(tmp_path / "a.pth", tensors, ARGS)
        with pytest.raises(CheckpointError, match=r"1 weight \(encoder\.1\.norm1\.bias\)"):
            import_file(path, tmp_path / "w.safetensors")
        assert not (tmp_path / "w.safetensors").exists()


def test_a_changed_byte_is_seen_by_its_checksum(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "a.pth", model(spec()), ARGS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # within a tensor
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="its checksums differ"):
        import_file(path, tmp_path / "w.safetensors")


def test_a_file_without_checksums_is_no_worse(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = torch.serialization.get_crc32_options()
    request.addfinalizer(lambda: torch.serialization.set_crc32_options(before))
    torch.serialization.set_crc32_options(False)
    path = write_pth(tmp_path / "a.pth", model(spec()), ARGS)
    assert import_file(path, tmp_path / "w.safetensors").report.complete


def test_a_file_without_its_global_tokens_is_told_what_it_lacks(tmp_path: Path) -> None:
    tensors = state(model(spec()))
    del tensors["global_tokens"]
    path = write_pth(tmp_path / "a.pth", tensors, ARGS)
    with pytest.raises(CheckpointError, match="lack 'global_tokens'"):
        import_file(path, tmp_path / "w.safetensors")


def foreign(kind: EncoderKind, variant: str, patch: int, n_global: int) -> ModelSpec:
    domain = DomainSpec(name="bscan", patch=patch, size=(2 * patch, 2 * patch))
    return ModelSpec(
        encoder=kind,
        variant=variant,
        dim=64,
        depth=2,
        heads=1,
        n_global=n_global,
        domains=(domain,),
    )


FOREIGN = [
    foreign(EncoderKind.DINOV2, "vit_small_patch14_dinov2", 14, 1),
    foreign(EncoderKind.RETFOUND, "vit_large_patch16_224", 16, 1),
    foreign(EncoderKind.SAM, "samvit_base_patch16", 16, 0),
]


def published_names(of: ModelSpec, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if of.encoder is not EncoderKind.SAM:
        return tensors
    named = {re.sub(r"\.mlp\.fc(\d)\.", r".mlp.lin\1.", n): t for n, t in tensors.items()}
    named = {f"image_encoder.{name}": tensor for name, tensor in named.items()}
    return named | {"mask_decoder.x": torch.ones(1)}


@pytest.mark.parametrize("of", FOREIGN, ids=lambda of: of.encoder.value)
@pytest.mark.parametrize("nested", [True, False])
def test_other_encoders_are_told_by_their_keys(tmp_path: Path, of: ModelSpec, nested: bool) -> None:
    torch.manual_seed(0)
    made = build_model(of).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    tensors = published_names(of, state(made.vit))
    path = tmp_path / "a.pth"
    torch.save({"model": tensors} if nested else tensors, path)
    imported = import_file(path, tmp_path / "w.safetensors", heads=None if nested else 1)
    assert imported.spec == of
    assert imported.format == of.encoder.value
    assert imported.normalisation is Normalisation.HUB
    store = ModelStore(tmp_path / "store")
    stored = store.add(card(imported), tmp_path / "w.safetensors")
    loaded = load_native(store.get(stored.id).folder)
    assert same_outputs(loaded.model, made, inputs(of))
    assert all(tensor.device.type == "cpu" for tensor in loaded.model.buffers())


def test_a_stored_encoder_of_another_model_takes_a_head(tmp_path: Path) -> None:
    of = FOREIGN[0]
    made = build_model(of).eval()
    torch.save(state(made.vit), tmp_path / "a.pth")
    imported = import_file(tmp_path / "a.pth", tmp_path / "w.safetensors", heads=1)
    store = ModelStore(tmp_path / "store")
    folder = store.get(store.add(card(imported), tmp_path / "w.safetensors").id).folder
    wanted = of.model_copy(update={"head": HEADS[HeadKind.LINEAR]})
    loaded = load_native(folder, spec=wanted, fresh=("output_adapters.",))
    assert loaded.report.unexpected == ()
    assert all(name.startswith("output_adapters.") for name in loaded.report.missing)
    with safe_open(folder / "weights.safetensors", "pt") as file:
        name = next(iter(file.keys()))
        assert torch.equal(state(loaded.model)[f"backbone.{name}"], file.get_tensor(name))


def test_widths_of_other_encoders_that_tell_no_heads_are_not_guessed_at(tmp_path: Path) -> None:
    of = foreign(EncoderKind.DINOV2, "vit_small_patch14_dinov2", 14, 1)
    made = build_model(of.model_copy(update={"dim": 72, "heads": 3}))
    torch.save(state(made.vit), tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="how many attention heads"):
        import_file(tmp_path / "a.pth", tmp_path / "w.safetensors")
    imported = import_file(tmp_path / "a.pth", tmp_path / "w.safetensors", heads=3)
    assert imported.spec.heads == 3
    with pytest.raises(CheckpointError, match="width 72 cannot have 7 attention heads"):
        import_file(tmp_path / "a.pth", tmp_path / "w.safetensors", heads=7)


def test_sam_and_medsam_look_the_same(tmp_path: Path) -> None:
    of = FOREIGN[2]
    torch.save(published_names(of, state(build_model(of).vit)), tmp_path / "a.pth")
    imported = import_file(tmp_path / "a.pth", tmp_path / "w.safetensors")
    assert any("MedSAM" in line for line in imported.report.sentences())
    variant = "samvit_base_patch16.medsam"
    named = import_file(tmp_path / "a.pth", tmp_path / "w.safetensors", variant=variant)
    assert named.spec.variant == variant
    assert not any("MedSAM" in line for line in named.report.sentences())


def test_a_damaged_file_of_another_encoder_is_refused(tmp_path: Path) -> None:
    tensors = state(build_model(FOREIGN[0]).vit)
    del tensors["blocks.1.norm1.weight"]
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(CheckpointError) as refused:
        import_file(tmp_path / "a.pth", tmp_path / "w.safetensors")
    assert refused.value.what == "The file lacks 1 weight (blocks.1.norm1.weight) of the model."
    tensors["blocks.1.norm1.weight"] = torch.ones(3)
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="weights of DINOv2 cannot be used"):
        import_file(tmp_path / "a.pth", tmp_path / "w.safetensors")
