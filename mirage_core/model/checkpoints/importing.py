"""From a file of any known kind to weights of our own format, and what a card says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mirage_core.io.atomic import atomic_file
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.foreign import KINDS, load_foreign
from mirage_core.model.checkpoints.layout import Layout, recognise
from mirage_core.model.checkpoints.loading import build
from mirage_core.model.checkpoints.native import write_weights
from mirage_core.model.checkpoints.pickled import refuse_changed_bytes
from mirage_core.model.checkpoints.reading import Container, read_state
from mirage_core.model.checkpoints.report import Report, counted
from mirage_core.model.checkpoints.specify import Checkpoint, understand
from mirage_core.model.spec import ModelSpec, Normalisation
from mirage_core.model.store.known_schemes import scheme_for
from mirage_core.model.store.scheme import LayerScheme

_NORMALISATION: dict[Layout, Normalisation] = {
    Layout.PRETRAINING: Normalisation.WRAPPER,
    Layout.SEGMENTATION: Normalisation.SEGMENTATION,
    Layout.CLASSIFICATION: Normalisation.CLASSIFICATION,
    Layout.ENCODER: Normalisation.HUB,
}
"""How the published scripts prepare images for each kind; other encoders as for the hub's."""


@dataclass(frozen=True, eq=False)
class Imported:
    """What a card says of weights that were imported.

    Attributes
    ----------
    spec : ModelSpec
    format : str
        Kind of checkpoint they were read from.
    normalisation : Normalisation
    scheme : LayerScheme or None
        Of a segmentation head whose file tells its classes.
    class_labels : tuple of str
        Of a classification head whose file tells them; no published one does.
    report : Report
        What became of every name in the file.
    """

    spec: ModelSpec
    format: str
    normalisation: Normalisation
    scheme: LayerScheme | None
    class_labels: tuple[str, ...]
    report: Report


def import_file(
    path: Path,
    weights: Path,
    *,
    heads: int | None = None,
    decoder_heads: int | None = None,
    segmenter_heads: int | None = None,
    variant: str = "",
    labels: Mapping[int, str] | None = None,
) -> Imported:
    """Write the weights of a checkpoint as our own format's.

    MIRAGE's published formats, and the encoders of DINOv2, RETFound and SAM. A file with weights
    that are missing or that nobody knows is refused.

    Parameters
    ----------
    path : Path
        The checkpoint.
    weights : Path
        The safetensors file to write; replaced if it exists.
    heads, decoder_heads, segmenter_heads : int, optional
        See :func:`~mirage_core.model.checkpoints.loading.load_model`.
    variant : str
        See :func:`~mirage_core.model.timm_encoders.load_timm_encoder`.
    labels : mapping of int to str, optional
        Names of a segmentation head's classes, as in the ``INFO.json`` it was trained with.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or is of no kind that is known here.
    ExportError
        If `weights` cannot be written.
    """
    raw = read_state(path)
    if raw.container is Container.PICKLE:
        refuse_changed_bytes(path)
    layout = recognise(raw.state)
    if layout in KINDS:
        encoder, report = load_foreign(raw, layout, heads=heads, variant=variant)
        _write(encoder, weights, path)
        kind = KINDS[layout].value
        return Imported(encoder.spec, kind, Normalisation.HUB, None, (), report)
    checkpoint = understand(
        raw, heads=heads, decoder_heads=decoder_heads, segmenter_heads=segmenter_heads
    )
    loaded = build(checkpoint)
    scheme = _scheme(checkpoint, labels)
    _write(loaded.model, weights, path)
    normalisation = _NORMALISATION[layout]
    return Imported(checkpoint.spec, layout.value, normalisation, scheme, (), loaded.report)


def _scheme(checkpoint: Checkpoint, labels: Mapping[int, str] | None) -> LayerScheme | None:
    head, mapping = checkpoint.spec.head, checkpoint.mapping
    if head is None or (mapping is None and labels is None):
        return None
    try:
        scheme = scheme_for(mapping or {i: i for i in range(head.n_classes)}, labels)
    except ValueError as error:
        if labels is None:  # several grey values of one class, say: nothing can be named
            return None
        raise CheckpointError(
            checkpoint.raw.path,
            f"The names of the classes do not fit the file: {error}.",
            "Give the INFO.json the model was trained with, or none.",
        ) from error
    return scheme if scheme.n_classes == head.n_classes else None


def _write(model: nn.Module, weights: Path, path: Path) -> None:
    spoilt = [name for name, tensor in model.state_dict().items() if not _finite(tensor)]
    if spoilt:
        raise CheckpointError(
            path,
            f"The file holds {counted(spoilt)} with values that are infinite or no numbers.",
            "Get the file again from its source; of a training, take an earlier checkpoint.",
        )
    with atomic_file(weights, overwrite=True) as fresh:
        write_weights(model, fresh)


def _finite(tensor: Tensor) -> bool:
    if not tensor.numel():
        return True
    lowest, highest = tensor.aminmax()  # what is no number passes through
    return bool(torch.isfinite(lowest) & torch.isfinite(highest))
