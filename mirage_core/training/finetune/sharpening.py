"""Whether surfaces are still sharpened in the image once a model was taught where they run.

The edges that sharpening finds follow the program's convention. A grader with another one teaches
the model just what sharpening would take back; one who agrees loses by its absence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mirage_core.engines.strata.sharpen import sharpened
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import Surfaces
from mirage_core.training.finetune.front import CutModel
from mirage_core.training.finetune.labelled import SURFACE_NAMES, LabelledBScan
from mirage_core.training.finetune.predict import find, unsharpened
from mirage_core.training.finetune.syllabus import Syllabus

_MOST = 12
"""B-scans it is decided on."""
_CLEARLY = 0.9
"""On B-scans it was taught with a model looks a little better than it is."""


def reread(
    pupil: CutModel, plan: Syllabus, b_scans: Sequence[LabelledBScan], device: torch.device
) -> LayerScheme:
    """Return the plan's scheme, sharpening only surfaces that it brings nearer to the truth.

    Parameters
    ----------
    pupil : CutModel
        As it was taught, on `device`.
    plan : Syllabus
    b_scans : sequence of LabelledBScan
        What it was taught with.
    device : torch.device
    """
    scheme = plan.scheme
    names = tuple(n for n in scheme.sharpened if n in plan.surfaces)
    if not names:
        return scheme
    chosen = [b for b in b_scans if set(names) & set(b.known_surfaces)]
    step = max(len(chosen) // _MOST, 1)
    plain: dict[str, list[float]] = {name: [] for name in names}
    sharp: dict[str, list[float]] = {name: [] for name in names}
    for b_scan in chosen[::step][:_MOST]:
        found = find(pupil, plan, b_scan, device, unsharpened(scheme)).curves
        moved = _sharpened(found, scheme, b_scan)
        for name in names:
            row = SURFACE_NAMES.index(name)
            truth = b_scan.surfaces[row]
            both = np.isfinite(truth) & np.isfinite(found[row]) & np.isfinite(moved[row])
            plain[name].append(float(np.abs(found[row] - truth)[both].sum()))
            sharp[name].append(float(np.abs(moved[row] - truth)[both].sum()))
    dropped = {n for n in names if sum(plain[n]) < _CLEARLY * sum(sharp[n])}
    kept = tuple(n for n in scheme.sharpened if n not in dropped)
    return scheme.model_copy(update={"sharpened": kept})


def _sharpened(curves: np.ndarray, scheme: LayerScheme, b_scan: LabelledBScan) -> np.ndarray:
    """Return curves ``[12, x]`` sharpened as the scheme asks."""
    rows = [SURFACE_NAMES.index(name) for name in scheme.surface_names]
    surfaces = Surfaces(curves[rows][:, None], scheme.surface_names)
    moved = sharpened(surfaces, scheme.sharpened, b_scan.image[None], b_scan.spacing)
    out = curves.copy()
    out[rows] = moved.values[:, 0]
    return out
