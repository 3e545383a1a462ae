"""Weights of other encoders, under the names this program's encoders have."""

from __future__ import annotations

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.layout import Layout, canonical
from mirage_core.model.checkpoints.reading import RawCheckpoint
from mirage_core.model.checkpoints.report import Report
from mirage_core.model.spec import HEAD_DIM, EncoderKind
from mirage_core.model.timm_encoders import TimmEncoder, load_timm_encoder

KINDS: dict[Layout, EncoderKind] = {
    Layout.DINOV2: EncoderKind.DINOV2,
    Layout.MAE: EncoderKind.RETFOUND,
    Layout.SAM: EncoderKind.SAM,
}

_KNOWN_WIDTHS = (384, 768, 1024, 1536)
"""Of published ViTs, whose heads are 64 wide."""


def load_foreign(
    raw: RawCheckpoint,
    layout: Layout,
    *,
    heads: int | None = None,
    variant: str = "",
    strict: bool = True,
) -> tuple[TimmEncoder, Report]:
    """Return the encoder of DINOv2, RETFound or SAM in a file.

    Parameters
    ----------
    raw : RawCheckpoint
    layout : Layout
        One of :data:`KINDS`.
    heads, variant
        See :func:`~mirage_core.model.timm_encoders.load_timm_encoder`.
    strict : bool
        Refuse missing and unexpected weights instead of reporting them.

    Raises
    ------
    CheckpointError
        If the weights do not fit.
    """
    hint = "Check that this is the file you meant; a copy from its source may help."
    assumptions = _assumptions(raw, layout, heads, variant)
    try:
        encoder, keys = load_timm_encoder(
            KINDS[layout], canonical(raw.state), heads=heads, variant=variant
        )
    except (ValueError, RuntimeError, IndexError, KeyError) as error:
        what = str(error).rstrip(".") or type(error).__name__
        raise CheckpointError(
            raw.path, f"The weights of {layout.value} cannot be used: {what}.", hint
        ) from error
    report = Report(
        missing=keys.missing,
        unexpected=keys.unexpected,
        dropped=keys.dropped,
        assumptions=assumptions,
    )
    if strict and not report.complete:
        raise CheckpointError(raw.path, f"The file {report.misfit()}.", hint)
    return encoder, report


def _assumptions(
    raw: RawCheckpoint, layout: Layout, heads: int | None, variant: str
) -> tuple[str, ...]:
    """Return what the file does not say; refuse it where that cannot be guessed."""
    if layout is Layout.SAM:
        # Its tables of relative positions are as wide as a head.
        same = "The weights are taken for SAM's; MedSAM's look the same: name the variant if so."
        return () if variant else (same,)
    width = next(t.shape[-1] for name, t in raw.state.items() if name.endswith("cls_token"))
    if heads is not None and width % heads:
        raise CheckpointError(
            raw.path,
            f"An encoder of width {width} cannot have {heads} attention heads.",
            "Give a number of heads that divides the width.",
        )
    if heads is None and width % HEAD_DIM:
        raise CheckpointError(
            raw.path,
            f"The file does not say how many attention heads its encoder has, and a width of "
            f"{width} does not tell.",
            "Give the number of heads.",
        )
    if heads is not None or width in _KNOWN_WIDTHS:
        return ()
    return (
        f"The file does not say how many attention heads its encoder has; {width // HEAD_DIM} are "
        "assumed.",
    )
