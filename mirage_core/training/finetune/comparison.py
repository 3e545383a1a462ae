"""The held-out B-scans of a run, before and after, kept for whoever wants to look. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.atomic import atomic_file

COMPARISON = "held_out.npz"
_ARRAYS = ("curves_before", "curves_after", "masks_before", "masks_after")

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ComparedBScan:
    """One held-out B-scan.

    Attributes
    ----------
    scan : str
        Its scan's id or pseudonym, as in the data.
    b_scan : int
    error_before, error_after : float
        Mean absolute error in px over the surfaces taught, or 1 less Dice where there are none;
        NaN without any.
    curves_before, curves_after : float32 arrays ``[12, x]``
        All NaN before where the base model has no such head.
    masks_before, masks_after : uint8 arrays ``[z, x]``
        Values of FLUID_SCHEME.
    """

    scan: str
    b_scan: int
    error_before: float
    error_after: float
    curves_before: F32
    curves_after: F32
    masks_before: U8
    masks_after: U8


def write_comparison(folder: Path, compared: Sequence[ComparedBScan]) -> None:
    """Write held-out B-scans into a run's folder, the worst after teaching first.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    worst_first = sorted(compared, key=lambda c: -np.nan_to_num(c.error_after, nan=-1.0))
    content: dict[str, NDArray[np.generic]] = {
        "scan": np.array([c.scan for c in worst_first], np.str_),
        "b_scan": np.array([c.b_scan for c in worst_first], np.int64),
        "error": np.array([(c.error_before, c.error_after) for c in worst_first], np.float64),
    }
    for i, c in enumerate(worst_first):
        content |= {f"{name}_{i}": getattr(c, name) for name in _ARRAYS}
    with (
        atomic_file(folder / COMPARISON, overwrite=True) as fresh,
        fresh.open("wb") as file,
    ):
        np.savez_compressed(file, **content)  # type: ignore[arg-type]


def read_comparison(folder: Path) -> tuple[ComparedBScan, ...]:
    """Return what :func:`write_comparison` wrote, the worst first; nothing if it wrote nothing."""
    path = folder / COMPARISON
    if not path.exists():
        return ()
    with np.load(path, allow_pickle=False) as content:
        return tuple(
            ComparedBScan(
                str(content["scan"][i]),
                int(content["b_scan"][i]),
                float(content["error"][i][0]),
                float(content["error"][i][1]),
                *(content[f"{name}_{i}"] for name in _ARRAYS),
            )
            for i in range(len(content["b_scan"]))
        )
