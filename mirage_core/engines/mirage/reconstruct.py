"""One domain imagined from others, laid on the scan's own grids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mirage_core.engines.base import EngineInput, Reconstruction
from mirage_core.engines.errors import InputError
from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.mirage.running import Run
from mirage_core.model.devices import arithmetic, to_device
from mirage_core.model.masked import MaskedModel
from mirage_core.model.preprocessing.inverse import to_original

U8 = NDArray[np.uint8]


def reconstruct(
    run: Run, source: EngineInput, domain: str, given: tuple[str, ...] | None
) -> Reconstruction:
    """Return what the model imagines of `domain` for the wanted B-scans."""
    decoder = run.card.spec.decoder
    assert decoder is not None
    can = [d.name for d in decoder.domains]
    if domain not in can:
        raise InputError(f"This model imagines {', '.join(can)}, not {domain}.")
    if given is None:
        there = ("bscan",) if source.slo is None else ("bscan", "slo")
        known = [d.name for d in run.card.spec.domains]
        given = tuple(d for d in there if d in known and d != domain)
    if not given:
        raise InputError(
            "There is nothing to imagine the B-scans from: this scan has no SLO image."
            if domain == "bscan"
            else f"There is nothing to imagine {domain} from.",
            "Choose another scan or another kind of image.",
        )
    prepared = Preparation(run.card, source, given)
    model = run.model()
    size = source.b_scans.shape[1], source.b_scans.shape[2]

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> U8:
        inputs = {
            n: to_device(x, device)
            for n, x in prepared.inputs(rows, prepared.padding(rows)).items()
        }
        with arithmetic(device, fast=False):
            image = model.of(MaskedModel).reconstruct(inputs, (domain,))[domain].float().cpu()
        return _grey(image) if domain == "slo" else _on_b_scan(image, size)

    done = run.batches(source.wanted, work, model)
    images = np.concatenate(done.results) if done.results else np.zeros((0, *size), np.uint8)
    inside = None
    if domain == "slo" and source.slo is not None:
        images, inside = _on_slo(prepared, source, images)
    return Reconstruction(domain, images, given, run.info, run.run_info(done), inside)


def _on_b_scan(image: Tensor, size: tuple[int, int]) -> U8:
    """Return grey values, or the likeliest class of each px, on the B-scans' grid."""
    whole = to_original(image, size)
    if whole.shape[1] == 1:
        return _grey(whole)
    return whole.argmax(dim=1).to(torch.uint8).numpy()


def _grey(image: Tensor) -> U8:
    return (image[:, 0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def _on_slo(prepared: Preparation, source: EngineInput, images: U8) -> tuple[U8, NDArray[np.bool_]]:
    assert source.slo is not None
    height, width = source.slo.shape
    pasted = [
        prepared.patch(row).paste(image, (height, width))
        for row, image in zip(source.wanted, images, strict=True)
    ]
    empty = np.zeros((0, height, width), np.uint8)
    if not pasted:
        return empty, empty.astype(bool)
    return np.stack([p for p, _ in pasted]), np.stack([i for _, i in pasted])
