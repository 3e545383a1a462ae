"""Simulated B-scans on which a model being taught is held to what it said before. No torch.

A handful of corrected B-scans shows few lesions, and a head that sees none of a kind unlearns it.
Rehearsal (Robins, 1995) with the base model's own answers as targets (Li & Hoiem, 2018) keeps what
nobody taught. Simulated eyes stand in for what the base model learnt from, so that no patient's
image is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mirage_core.scan import FLUID_SCHEME, Spacing
from mirage_core.simulate.source import random_b_scans
from mirage_core.training.finetune.labelled import LabelledBScan, empty_surfaces

_FIRST_SEED = 700_000
"""Of eyes that no starter model was trained on or is judged by."""
_OF_AN_EYE = 4
_MOST_EYES = 120
_SHOWN_PX = 400
"""A smaller lesion says too little."""
_PATIENCE = 12
"""Eyes in a row without what is wanted; then it is wanted no more."""


def rehearsed(
    n: int, lesions: Sequence[str], before_each: Callable[[], None] = lambda: None
) -> tuple[LabelledBScan, ...]:
    """Return `n` simulated B-scans, each of another eye; always the same ones.

    Parameters
    ----------
    n : int
    lesions : sequence of str
        Names in FLUID_SCHEME, to be shown about equally often as far as eyes have them; with none,
        or none that they have, eyes are taken as they come.
    before_each : callable
        Called before an eye is simulated, which takes some 0.1 s; what it raises ends the work.

    Returns
    -------
    tuple of LabelledBScan
        Nothing is said of them: neither surfaces nor masks.
    """
    chosen: list[LabelledBScan] = []
    shown = dict.fromkeys(lesions, 0)
    barren = 0
    for eye in _eyes(before_each):
        if len(chosen) >= n:
            break
        rarest = min(shown.values(), default=0)
        wanted = {name for name, times in shown.items() if times == rarest}
        b_scan, has = max(eye, key=lambda pair: len(pair[1] & wanted))
        if wanted and not has & wanted:
            barren += 1
            if barren >= _PATIENCE:  # lesions that simulated eyes do not have
                shown = {name: times for name, times in shown.items() if name not in wanted}
                barren = 0
            continue
        barren = 0
        chosen.append(b_scan)
        for name in has & shown.keys():
            shown[name] += 1
    return tuple(chosen)


def _eyes(before_each: Callable[[], None]) -> Iterator[list[tuple[LabelledBScan, set[str]]]]:
    """Give eyes: some B-scans of each, with the names of the lesions that they show."""
    for seed in range(_FIRST_SEED, _FIRST_SEED + _MOST_EYES):
        before_each()
        yield [
            (
                LabelledBScan(
                    b.image,
                    empty_surfaces(b.image.shape[1]),
                    scan=f"rehearsal {seed}",
                    b_scan=i,
                    spacing=Spacing.from_mm(None, *b.spacing_mm),
                ),
                {c.name for c in FLUID_SCHEME if np.count_nonzero(b.labels == c.value) > _SHOWN_PX},
            )
            for i, b in enumerate(random_b_scans(seed, _OF_AN_EYE))
        ]
