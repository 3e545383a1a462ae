"""What the base model and the taught one say of held-out B-scans, scored against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.segmentation import BackboneSegmentation, MirageSegmentation
from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.model.store.store import StoredModel
from mirage_core.scan import FLUID_SCHEME
from mirage_core.training.finetune.comparison import ComparedBScan
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.front import CutModel
from mirage_core.training.finetune.gain import HeldOut
from mirage_core.training.finetune.labelled import (
    SURFACE_NAMES,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)
from mirage_core.training.finetune.predict import Found, find
from mirage_core.training.finetune.scores import Structure, Sums, score, structures, sums
from mirage_core.training.finetune.syllabus import Syllabus, syllabus

_MOST_CHECKED = 16
_MOVED_PX = 2.0
_CHANGED, _SEEN_PX = 0.3, 300
"""Share by which a lesion changes that is worth saying, and how much of it there has to be."""


def parent_plan(base: ModelCard, data: TeachingData) -> Syllabus | None:
    """Return how the base model itself is asked about the data; None if it cannot be."""
    try:
        return syllabus(base, data, FinetuneConfig(head="keep"))
    except TeachError:
        return None


def load_parent(base: StoredModel) -> CutModel:
    """Return the base model as it is, in evaluation."""
    model = load_native(base.folder).model
    assert isinstance(model, MirageSegmentation | BackboneSegmentation)
    return CutModel(model, None).requires_grad_(False).eval()


@dataclass(frozen=True)
class Examiner:
    """Scores what a model says of some B-scans.

    Attributes
    ----------
    data : TeachingData
    plan : Syllabus
        Of the model that is taught.
    what : tuple of Structure
    before : dict of int to Found
        What the base model says, by number of the B-scan; empty where it cannot be asked.
    device : torch.device
    """

    data: TeachingData
    plan: Syllabus
    what: tuple[Structure, ...]
    before: Mapping[int, Found]
    device: torch.device

    @classmethod
    def of(
        cls,
        data: TeachingData,
        plan: Syllabus,
        before: Mapping[int, Found],
        device: torch.device,
    ) -> Examiner:
        """Return an examiner of all that `plan` teaches."""
        info = data.info if plan.own_classes else None
        return cls(data, plan, structures(plan.surfaces, plan.lesions, info), before, device)

    def found(self, pupil: CutModel, scheme: LayerScheme, row: int) -> Found:
        """Return what a model says of a B-scan."""
        return find(pupil, self.plan, self.data.b_scans[row], self.device, scheme)

    def held_out(self, row: int, after: Found) -> HeldOut:
        """Return a held-out B-scan scored."""
        b_scan = self.data.b_scans[row]
        mm = b_scan.spacing.z.mm
        before = self.before.get(row)
        return HeldOut(
            b_scan.patient,
            None if mm is None else 1000 * mm,
            None if before is None else tuple(self._sums(before, b_scan)),
            tuple(self._sums(after, b_scan)),
        )

    def compared(self, row: int, after: Found) -> ComparedBScan:
        """Return a held-out B-scan for whoever wants to look at it."""
        b_scan, before = self.data.b_scans[row], self.before.get(row)
        nothing = Found(empty_surfaces(b_scan.image.shape[1]), np.zeros_like(b_scan.image))
        told = before or nothing
        return ComparedBScan(
            b_scan.scan,
            b_scan.b_scan,
            float("nan") if before is None else self._error(before, b_scan),
            self._error(after, b_scan),
            told.curves,
            after.curves,
            told.masks,
            after.masks,
        )

    def check(self, pupil: CutModel, rows: Sequence[int], most: int = _MOST_CHECKED) -> float:
        """Return the score of a model on some B-scans, on `most` of them if they are more."""
        step = -(-len(rows) // most)
        chosen = rows[::step]
        scheme = self.plan.scheme
        totals = np.sum(
            [self._sums(self.found(pupil, scheme, r), self.data.b_scans[r]) for r in chosen], axis=0
        )
        return score(self.what, np.asarray(totals, np.float64))

    def moved(self, after: Mapping[int, Found]) -> list[str]:
        """Return sentences about what changed though nobody corrected it."""
        if not self.plan.keeps_head:
            return []
        pairs = [(self.before[i], found) for i, found in after.items() if i in self.before]
        return [*self._moved_surfaces(pairs), *self._changed_lesions(pairs)]

    def _moved_surfaces(self, pairs: Sequence[tuple[Found, Found]]) -> list[str]:
        notes = []
        for name in self.plan.scheme.surface_names:
            row = SURFACE_NAMES.index(name)
            away = [np.abs(new.curves[row] - old.curves[row]) for old, new in pairs]
            far = np.concatenate(away) if away else np.zeros(0)
            far = far[np.isfinite(far)]
            if name not in self.plan.surfaces and far.size and far.mean() > _MOVED_PX:
                notes.append(
                    f"{name} was not corrected, and yet it moved by {far.mean():.1f} px on average "
                    "on the B-scans held back: look at it."
                )
        return notes

    def _changed_lesions(self, pairs: Sequence[tuple[Found, Found]]) -> list[str]:
        notes = []
        for name in self.plan.scheme.mask_classes:
            value = FLUID_SCHEME.by_name(name).value
            old, new = (sum(np.count_nonzero(p[k].masks == value) for p in pairs) for k in (0, 1))
            if name in self.plan.lesions or max(old, new) < _SEEN_PX:
                continue
            change = (new - old) / max(old, 1)
            if abs(change) > _CHANGED:
                if old < _SEEN_PX:
                    much = "some where its parent marked next to none"
                elif new > 2 * old:
                    much = f"{new / old:.1f} times as much"
                else:
                    much = f"{100 * abs(change):.0f} % {'more' if change > 0 else 'less'} of it"
                notes.append(
                    f"It was taught with no B-scan on which {name} is marked, and yet it marks "
                    f"{much} on the B-scans held back: look at it."
                )
        return notes

    def _error(self, found: Found, b_scan: LabelledBScan) -> float:
        """Return the mean error in px over all surfaces, or what is missing to a Dice of 1."""
        parts = list(zip(self.what, self._sums(found, b_scan), strict=True))
        surfaces = [t for s, t in parts if s.kind == "surface" and t[3]]
        if surfaces:
            return sum(t[0] for t in surfaces) / sum(t[3] for t in surfaces)
        others = [1 - t[0] / t[3] for s, t in parts if s.kind != "surface" and t[3]]
        return sum(others) / len(others) if others else float("nan")

    def _sums(self, found: Found, b_scan: LabelledBScan) -> list[Sums]:
        info = self.data.info
        return [sums(s, found, b_scan, info) for s in self.what]
