"""What each aid saves a simulated grader, on one scan with a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Proposal, Session
from mirage_core.benchmark.grader import Aid, Report, SimulatedGrader, Tolerance
from mirage_core.scan import SURFACE_ORDER, Scan

F32 = NDArray[np.float32]

AIDS: tuple[frozenset[Aid], ...] = (
    frozenset(),
    *(frozenset({aid}) for aid in Aid),
    frozenset(Aid),
)
"""None, each alone, all together."""


def truth_of(scan: Scan, path: Path, named: Mapping[str, str]) -> dict[str, F32]:
    """Return the true surfaces of a scan, ``[b, x]`` px, NaN where nothing is known.

    Parameters
    ----------
    scan : Scan
    path : Path
        Its file.
    named : mapping of str to str
        Surface by the name of the array that holds it in a .npz; empty: the surfaces that the
        file brings itself.

    Raises
    ------
    ValueError
        If the file has none, or they are of another size, or no surface is called so.
    """
    if not named:
        brought = scan.vendor_surfaces
        if brought is None:
            raise ValueError("the file brings no surfaces; name the arrays that hold them")
        return {name: brought[name] for name in brought.names if name in SURFACE_ORDER}
    n, _, width = scan.shape
    found = {}
    with np.load(path, allow_pickle=False) as arrays:
        for key, name in named.items():
            if name not in SURFACE_ORDER:
                raise ValueError(f"there is no surface called {name}")
            if key not in arrays or arrays[key].shape != (n, width):
                raise ValueError(f"{key!r} is no array of {n} × {width} in this file")
            found[name] = arrays[key].astype(np.float32)
    return found


def compare_aids(
    scan: Scan,
    proposal: Proposal,
    truth: Mapping[str, F32],
    tolerance: Tolerance,
    aids: Sequence[frozenset[Aid]] = AIDS,
    report: Callable[[float], None] = lambda _fraction: None,
) -> list[Report]:
    """Let a grader correct an engine's result anew with each set of aids.

    Only B-scans on which every surface has a truth somewhere are graded.
    """
    known = np.logical_and.reduce([np.isfinite(t).any(axis=1) for t in truth.values()])
    b_scans = np.flatnonzero(known).tolist()
    if not b_scans:
        raise ValueError("there is no B-scan with a truth of every surface")
    found: list[Report] = []

    def part_done(part: float) -> None:
        report((len(found) + part) / len(aids))

    for chosen in aids:
        session = Session(scan, author="simulated grader")
        session.adopt(proposal, overwrite=True)
        grader = SimulatedGrader(session, truth, b_scans, chosen, tolerance)
        found.append(grader.run(part_done))
    return found
