"""Labels of a run kept beside it, so that it goes on with those it began with. Imports no torch.

Labelling goes on while a model is taught. A run that was interrupted could not go on otherwise: its
labels would be others by then. What the labels are of is read from the project again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mirage_core.io.atomic import atomic_file, explain_os_error
from mirage_core.jobs.teach import Given
from mirage_core.project.class_teaching import (
    ClassSource,
    GivenLabel,
    GivenLabels,
    given_labels,
    with_pixels,
)
from mirage_core.project.project import Project
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.record import RECORD
from mirage_core.training.finetune.errors import TeachError

KEPT = "labels.json"
FORMAT = 1


@dataclass(frozen=True)
class KeptClassSource:
    """Labels that are read once and then kept in the folder of the run. Picklable.

    Attributes
    ----------
    source : ClassSource
    folder : Path
        Of the run.
    """

    source: ClassSource
    folder: Path

    def __call__(self) -> ClassData:
        """Return the data.

        Raises
        ------
        ProjectError
            If the project cannot be read.
        TeachError
            If what was kept is damaged.
        ExportError
            If the disk refuses.
        """
        with Project.open(self.source.folder, read_only=True) as project:
            if (self.folder / KEPT).exists():
                given = read_labels(self.folder)
            else:
                given = given_labels(project, self.source.choice)
                if not (self.folder / RECORD).exists():  # else labels may be others by now
                    write_labels(self.folder, given)
            return with_pixels(project, given)

    def for_a_node(self) -> Given:
        """Return the data as a source that does not open the project; see the task of teaching.

        Raises
        ------
        ProjectError, TeachError, ExportError
            As when called.
        """
        return Given(self())


def write_labels(folder: Path, given: GivenLabels) -> None:
    """Write labels into a run's folder.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    with atomic_file(folder / KEPT, overwrite=True) as fresh:
        fresh.write_text(json.dumps({"format": FORMAT, **asdict(given)}), encoding="utf-8")


def read_labels(folder: Path) -> GivenLabels:
    """Return what :func:`write_labels` wrote.

    Raises
    ------
    TeachError
        If it is damaged, or of another version of the program.
    """
    try:
        content = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise TeachError(
                "The labels of this training were kept by another version of the program.",
                "Begin it anew.",
            )
        return GivenLabels(
            tuple(_label(label) for label in content["labels"]),
            tuple(str(name) for name in content["names"]),
            bool(content["multi_label"]),
            int(content["n_disputed"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise TeachError(
            "The labels that were kept for this training are damaged.", "Begin it anew."
        ) from None


def _label(content: dict[str, Any]) -> GivenLabel:
    b_scan = content["b_scan"]
    return GivenLabel(
        str(content["scan"]),
        None if b_scan is None else int(b_scan),
        tuple(int(c) for c in content["classes"]),
    )
