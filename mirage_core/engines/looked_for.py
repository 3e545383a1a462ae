"""Which lesions were looked for on each B-scan, from the answers of engines that are in effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mirage_core.annotate import Edit
from mirage_core.engines.base import EngineInfo
from mirage_core.measure.sought import LookedFor


def looked_for(done: Sequence[Edit], n_b_scans: int, infos: Iterable[EngineInfo]) -> LookedFor:
    """Return the classes that the engine which drew the masks of each B-scan looks for.

    The last answer counts, since it replaced the masks of those before. What an engine looked
    for that is not here any more is not known; one that marks no lesions leaves them as they were.

    Parameters
    ----------
    done : sequence of Edit
        Edits in effect, oldest first.
    n_b_scans : int
    infos : iterable of EngineInfo
        The engines there are.
    """
    known = {info.sha256: info.mask_classes for info in infos if info.sha256}
    of_b_scan: list[tuple[str, ...]] = [()] * n_b_scans
    for edit in done:
        if not edit.model_sha256:
            continue
        classes = known.get(edit.model_sha256)
        if classes == ():
            continue
        for b in edit.b_scans:
            of_b_scan[b] = classes or ()
    names = dict.fromkeys(name for classes in of_b_scan for name in classes)
    return {name: np.array([name in classes for classes in of_b_scan]) for name in names}


def looked_for_throughout(classes: Iterable[str], n_b_scans: int) -> LookedFor:
    """Return the same for an engine that looks for `classes` and drew every B-scan."""
    return {name: np.ones(n_b_scans, bool) for name in classes}
