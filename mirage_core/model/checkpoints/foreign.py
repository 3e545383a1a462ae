"""Weights of other encoders, under the names this program's encoders have."""

from __future__ import annotations

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.layout import Layout
from mirage_core.model.checkpoints.reading import RawCheckpoint
from mirage_core.model.checkpoints.report import Report
from mirage_core.model.spec import EncoderKind
from mirage_core.model.timm_encoders import TimmEncoder, load_timm_encoder

KINDS: dict[Layout, EncoderKind] = {
    Layout.DINOV2: EncoderKind.DINOV2,
    Layout.MAE: EncoderKind.RETFOUND,
    Layout.SAM: EncoderKind.SAM,
}


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
    try:
        encoder, keys = load_timm_encoder(KINDS[layout], raw.state, heads=heads, variant=variant)
    except (ValueError, RuntimeError, IndexError, KeyError) as error:
        what = str(error).rstrip(".") or type(error).__name__
        raise CheckpointError(
            raw.path, f"The weights of {layout.value} cannot be used: {what}.", hint
        ) from error
    report = Report(missing=keys.missing, unexpected=keys.unexpected, dropped=keys.dropped)
    if strict and not report.complete:
        raise CheckpointError(raw.path, " ".join(report.sentences()[:2]), hint)
    return encoder, report
