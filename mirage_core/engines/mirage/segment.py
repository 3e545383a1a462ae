"""Layers and fluid of B-scans by a model with a segmentation head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from mirage_core.engines.base import EngineInput, Prediction
from mirage_core.engines.mirage.grids import band_to_original
from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.mirage.running import Run
from mirage_core.engines.strata import Decoded, decode
from mirage_core.engines.strata.sharpen import sharpened
from mirage_core.engines.strata.sureness import confidence_at
from mirage_core.model.devices import to_device
from mirage_core.model.inference import BandLogits, InferenceModel, retina_band
from mirage_core.model.segmentation import SegmentationModel
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME, Masks, Spacing, Surfaces

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


def segment(run: Run, source: EngineInput) -> Prediction:
    """Return surfaces, confidence and masks of the wanted B-scans, on their own grid."""
    scheme = run.card.scheme
    assert scheme is not None
    mode = run.options.mode
    background = background_classes(scheme)
    prepared = Preparation(run.card, source, run.info.domains)

    def ready(model: nn.Module) -> nn.Module:
        return InferenceModel(cast(SegmentationModel, model), mode)

    model = run.model(ready, mode)
    remarks = model.of(InferenceModel).remarks
    size = source.b_scans.shape[1], source.b_scans.shape[2]

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> Decoded:
        padding = prepared.padding(rows)
        inputs = {n: to_device(x, device) for n, x in prepared.inputs(rows, padding).items()}
        wanted = None
        if background is not None:
            wanted = [retina_band(source.b_scans[r]) for r in rows]
        found = model.of(InferenceModel).grid_logits(inputs, wanted, background)
        return decoded(found, scheme, source.b_scans[list(rows)], padding, source.spacing)

    done = run.batches(source.wanted, work, model)
    how = run.run_info(done, (*([scheme.remark] if scheme.remark else []), *remarks), mode)
    names, found = scheme.surface_names, done.results
    if not found:
        nothing = Surfaces.empty(names, 0, size[1])
        return Prediction(
            nothing, nothing.values.copy(), Masks.empty((0, *size), FLUID_SCHEME), run.info, run=how
        )
    return Prediction(
        Surfaces(np.concatenate([f.surfaces.values for f in found], axis=1), names),
        np.concatenate([f.confidence for f in found], axis=1),
        Masks(np.concatenate([f.masks.labels for f in found]), FLUID_SCHEME),
        run.info,
        np.concatenate([f.presence for f in found], axis=1),
        run=how,
    )


def decoded(
    found: BandLogits, scheme: LayerScheme, b_scans: U8, padding: Bool, spacing: Spacing
) -> Decoded:
    """Return what logits say of B-scans, on their own grid.

    Parameters
    ----------
    found : BandLogits
        Of `n` B-scans.
    scheme : LayerScheme
    b_scans : uint8 array ``[n, z, x]``
    padding : bool array ``[n, z, x]``
        White registration padding.
    spacing : Spacing
    """
    size = b_scans.shape[1], b_scans.shape[2]
    logits, band = band_to_original(found.values, found.first_row, found.grid_height, size)
    shares = [functional.softmax(logits[:, p].float(), dim=1) for p in scheme.parts]
    probabilities = (shares[0] if len(shares) == 1 else torch.cat(shares, dim=1)).cpu().numpy()
    result = decode(
        probabilities,
        scheme,
        size,
        network_height=size[0],
        rows=band,
        padding=padding,
        posterior_of=scheme.sharpened,
    )
    if not scheme.sharpened:
        return result
    curves = sharpened(result.surfaces, scheme.sharpened, b_scans, spacing)
    sure = confidence_at(result, curves, scheme.sharpened)
    # Posteriors of a whole volume would fill the memory.
    return result._replace(surfaces=curves, confidence=sure, posteriors=())


def background_classes(scheme: LayerScheme) -> tuple[int, int] | None:
    """Return the classes above and below the retina; None where there is no telling.

    With them only the region of the retina needs to be computed. A head of two parts computes
    all of it.
    """
    if scheme.lesions_from is not None:
        return None
    first, last = scheme.strata[0], scheme.strata[-1]
    return (first[0], last[0]) if len(first) == len(last) == 1 else None
