"""Files of an agreement: its table and its plots; for a background thread. No Qt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.measure.comparison import Comparison
    from mirage_core.project import ScanRecord

PLOT_KINDS = "PDF (*.pdf);;PNG (*.png);;SVG (*.svg)"
_PLOT_SUFFIXES = (".pdf", ".png", ".svg")


def plot_path(path: str, kind: str) -> Path:
    """Return where plots go: `path` with the ending of the `kind` chosen where it has none."""
    target = Path(path)
    if target.suffix.lower() in _PLOT_SUFFIXES:
        return target
    return target.with_name(f"{target.name}.{kind[:3].lower() or 'pdf'}")


def write_agreement(
    path: Path, record: ScanRecord, names: tuple[str, str], agreement: Comparison
) -> str:
    """Write the table as CSV, or the Bland-Altman plots of thickness; return what was written.

    Raises
    ------
    ExportError
    ImportError
        If matplotlib, which draws the plots, is not installed.
    """
    if path.suffix.lower() not in _PLOT_SUFFIXES:
        from mirage_core.project.tables import write_agreement as write_table

        write_table(path, record, names, agreement, overwrite=True)
        return f"The agreement is written to {path.name}."
    from mirage_core.io.atomic import atomic_file
    from mirage_core.measure.bland_altman_plot import write_plot

    with atomic_file(path, overwrite=True) as fresh, fresh.open("wb") as file:
        write_plot(file, path.suffix, agreement.thickness, names, record.pseudonym)
    return f"The plots are written to {path.name}."
