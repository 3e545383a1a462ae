"""The demonstration step by step: what a grader does, with the grader's own tools."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Edit, Session, State, ToolRunner
from mirage_core.annotate.tools import Point, PolygonTool, SurfacePen, Tool, ToolOptions
from mirage_core.cli.words import counted
from mirage_core.engines import default_engine
from mirage_core.io.export_request import ExportRequest
from mirage_core.io.exporting import export, make_exporter
from mirage_core.jobs.segment import segment_scan
from mirage_core.project import Project
from mirage_core.simulate import SimulatedEye, demo_eye

_GRADER = "demo"
_SPAN_COLUMNS = 60
_FORMATS = ("mirage", "hdf5", "nifti", "csv", "png")


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, and what came of it."""

    title: str
    detail: str


def run_demo(out: Path, eye: SimulatedEye | None = None) -> Iterator[Step]:
    """Do the whole path on `eye` (by default the built-in one), leaving its results in `out`.

    Raises
    ------
    ProjectError, ExportError
    """
    yield Step("MIRAGE Viewer", RESEARCH_USE_ONLY)
    eye = eye or demo_eye()
    yield Step("Open", f"{eye.scan.title}, with SLO and true surfaces")
    with Project.open_or_create(out / "project") as project:
        record = project.import_pixels(project.add_scan(eye.scan, _GRADER), eye.scan)
        session = project.session(record, _GRADER)
        yield _segment(session)
        yield _redraw_rpe(session, eye)
        yield _outline_lesion(session, eye)
        yield _undo_and_redo(session)
        session.set_state(_edited(session), State.APPROVED)
        yield Step("Approve", f"B-scans {_counted(_edited(session, State.APPROVED))}")
        project.close_session(session)
        yield Step("Save", f"{len(project.audit(record.id))} entries in {out / 'project'}")
        # Read back from the disk: what is exported is what was saved.
        saved = project.session(record, _GRADER)
        request = ExportRequest.by_states(
            saved.scan, saved.annotation, {State.APPROVED}, record.pseudonym
        )
    for name in _FORMATS:
        done = export(make_exporter(name), [request], out / "export" / name, overwrite=True)
        files = counted(len(done.files), "file")
        yield Step("Export", f"{name}: {files} in {done.target}")


def _segment(session: Session) -> Step:
    start = time.perf_counter()
    proposal = segment_scan(session.scan, default_engine())
    seconds = time.perf_counter() - start
    # Overwriting makes the demonstration the same when it is run on its own project again.
    session.adopt(proposal, overwrite=True)
    n = session.scan.n_b_scans
    found = ", ".join(proposal.surfaces.names)
    return Step("Segment", f"{proposal.title}: {found} on {n} B-scans in {seconds:.1f} s")


def _redraw_rpe(session: Session, eye: SimulatedEye) -> Step:
    """Redraw the RPE with the pen where it is furthest from the truth."""
    truth = eye.surfaces["RPE"]
    row = session.annotation.surfaces.index("RPE")
    error = np.nan_to_num(np.abs(session.annotation.surfaces.values[row] - truth))
    window = np.ones(_SPAN_COLUMNS) / _SPAN_COLUMNS
    smooth = np.stack([np.convolve(line, window, "valid") for line in error])
    b, first = (int(i) for i in np.unravel_index(int(smooth.argmax()), smooth.shape))
    span = range(first, first + _SPAN_COLUMNS)
    path = [Point(float(truth[b, x]), float(x)) for x in span if np.isfinite(truth[b, x])]
    _stroke(session, b, SurfacePen(), ToolOptions(surface=row), path)
    drawn = session.annotation.surfaces.values[row, b]
    after = np.nanmean(np.abs(drawn[span] - truth[b, span]))
    return Step(
        "Correct",
        f"RPE redrawn with the pen on B-scan {b + 1}, columns {first}-{span[-1]}: mean error "
        f"{smooth[b, first]:.1f} px before, {after:.1f} px after",
    )


def _outline_lesion(session: Session, eye: SimulatedEye) -> Step:
    """Outline the largest true lesion cut with the polygon tool."""
    areas = (eye.masks.labels > 0).sum(axis=(1, 2))
    b = int(areas.argmax())
    truth = eye.masks.labels[b]
    value = int(np.bincount(truth[truth > 0]).argmax())
    parts, _ = ndimage.label(truth == value)
    inside = parts == np.bincount(parts[parts > 0]).argmax()
    before = _dice(session.annotation.masks.labels[b] == value, inside)
    _stroke(session, b, PolygonTool(), ToolOptions(mask_class=value), _around(inside))
    after = _dice(session.annotation.masks.labels[b] == value, inside)
    name = session.annotation.masks.scheme.by_value(value).title
    return Step(
        "Correct",
        f"{name} outlined on B-scan {b + 1}: Dice with the true region {before:.2f} before, "
        f"{after:.2f} after",
    )


def _around(inside: NDArray[np.bool_]) -> list[Point]:
    """Return a path along the upper edge of a region ``[z, x]`` and back along the lower."""
    columns = np.flatnonzero(inside.any(axis=0))
    top = inside.argmax(axis=0)
    bottom = inside.shape[0] - 1 - inside[::-1].argmax(axis=0)
    upper = [Point(float(top[x]), float(x)) for x in columns]
    return upper + [Point(float(bottom[x]), float(x)) for x in columns[::-1]]


def _undo_and_redo(session: Session) -> Step:
    undone = session.undo()
    redone = session.redo()
    assert isinstance(undone, Edit)
    assert redone is undone
    return Step("Undo, redo", undone.label)


def _stroke(
    session: Session, b: int, tool: Tool, options: ToolOptions, path: Sequence[Point]
) -> None:
    """Drag `tool` along `path` the way a pointer would."""
    runner = ToolRunner(session)
    runner.options = options
    runner.go_to(b)
    runner.take(tool)
    runner.press(path[0])
    for at in path[1:]:
        runner.move(at)
    runner.release(path[-1])


def _edited(session: Session, state: State = State.EDITED) -> list[int]:
    return [b for b, s in enumerate(session.annotation.b_scan_states()) if s is state]


def _counted(b_scans: Sequence[int]) -> str:
    """Return B-scans for people, who count from 1."""
    return ", ".join(str(b + 1) for b in b_scans)


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    total = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / total if total else float("nan")
