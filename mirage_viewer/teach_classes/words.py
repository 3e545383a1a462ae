"""Teaching classes in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_viewer.teaching.runs import RunRequest
from mirage_viewer.teaching.words import counted

if TYPE_CHECKING:
    from mirage_core.training.classify.config import ClassifyConfig
    from mirage_core.training.classify.report import ClassReport, Figure

NOT_MEASURED = "How well it tells other patients was not measured; see what was said before."
LEVELS = {"b_scan": "B-scan", "scan": "scan"}
_WHOLE = (
    "All of the model learns, which takes hours without a graphics card. Teach the head alone "
    "first, to compare."
)
_STEPS = "Attention has no exact solution: the head is learnt step by step, which takes minutes."


def about_recipe(config: ClassifyConfig, *, of_volumes: bool) -> tuple[str, ...]:
    """Return what is to be known of a way to teach before it is begun, in sentences."""
    said = []
    if config.trained == "all":
        said.append(_WHOLE)
    if of_volumes:
        if config.solver == "auto" and config.volume.value == "attention":
            said.append(_STEPS)
        said.append(f"Of a volume at most {config.most_b_scans} B-scans are looked at.")
    return tuple(said)


def interrupted(request: RunRequest) -> str:
    """Return which run was interrupted."""
    return (
        f"{request.base_title}, taught to tell classes by "
        f"{counted(request.n_b_scans, 'labelled example')}, begun on "
        f"{request.begun_at:%d %B at %H:%M}; what was computed so far is kept."
    )


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
