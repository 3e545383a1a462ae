"""What was answered on held-out examples, as a CSV that `mirage evaluate` reads. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.csv_table import write_csv
from mirage_core.training.classify.examples import ClassData

HELD_OUT = "held_out.csv"


def write_held_out(
    folder: Path,
    data: ClassData,
    rows: Sequence[int],
    probabilities: NDArray[np.floating],
    marks: Mapping[int, str],
) -> None:
    """Write a row for each held-out example into a run's folder.

    Columns are ``sha256`` (of size and pixels of its first B-scan; no name of a file or of a
    patient), ``truth`` (labels, ``;`` between them) and one probability per class.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    write_csv(
        folder / HELD_OUT,
        ("sha256", "truth", *data.labels),
        (
            (
                marks[i],
                ";".join(data.labels[c] for c in data.examples[i].classes),
                *(f"{value:.6f}" for value in p),
            )
            for i, p in zip(rows, probabilities, strict=True)
        ),
        overwrite=True,
    )
