"""B-scans of the pre-training and of the trainings that are compared: the same simulated eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mirage_core.simulate.source import LabelledBScan, random_b_scans
from mirage_core.training.pretrain.data import U8, ArrayTriples
from mirage_core.training.pretrain.simulated import region_map
from mirage_core.training.starter.samples import SIDE, Samples, collected, sample

DOMAINS = ("bscan", "slo", "bscanlayermap")
PER_EYE = 4
_FIRST, _FIRST_JUDGED = 0, 900_000
"""Seeds of the eyes to learn from, and of those to judge by."""


@dataclass(frozen=True, eq=False)
class Eyes:
    """What is learnt from: B-scans with their truth, and the SLO around each."""

    samples: Samples
    slo: list[U8]

    def triples(self, n: int) -> ArrayTriples:
        """Return `n` of the B-scans for pre-training."""
        out = []
        for i in np.random.default_rng(0).choice(len(self.samples), n, replace=False):
            one = {"bscan": self.samples.images[i], "slo": self.slo[i]}
            curves = self.samples.surfaces[i]
            if np.isfinite(curves).all():  # else the number of a region is not known
                one["bscanlayermap"] = region_map(curves, SIDE)
            out.append(one)
        return ArrayTriples(out, DOMAINS)


def eyes_to_learn_from(n: int) -> Eyes:
    """Return :data:`PER_EYE` B-scans of each of `n` eyes."""
    b_scans = _b_scans(range(_FIRST, _FIRST + n), slo=True)
    return Eyes(_samples(b_scans), [b.slo for b in b_scans if b.slo is not None])


def eyes_to_judge_by(n: int) -> Samples:
    """Return B-scans of `n` eyes that are not learnt from."""
    return _samples(_b_scans(range(_FIRST_JUDGED, _FIRST_JUDGED + n)))


def _b_scans(eyes: range, *, slo: bool = False) -> list[LabelledBScan]:
    return [b for seed in eyes for b in random_b_scans(seed, PER_EYE, slo=slo)]


def _samples(b_scans: list[LabelledBScan]) -> Samples:
    return collected([sample(b.image, b.surfaces, b.labels) for b in b_scans])
