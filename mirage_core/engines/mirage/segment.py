"""Layers and fluid of B-scans by a model with a segmentation head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from mirage_core.engines.base import EngineInput, Prediction
from mirage_core.engines.mirage.grids import band_to_original
from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.mirage.running import Run
from mirage_core.engines.strata import Decoded, decode
from mirage_core.model.devices import to_device
from mirage_core.scan import FLUID_SCHEME, Masks, Surfaces


def segment(run: Run, source: EngineInput) -> Prediction:
    """Return surfaces, confidence and masks of the wanted B-scans, on their own grid."""
    scheme = run.card.scheme
    assert scheme is not None
    prepared = Preparation(run.card, source, run.info.domains)
    model = run.model()
    size = source.b_scans.shape[1], source.b_scans.shape[2]

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> Decoded:
        padding = prepared.padding(rows)
        inputs = {n: to_device(x, device) for n, x in prepared.inputs(rows, padding).items()}
        logits = model.module.grid_logits(inputs)
        logits, band = band_to_original(logits, 0, logits.shape[2], size)
        probabilities = functional.softmax(logits.float(), dim=1).cpu().numpy()
        return decode(
            probabilities, scheme, size, network_height=size[0], rows=band, padding=padding
        )

    done = run.batches(source.wanted, work, model)
    remarks = (scheme.remark,) if scheme.remark else ()
    found = done.results
    if not found:
        return Prediction(
            Surfaces.empty(scheme.surface_names, 0, size[1]),
            np.zeros((len(scheme.surface_names), 0, size[1]), np.float32),
            Masks.empty((0, *size), FLUID_SCHEME),
            run.info,
            run=run.run_info(done, remarks, run.options.mode),
        )
    return Prediction(
        Surfaces(np.concatenate([f.surfaces.values for f in found], axis=1), scheme.surface_names),
        np.concatenate([f.confidence for f in found], axis=1),
        Masks(np.concatenate([f.masks.labels for f in found]), FLUID_SCHEME),
        run.info,
        run=run.run_info(done, remarks, run.options.mode),
    )
