"""From B-scans and their SLO to a model's inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mirage_core.engines.base import EngineInput
from mirage_core.engines.errors import InputError
from mirage_core.engines.mirage.slo_patch import SloPatch, slo_patch
from mirage_core.model.preprocessing import Normalisation, prepare_image
from mirage_core.model.store.card import ModelCard
from mirage_core.scan.padding import registration_padding

Bool = NDArray[np.bool_]


class Preparation:
    """Makes a model's inputs of the rows of one :class:`EngineInput`.

    Parameters
    ----------
    card : ModelCard
    source : EngineInput
    domains : tuple of str
        Of ``bscan`` and ``slo``.

    Raises
    ------
    InputError
        If the model needs an SLO image and there is none.
    """

    def __init__(self, card: ModelCard, source: EngineInput, domains: tuple[str, ...]) -> None:
        unknown = [d for d in domains if d not in ("bscan", "slo")]
        if unknown:
            raise InputError(f"A scan gives B-scans and an SLO image, not {', '.join(unknown)}.")
        if "slo" in domains and source.slo is None:
            raise InputError(
                "This model looks at the SLO image too, and this scan has none.",
                "Choose a model for B-scans alone.",
            )
        self.card, self.source, self.domains = card, source, domains

    def patch(self, row: int) -> SloPatch:
        """Return the part of the SLO that belongs to B-scan `row`."""
        assert self.source.slo is not None
        height, width = self.source.slo.shape
        positions = self.source.positions[row : row + 1]
        return slo_patch(positions, (height, width))

    def padding(self, rows: Sequence[int]) -> Bool:
        """Return the white registration padding of B-scans, bool ``[n, z, x]``."""
        return np.stack([registration_padding(self.source.b_scans[r]) for r in rows])

    def inputs(self, rows: Sequence[int], padding: Bool) -> dict[str, Tensor]:
        """Return the inputs for B-scans `rows`, float32 ``(n, 1, H, W)`` per domain.

        What is `padding` ``[n, z, x]`` becomes black.
        """
        out: dict[str, Tensor] = {}
        for name in self.domains:
            if name == "slo":
                images = [self._slo(r) for r in rows]
            else:
                images = [self._b_scan(r, hidden) for r, hidden in zip(rows, padding, strict=True)]
            out[name] = torch.from_numpy(np.stack(images))
        return out

    def _slo(self, row: int) -> NDArray[np.float32]:
        assert self.source.slo is not None
        cut = self.patch(row).cut(self.source.slo)
        return prepare_image(cut, self.card.spec.domain("slo").size, self.card.normalisation)

    def _b_scan(self, row: int, padding: Bool) -> NDArray[np.float32]:
        size = self.card.spec.domain("bscan").size
        return b_scan_input(self.source.b_scans[row], padding, size, self.card.normalisation)


def b_scan_input(
    image: NDArray[np.uint8], padding: Bool, size: tuple[int, int], chain: Normalisation
) -> NDArray[np.float32]:
    """Return the network's input ``[1, H, W]`` of a B-scan ``[z, x]``; `padding` becomes black."""
    if not padding.any():
        return prepare_image(image, size, chain)
    if chain is Normalisation.SEGMENTATION:
        return prepare_image(image, size, chain, padding)
    return prepare_image(np.where(padding, np.uint8(0), image), size, chain)
