"""What `mirage measure` finds at a path, and how scan and annotation of it are had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mirage_core.annotate import Annotation
from mirage_core.cli.console import CommandError
from mirage_core.cli.inputs import must_exist
from mirage_core.io import ReadError, find_scans, open_scan
from mirage_core.io.digest import source_sha256
from mirage_core.io.errors import only_read_errors
from mirage_core.io.export_result import RESULT_FILE, is_result, read_result
from mirage_core.io.options import ReadOptions
from mirage_core.scan import (
    AXES,
    Acquisition,
    ArrayPixels,
    Laterality,
    Length,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
)

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.fovea import Fovea
    from mirage_core.measure.sought import LookedFor
    from mirage_core.project import AnnotationRecord, Project, WorklistRow


class NoSurfacesError(CommandError):
    """A scan file has no surfaces in it."""


SpacingMm = tuple[float | None, float | None, float | None]
_DATABASE = "project.db"
_WITH_SURFACES = (".vol", ".npz", ".h5", ".hdf5")
_NATIVE = (".h5", ".hdf5")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said about the scans.

    Attributes
    ----------
    spacing_mm : (db, dz, dx) or None
    scans : dict of str to Path
        Scan files by SHA-256, for the results that were made from them.
    keep_names : bool
        Name scans by their files instead of by what is in them.
    """

    spacing_mm: SpacingMm | None
    scans: dict[str, Path]
    keep_names: bool


@dataclass(frozen=True, eq=False)
class Loaded:
    """An annotation with its scan.

    Attributes
    ----------
    name : str
        What the scan is called in the table.
    scan : Scan
    annotation : Annotation
    looked_for : mapping or None
        Lesions that the model which drew the masks looks for; None: not known.
    """

    name: str
    scan: Scan
    annotation: Annotation
    looked_for: LookedFor | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """One annotation to measure.

    Attributes
    ----------
    path : Path
        Where it is, for messages.
    load : callable
        Returns what there is to measure.
    grader : str
        Whose work it is; an engine's or the device's name where nobody's.
    found : bool
        It was found in a folder, not named: a scan without surfaces is left out then.
    fovea : Fovea or None
        Where a person put it; None: it is sought.
    """

    path: Path
    load: Callable[[], Loaded]
    grader: str
    found: bool = False
    fovea: Fovea | None = None


def works_at(path: Path, wishes: Wishes, stack: ExitStack) -> Iterator[Work]:
    """Yield what there is to measure at `path`; projects stay open until `stack` closes.

    Raises
    ------
    CommandError, ProjectError
        If there is nothing.
    """
    must_exist(path)
    if path.is_file():
        yield _of_file(path, wishes)
        return
    found = False
    for place in _places(path):
        if (place / _DATABASE).exists():
            works = list(_of_project(place, wishes, stack))
        elif is_result(place):
            works = [_of_result(place, wishes)]
        else:
            works = [replace(_of_file(place, wishes), found=True)]
        found = found or bool(works)
        yield from works
    if not found:
        raise CommandError(
            f"There is nothing to measure in {path}.",
            "Give projects, results of `mirage segment`, or scans that hold surfaces.",
        )


def scans_by_sha256(path: Path | None) -> dict[str, Path]:
    """Return the scans at `path` by the digest that results know them by."""
    if path is None:
        return {}
    must_exist(path)
    found = {}
    for scan in find_scans(path):
        with only_read_errors(scan):
            found[source_sha256(scan)] = scan
    return found


def _places(folder: Path) -> Iterator[Path]:
    """Yield the projects, results and files with surfaces at and below `folder`, in order."""
    from natsort import natsorted, ns

    if (folder / _DATABASE).exists() or is_result(folder):
        yield folder
        return
    entries = [e for e in folder.iterdir() if not e.name.startswith(".")]
    for entry in natsorted(entries, key=lambda e: e.name, alg=ns.IGNORECASE):
        if entry.is_dir() and not entry.is_symlink():
            yield from _places(entry)
        elif entry.suffix.lower() in _WITH_SURFACES and find_scans(entry):
            yield entry


def _of_project(folder: Path, wishes: Wishes, stack: ExitStack) -> Iterator[Work]:
    from mirage_core.project import Project

    project = stack.enter_context(Project.open(folder, read_only=True))
    for row in project.worklist():
        fovea = project.foveas.get(row.scan.id)
        for annotation in row.annotations:
            load = _in_project(project, row, annotation, wishes)
            yield Work(folder, load, annotation.annotator, fovea=fovea)


def _in_project(
    project: Project, row: WorklistRow, record: AnnotationRecord, wishes: Wishes
) -> Callable[[], Loaded]:
    def load() -> Loaded:
        from mirage_core.engines.looked_for import looked_for

        scan = project.open_scan(row.scan)
        # Nobody's name: what only its own grader may see is not measured.
        annotation, done = project.moment(row.scan, record.id, "", scan=scan)
        sought = looked_for(done, scan.n_b_scans, _engines())
        return Loaded(row.scan.pseudonym, _spaced(scan, wishes.spacing_mm), annotation, sought)

    return load


def _of_result(folder: Path, wishes: Wishes) -> Work:
    def load() -> Loaded:
        result = read_result(folder)
        annotation = Annotation(result.surfaces, result.masks, result.confidence, result.states)
        with only_read_errors(folder):
            recorded = result.info["input"]
            sha256 = str(recorded["sha256"])
            scan = _recorded(recorded, annotation.masks.labels.shape)
        if sha256 in wishes.scans:
            known = open_scan(wishes.scans[sha256], ReadOptions())
            scan = known.with_spacing(scan.spacing)
        name = folder.name if wishes.keep_names else f"scan-{sha256[:8]}"
        scan, sought = _spaced(scan, wishes.spacing_mm), _sought(result.info, scan.n_b_scans)
        return Loaded(name, scan, annotation, sought)

    return Work(folder, load, engine_of(folder))


@lru_cache(maxsize=1)
def _engines() -> tuple[EngineInfo, ...]:
    from mirage_core.engines.registry import engine_infos

    return engine_infos()


def _sought(info: Mapping[str, Any], n_b_scans: int) -> LookedFor | None:
    """Return what the engine of a result looked for; None where nothing tells."""
    from mirage_core.engines.looked_for import looked_for_throughout

    engine = info.get("engine")
    if not isinstance(engine, dict):
        return None
    classes = engine.get("mask_classes")
    if classes is None:  # of an earlier version
        sha256 = engine.get("sha256")
        classes = next((i.mask_classes for i in _engines() if sha256 and i.sha256 == sha256), None)
    if not isinstance(classes, list | tuple):
        return None
    return looked_for_throughout((str(name) for name in classes), n_b_scans)


def engine_of(folder: Path) -> str:
    """Return the name of the engine that made a result; empty where it does not say."""
    from mirage_core.io.export_result import read_info

    try:
        return str(read_info(folder).get("engine", {}).get("name", ""))
    except ReadError:
        return ""  # said when it is loaded


def _recorded(recorded: dict[str, Any], shape: tuple[int, ...]) -> Scan:
    """Return the scan that a result was made from as far as ``result.json`` tells: no pixels."""
    n, height, width = shape
    lengths = recorded["spacing"]
    spacing = Spacing(*(Length(lengths[a]["mm"], Provenance(lengths[a]["source"])) for a in AXES))
    return Scan(
        ArrayPixels(np.broadcast_to(np.uint8(0), (n, height, width))),
        spacing,
        ScanGeometry(
            pattern=ScanPattern(recorded["pattern"]),
            superior_to_inferior=recorded.get("superior_to_inferior"),
        ),
        laterality=Laterality(recorded["laterality"]),
        acquisition=Acquisition(simulated=bool(recorded.get("simulated", False))),
    )


def _of_file(path: Path, wishes: Wishes) -> Work:
    def load() -> Loaded:
        if path.name in (RESULT_FILE, "surfaces.npz", "masks.npz") and is_result(path.parent):
            raise CommandError(f"{path} is part of a result.", "Give the result's folder.")
        with only_read_errors(path):
            sha256 = source_sha256(path)
        name = path.stem if wishes.keep_names else f"scan-{sha256[:8]}"
        if path.suffix.lower() in _NATIVE:
            scan, annotation = _native(path)
        else:
            scan = open_scan(path, ReadOptions())
            if scan.vendor_surfaces is None:
                raise NoSurfacesError(
                    f"{path} holds no surfaces to measure.",
                    "Segment it first (mirage segment) and measure the result.",
                )
            annotation = Annotation.for_scan(scan)
        return Loaded(name, _spaced(scan, wishes.spacing_mm), annotation)

    return Work(path, load, "device" if path.suffix.lower() not in _NATIVE else "")


def _native(path: Path) -> tuple[Scan, Annotation]:
    from mirage_core.io.export_hdf5 import read_native

    content = read_native(path)
    annotation = Annotation(content.surfaces, content.masks, content.confidence, content.states)
    return content.scan, annotation


def _spaced(scan: Scan, spacing_mm: SpacingMm | None) -> Scan:
    if spacing_mm is None:
        return scan
    return scan.with_spacing(scan.spacing.with_user(*spacing_mm))
