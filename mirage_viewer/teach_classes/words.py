"""Teaching classes in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.training.classify.report import ClassReport, Figure

NOT_MEASURED = "How well it tells other patients was not measured; see what was said before."
LEVELS = {"b_scan": "B-scan", "scan": "scan"}


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One line of the table of results: a class, or the mean of all."""

    name: str
    n: str
    auroc: str
    auprc: str
    sensitivity: str
    specificity: str


def class_lines(report: ClassReport) -> tuple[ClassLine, ...]:
    """Return the table of a report, the means last."""
    lines = [
        ClassLine(
            c.name,
            str(c.n),
            figure(c.auroc),
            figure(c.auprc),
            number(c.sensitivity),
            number(c.specificity),
        )
        for c in report.classes
    ]
    means = ClassLine("mean", str(report.n), figure(report.auroc), figure(report.auprc), "", "")
    return (*lines, means)


def summary(report: ClassReport) -> str:
    """Return the figures that are of all classes together, in a line."""
    return (
        f"Balanced accuracy {figure(report.balanced_accuracy)} · calibration error "
        f"{number(report.calibration_error)}"
    )


def figure(of: Figure) -> str:
    """Return a figure with its 95 % interval."""
    if of.value is None or of.low is None or of.high is None:
        return number(of.value)
    return f"{of.value:.2f} ({of.low:.2f}–{of.high:.2f})"


def number(value: float | None) -> str:
    """Return a share with two digits."""
    return "–" if value is None else f"{value:.2f}"
