"""From a file of MIRAGE's weights to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.filling import Source, fill, same_weights
from mirage_core.model.checkpoints.layout import Layout
from mirage_core.model.checkpoints.reading import read_state
from mirage_core.model.checkpoints.report import Report
from mirage_core.model.checkpoints.specify import Checkpoint, understand
from mirage_core.model.checkpoints.targets import InputSize, fitted
from mirage_core.model.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model, and what became of the file it was read from.

    Attributes
    ----------
    model : nn.Module
        In evaluation mode, on the CPU. Its weights stay on the disk until they are used.
    report : Report
    spec : ModelSpec
    layout : Layout
    mapping : dict of int to int, or None
        Of a segmentation head: from grey value in the masks it was trained with to class.
    """

    model: nn.Module
    report: Report
    spec: ModelSpec
    layout: Layout
    mapping: dict[int, int] | None = None


def open_checkpoint(
    path: Path | str,
    *,
    heads: int | None = None,
    decoder_heads: int | None = None,
    segmenter_heads: int | None = None,
    mapped: bool = True,
) -> Checkpoint:
    """Read a file and say which model it belongs to, without building one.

    Raises
    ------
    CheckpointError
        See :func:`load_model`.
    """
    raw = read_state(path, mapped=mapped)
    return understand(
        raw, heads=heads, decoder_heads=decoder_heads, segmenter_heads=segmenter_heads
    )


def load_model(
    path: Path | str,
    *,
    spec: ModelSpec | None = None,
    domains: Sequence[str] | None = None,
    size: InputSize | None = None,
    strict: bool = True,
    fresh: tuple[str, ...] = (),
    heads: int | None = None,
    decoder_heads: int | None = None,
    segmenter_heads: int | None = None,
    mapped: bool = True,
) -> Loaded:
    """Load a checkpoint of MIRAGE as published: pre-training, segmentation, classification, hub.

    Parameters
    ----------
    path : Path or str
    spec : ModelSpec, optional
        The model that is wanted; by default the one the file holds. An encoder takes what it
        needs of a pre-training checkpoint; decoders are dropped. Its head counts are believed.
    domains : sequence of str, optional
        Inputs to keep; all by default.
    size : int, (int, int) or mapping, optional
        Input size in px, for which tables of positions are resized (bicubic) once; by default
        the one they are stored for.
    strict : bool
        Refuse missing and unexpected weights instead of reporting them.
    fresh : tuple of str
        Beginnings of names that may be missing all the same, ``("output_adapters.",)`` for the
        head of a model that is about to be trained; they get random values.
    heads, decoder_heads, segmenter_heads : int, optional
        Attention heads of the encoder, of the decoders and of a Segmenter head, where the caller
        knows better. No shape tells them; what had to be assumed is in the report.
    mapped : bool
        See :func:`~mirage_core.model.checkpoints.reading.read_state`.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is of no model known here, or does not fit the model.
    """
    if spec is not None:
        heads = spec.heads
        decoder_heads = decoder_heads if spec.decoder is None else spec.decoder.heads
        segmenter_heads = segmenter_heads if spec.head is None else spec.head.heads
    checkpoint = open_checkpoint(
        path,
        heads=heads,
        decoder_heads=decoder_heads,
        segmenter_heads=segmenter_heads,
        mapped=mapped,
    )
    return build(checkpoint, spec, domains=domains, size=size, strict=strict, fresh=fresh)


def build(
    checkpoint: Checkpoint,
    spec: ModelSpec | None = None,
    *,
    domains: Sequence[str] | None = None,
    size: InputSize | None = None,
    strict: bool = True,
    fresh: tuple[str, ...] = (),
) -> Loaded:
    """Return the model of an opened checkpoint; see :func:`load_model`."""
    path = checkpoint.raw.path
    try:
        wanted = fitted(spec or checkpoint.spec, domains=domains, size=size)
    except ValueError as error:
        raise CheckpointError(
            path, str(error), "Choose inputs and sizes that the model can take."
        ) from error
    source = Source(
        path,
        checkpoint.spec,
        checkpoint.state,
        Report(assumptions=checkpoint.assumptions, notes=checkpoint.notes),
    )
    model, report = fill(source, wanted, strict=strict, fresh=fresh)
    mapping = checkpoint.mapping if same_weights(checkpoint.spec.head, wanted.head) else None
    return Loaded(model, report, wanted, checkpoint.layout, mapping)
