"""A table of scores: one row per volume and class, and the means over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mirage_core.benchmark.segmentation import ClassScore
from mirage_core.io.csv_table import figure_cell, write_csv
from mirage_core.measure.confusion import nan_mean

COLUMNS = ("ID", "Class", "Dice", "IoU", "HD95")
"""Header of the written table, as in published result files."""


@dataclass(frozen=True, slots=True)
class VolumeScore:
    """How well one class of one volume was found.

    Attributes
    ----------
    volume : str
        Name of the volume in its data set.
    label : str
        Name of the class.
    n_b_scans : int
    score : ClassScore
        HD95 in the table's unit.
    """

    volume: str
    label: str
    n_b_scans: int
    score: ClassScore


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores of a whole test set.

    Attributes
    ----------
    rows : tuple of VolumeScore
        By volume, then by class.
    convention : str
        Name of the convention they follow.
    hd95_unit : str
        ``px`` or ``mm``.
    """

    rows: tuple[VolumeScore, ...]
    convention: str
    hd95_unit: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, each once."""
        return tuple(dict.fromkeys(row.label for row in self.rows))

    def mean(self, label: str | None = None) -> ClassScore:
        """Return the plain means of a class, or of all rows; NaN figures are left out."""
        scores = [row.score for row in self.rows if label in (None, row.label)]
        return ClassScore(
            nan_mean(s.dice for s in scores),
            nan_mean(s.iou for s in scores),
            nan_mean(s.hd95 for s in scores),
        )

    def write_csv(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the rows as a CSV file; an undefined figure is an empty cell.

        Raises
        ------
        ExportError
            If `path` exists and `overwrite` is false, or the system refuses to write.
        """
        rows = (
            (row.volume, row.label, *(figure_cell(f) for f in (s.dice, s.iou, s.hd95)))
            for row in self.rows
            for s in (row.score,)
        )
        write_csv(path, COLUMNS, rows, overwrite=overwrite)
