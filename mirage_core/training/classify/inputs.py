"""From B-scans of an example to inputs of a network: plain, mirrored, or moved as published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.propose import engine_input
from mirage_core.model.store.card import ModelCard
from mirage_core.training.classify.examples import Example, pixels_sha256
from mirage_core.training.pretrain.augment import Change, apply_changes

_GAIN = (0.8, 1.2)
_MOVED = 0.9
_ROTATION_DEG, _SHIFT, _SCALE, _SHEAR_DEG = 10.0, 0.1, (0.9, 1.1), 5.0
_STREAM = 7


@dataclass(frozen=True, eq=False)
class InputMaker:
    """Makes a model's inputs of single B-scans.

    Attributes
    ----------
    card : ModelCard
        Says size and chain.
    domains : tuple of str
        Of ``bscan`` and ``slo``.
    """

    card: ModelCard
    domains: tuple[str, ...]

    @property
    def key(self) -> str:
        """What decides inputs beside the picture."""
        sizes = [(d, self.card.spec.domain(d).size) for d in self.domains]
        return f"{self.card.normalisation.value} {sizes}"

    def plain(self, example: Example, b: int) -> dict[str, Tensor]:
        """Return the inputs of one B-scan, float32 ``(1, 1, H, W)`` per domain.

        Raises
        ------
        ReadError
            If its pixels cannot be read.
        """
        source, _ = engine_input(example.scan, (b,))
        prepared = Preparation(self.card, source, self.domains)
        return prepared.inputs((0,), prepared.padding((0,)))

    def mark(self, example: Example, b: int) -> str:
        """Return the SHA-256 of all that :meth:`plain` is made of."""
        own = pixels_sha256(example.scan.b_scan(b))
        slo = example.scan.slo
        if "slo" not in self.domains or slo is None:
            return own
        place = repr(example.scan.geometry.positions[b : b + 1])
        text = f"{own} {pixels_sha256(slo)} {place}"
        return hashlib.sha256(text.encode()).hexdigest()

    def augmented(self, example: Example, b: int, draw: Sequence[int]) -> dict[str, Tensor]:
        """Return the inputs as the published training changes them; `draw` decides how."""
        rng = np.random.default_rng((*draw, b, _STREAM))
        gain = float(rng.uniform(*_GAIN))
        change = Change(flip=bool(rng.random() < 0.5))
        if rng.random() < _MOVED:
            shift = rng.uniform(-_SHIFT, _SHIFT, 2).tolist()
            change = Change(
                change.flip,
                {},
                float(rng.uniform(-_ROTATION_DEG, _ROTATION_DEG)),
                (shift[0], shift[1]),
                float(rng.uniform(*_SCALE)),
                float(rng.uniform(-_SHEAR_DEG, _SHEAR_DEG)),
            )
        brighter = {n: (x * gain).clamp(max=1) for n, x in self.plain(example, b).items()}
        return {n: _stretched(x) for n, x in apply_changes(brighter, [change]).items()}


def mirrored(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return inputs left to right."""
    return {name: x.flip(-1) for name, x in inputs.items()}


def _stretched(x: Tensor) -> Tensor:
    """Return images so that the least grey of each is 0 and the greatest 1."""
    low, high = torch.aminmax(x.flatten(1), dim=1)
    span = (high - low)[:, None, None, None]
    return (x - low[:, None, None, None]) / torch.where(span > 0, span, torch.ones_like(span))
