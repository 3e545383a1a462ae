"""Data of a run kept beside it, so that it goes on with what it began with. Imports no torch.

Correcting goes on while a model is taught. A run that was interrupted could not go on otherwise:
its data would be others by then.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.atomic import atomic_file, explain_os_error
from mirage_core.scan import Length, Provenance, Spacing
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.labelled import LabelledBScan, TeachingData

KEPT = "data.npz"
FORMAT = 1

_AXES = ("b", "z", "x")


@dataclass(frozen=True)
class KeptSource:
    """Data that are read once and then kept in the folder of the run. Picklable.

    Attributes
    ----------
    source : callable
        Reads them the first time.
    folder : Path
        Of the run.
    """

    source: Callable[[], TeachingData]
    folder: Path

    def __call__(self) -> TeachingData:
        """Return the data.

        Raises
        ------
        TeachError
            If what was kept is damaged.
        ExportError
            If the disk refuses.
        """
        if (self.folder / KEPT).exists():
            return read_data(self.folder)
        data = self.source()
        if data.info is None:
            write_data(self.folder, data)
        return data

    def for_a_node(self) -> KeptData:
        """Keep the data, and return what reads them without their source.

        Raises
        ------
        TeachError, ExportError
            As when called.
        """
        self()
        return KeptData(self.folder)


@dataclass(frozen=True)
class KeptData:
    """Data that were kept in the folder of a run. Picklable."""

    folder: Path

    def __call__(self) -> TeachingData:
        """Return the data; see :func:`read_data`."""
        return read_data(self.folder)


def write_data(folder: Path, data: TeachingData) -> None:
    """Write data without label maps into a run's folder.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    if data.info is not None or any(b.classes is not None for b in data.b_scans):
        raise ValueError("label maps of a training folder are not kept: they are there already")
    content: dict[str, NDArray[np.generic]] = {}
    for i, b in enumerate(data.b_scans):
        content |= {f"image_{i}": b.image, f"surfaces_{i}": b.surfaces}
        if b.masks is not None:
            content[f"masks_{i}"] = b.masks
    said = {
        "format": FORMAT,
        "notes": list(data.notes),
        "b_scans": [_said(b) for b in data.b_scans],
    }
    content["said"] = np.frombuffer(json.dumps(said).encode(), np.uint8)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    with atomic_file(folder / KEPT, overwrite=True) as fresh, fresh.open("wb") as file:
        np.savez_compressed(file, **content)  # type: ignore[arg-type]


def read_data(folder: Path) -> TeachingData:
    """Return what :func:`write_data` wrote.

    Raises
    ------
    TeachError
        If it is damaged, or of another version of the program.
    """
    path = folder / KEPT
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            said = json.loads(content["said"].tobytes())
            if said["format"] != FORMAT:
                raise TeachError(
                    "The B-scans of this training were kept by another version of the program.",
                    "Begin it anew.",
                )
            return TeachingData(
                tuple(_b_scan(content, i, s) for i, s in enumerate(said["b_scans"])),
                notes=tuple(said["notes"]),
            )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        raise TeachError(
            "The B-scans that were kept for this training are damaged.", "Begin it anew."
        ) from None


def _said(b: LabelledBScan) -> dict[str, Any]:
    return {
        "looked_for": list(b.looked_for),
        "patient": b.patient,
        "scan": b.scan,
        "b_scan": b.b_scan,
        "part": b.part,
        "spacing": {axis: [b.spacing[axis].mm, b.spacing[axis].source.value] for axis in _AXES},
    }


def _b_scan(content: Any, i: int, said: dict[str, Any]) -> LabelledBScan:
    name = f"masks_{i}"
    spacing = (said["spacing"][axis] for axis in _AXES)
    return LabelledBScan(
        content[f"image_{i}"],
        content[f"surfaces_{i}"],
        content.get(name),
        tuple(said["looked_for"]),
        patient=said["patient"],
        scan=said["scan"],
        b_scan=said["b_scan"],
        spacing=Spacing(*(Length(mm, Provenance(source)) for mm, source in spacing)),
        part=said["part"],
    )
