"""Weights of other models that the pre-training of an encoder starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from mirage_core.model.build import empty_model
from mirage_core.model.checkpoints.errors import CheckpointError, listed
from mirage_core.model.checkpoints.layout import INPUTS, Layout, canonical, recognise
from mirage_core.model.checkpoints.loading import build
from mirage_core.model.checkpoints.reading import RawCheckpoint, read_state
from mirage_core.model.checkpoints.report import Report
from mirage_core.model.checkpoints.specify import understand
from mirage_core.model.checkpoints.targets import encoder_spec
from mirage_core.model.spec import ModelSpec

BLOCKS = "encoder."
_BLOCKS_OF_VIT = "blocks."


@dataclass(frozen=True, eq=False)
class InitialEncoder:
    """Weights to begin with.

    Attributes
    ----------
    state : dict of str to tensor
        Under the keys of MIRAGE's encoder; float32.
    layout : Layout
        What they were read from.
    report : Report
        Its ``missing`` weights of the encoder stay random; decoders always do.
    """

    state: dict[str, Tensor]
    layout: Layout
    report: Report

    def copy_into(self, model: nn.Module) -> None:
        """Copy the weights into a model of the specification they were read for."""
        model.load_state_dict(self.state, strict=False)


def initial_encoder(path: Path | str, spec: ModelSpec) -> InitialEncoder:
    """Read what an encoder starts with: MAE's or MultiMAE's blocks, or an encoder of MIRAGE.

    Of a masked autoencoder's ViT ``blocks.`` become ``encoder.``, of MultiMAE the encoder's
    blocks are taken. Their patch projections, positions, class and global tokens, final norms
    and decoders are left out, and the report says so. Of MIRAGE's own files all of the encoder
    is taken that the model has.

    Parameters
    ----------
    path : Path or str
    spec : ModelSpec
        Of the model that is to be trained.

    Raises
    ------
    CheckpointError
        If the file is of another kind, or its blocks do not fit the model.
    """
    raw = read_state(path)
    layout = recognise(raw.state)
    if layout.is_mirage:
        return _of_mirage(raw, spec)
    if layout not in (Layout.MAE, Layout.MULTIMAE):
        raise CheckpointError(
            raw.path,
            f"Pre-training cannot start from a file of this kind ({layout.value}).",
            "Choose weights of a masked autoencoder's ViT, of MultiMAE or of MIRAGE.",
        )
    inner = _BLOCKS_OF_VIT if layout is Layout.MAE else BLOCKS
    file = canonical(raw.state)
    names = {n: BLOCKS + n.removeprefix(inner) for n in file if n.startswith(inner)}
    state = {new: file[old] for old, new in names.items()}
    missing = _checked_blocks(raw, state, spec)
    report = Report(
        missing=missing,
        dropped=tuple(name for name in file if name not in names),
        assumptions=(
            "The file does not say how many attention heads its blocks have; those of the model, "
            f"{spec.heads}, are assumed.",
        ),
    )
    return InitialEncoder({n: t.float() for n, t in state.items()}, layout, report)


def _of_mirage(raw: RawCheckpoint, spec: ModelSpec) -> InitialEncoder:
    checkpoint = understand(raw, heads=spec.heads)
    # A domain the file does not know starts with a new adapter.
    loaded = build(checkpoint, encoder_spec(spec), fresh=(INPUTS,))
    missing = set(loaded.report.missing)
    state = {n: t for n, t in loaded.model.state_dict().items() if n not in missing}
    return InitialEncoder(state, checkpoint.layout, loaded.report)


def _checked_blocks(
    raw: RawCheckpoint, state: dict[str, Tensor], spec: ModelSpec
) -> tuple[str, ...]:
    """Return what of the encoder is not in `state`, which must be all of its blocks."""
    expected = {n: tuple(t.shape) for n, t in empty_model(encoder_spec(spec)).state_dict().items()}
    blocks = {name: shape for name, shape in expected.items() if name.startswith(BLOCKS)}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if found != blocks:
        wrong = [n for n in {**blocks, **found} if blocks.get(n) != found.get(n)]
        depth = len({name.split(".")[1] for name in found})
        width = next((shape[0] for n, shape in found.items() if n.endswith("norm1.weight")), 0)
        raise CheckpointError(
            raw.path,
            f"The file's {depth} blocks of width {width} do not fit the model's {spec.depth} of "
            f"width {spec.dim}; {listed(wrong)} differ.",
            "Choose weights of the same size: ViT-B for Base, ViT-L for Large.",
        )
    return tuple(name for name in expected if name not in blocks)
