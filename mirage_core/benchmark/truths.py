"""The truth about a scan: what its file brings, arrays beside it, or the simulated eye's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mirage_core.annotate import Proposal
from mirage_core.benchmark.judging import Truth
from mirage_core.scan import FLUID_SCHEME, SURFACE_ORDER, Scan
from mirage_core.simulate import SimulatedEye

MASKS = "masks"
"""What an array of labels is called in place of a surface."""


def truth_of(scan: Scan, path: Path, named: Mapping[str, str]) -> Truth:
    """Return the truth that comes with a scan.

    Parameters
    ----------
    scan : Scan
    path : Path
        Its file.
    named : mapping of str to str
        Surface, or :data:`MASKS`, by the name of the array that holds it in a .npz; empty: the
        surfaces that the file brings itself.

    Raises
    ------
    ValueError
        If the file has none, or they are of another size, or no surface is called so.
    """
    if not named:
        brought = scan.vendor_surfaces
        if brought is None:
            raise ValueError("the file brings no surfaces; name the arrays that hold them")
        return Truth({name: brought[name] for name in brought.names if name in SURFACE_ORDER})
    n, height, width = scan.shape
    surfaces, labels, classes = {}, None, {}
    with np.load(path, allow_pickle=False) as arrays:
        for key, name in named.items():
            if name != MASKS and name not in SURFACE_ORDER:
                raise ValueError(f"there is no surface called {name}")
            wanted = (n, height, width) if name == MASKS else (n, width)
            if key not in arrays or arrays[key].shape != wanted:
                size = " × ".join(str(length) for length in wanted)
                raise ValueError(f"{key!r} is no array of {size} in this file")
            if name == MASKS:
                labels = arrays[key].astype(np.uint8)
                classes = {c.name: c.value for c in FLUID_SCHEME if (labels == c.value).any()}
            else:
                surfaces[name] = arrays[key].astype(np.float32)
    return Truth(surfaces, labels, classes)


def truth_of_eye(eye: SimulatedEye, proposal: Proposal) -> Truth:
    """Return the truth of a simulated eye, of what an engine's result tells of it.

    Surfaces and classes that the engine finds nowhere are left out: drawing them all is no
    correcting.
    """
    found = proposal.surfaces
    surfaces = {
        name: eye.surfaces[name]
        for name in found.names
        if name in eye.surfaces.names and np.isfinite(found[name]).any()
    }
    if proposal.masks is None:
        return Truth(surfaces)
    marked = set(np.unique(proposal.masks.labels).tolist())
    named = {c.value: c.name for c in proposal.masks.scheme if c.value in marked}
    classes = {c.name: c.value for c in eye.masks.scheme if c.name in named.values()}
    return Truth(surfaces, eye.masks.labels, classes)
