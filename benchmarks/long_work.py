"""Weeks of a grader's work on one scan: predictions, pen and brush strokes, approvals, undos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import ndimage

from mirage_core.annotate import Proposal, Session, State
from mirage_core.project import Project, ScanRecord
from mirage_core.scan import SURFACE_KINDS, ArrayPixels, Masks, Scan, Surfaces

SHAPE = (97, 496, 768)
NAMES = tuple(kind.name for kind in SURFACE_KINDS)
GRADER = "bench"
SECOND_AT = 250
"""Edits before the second prediction: the same in histories of any length, so is its size."""


def build(folder: Path, n_scans: int, n_edits: int) -> ScanRecord:
    """Make a project of `n_scans` and `n_edits` edits on the first of them; return that one.

    Two of the edits are predictions of the whole volume, the first of all and a later one.
    """
    rng = np.random.default_rng(0)
    scan = Scan(ArrayPixels(np.zeros(SHAPE, np.uint8)))
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(scan), scan)
        for _ in range(n_scans - 1):
            other = Scan(ArrayPixels(rng.integers(0, 256, (19, 8, 8), np.uint8)))
            session = project.session(project.add_scan(other), GRADER, scan=other)
            session.set_state([0], State.APPROVED)
            project.close_session(session)
        session = project.session(record, GRADER)
        session.adopt(prediction(rng))
        while len(session.history.done) < n_edits:
            if len(session.history.done) == SECOND_AT:
                session.adopt(prediction(rng), overwrite=True)
            step(session, rng)
    return record


def prediction(rng: np.random.Generator) -> Proposal:
    """Return smooth surfaces in order, confidences, and fluid between the surfaces."""
    n, height, width = SHAPE
    x = np.arange(width)
    top = 150 + 10 * np.sin(np.arange(n)[:, None] / 9 + x / 90)
    top = top + 40 * np.exp(-(((x - width / 2) / (width / 5)) ** 2))
    wobble = ndimage.gaussian_filter(rng.normal(0, 3, (len(NAMES), n, width)), (0, 1, 6))
    curves = top + 14 * np.arange(len(NAMES))[:, None, None] + wobble
    surfaces = np.sort(curves.astype(np.float32), axis=0)
    doubt = ndimage.gaussian_filter(rng.normal(0, 0.6, surfaces.shape), (0, 0, 5))
    confidence = np.clip(0.9 + doubt, 0, 1).astype(np.float32)
    field = ndimage.gaussian_filter(rng.normal(0, 1, (n, height // 8, width // 8)), (1, 2, 3))
    fluid = np.digitize(field, np.quantile(field, [0.97, 0.99])).astype(np.uint8)
    labels = fluid.repeat(8, axis=1).repeat(8, axis=2)
    rows = np.arange(height)[None, :, None]
    labels[(rows < surfaces[2][:, None]) | (rows > surfaces[8][:, None])] = 0
    every = tuple(range(n))
    return Proposal(every, Surfaces(surfaces, NAMES), confidence, Masks(labels), "graph", "Graph")


def step(session: Session, rng: np.random.Generator) -> None:
    """Do what a grader does next: mostly a stroke."""
    kind = rng.random()
    b = int(rng.integers(SHAPE[0]))
    if kind < 0.02 and len(session.history.done) > 1:
        session.undo()
    elif kind < 0.1:
        session.set_state([b], State.APPROVED)
    elif kind < 0.65:
        pen(session, b, rng)
    else:
        brush(session, b, rng)


def pen(session: Session, b: int, rng: np.random.Generator) -> None:
    """Draw 40 to 200 columns of a surface."""
    draft = session.draft(b)
    n = int(rng.integers(40, 200))
    x, row = int(rng.integers(SHAPE[2] - n)), int(rng.integers(len(NAMES)))
    draft.curves[row, x : x + n] += rng.normal() + np.cumsum(rng.normal(0, 0.3, n))
    session.commit(draft, "pen", f"Pen on {NAMES[row]}")


def brush(session: Session, b: int, rng: np.random.Generator) -> None:
    """Paint along a winding way, 4 to 12 px wide on either side."""
    draft = session.draft(b)
    z, x, radius = rng.uniform(60, 400), rng.uniform(60, 700), rng.uniform(4, 12)
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    heading = rng.uniform(0, 6)
    value = 1 + int(rng.integers(5))
    for _ in range(int(rng.integers(4, 30))):
        heading += rng.normal(0, 0.3)
        z, x = z + 2 * np.sin(heading), x + 3 * np.cos(heading)
        box = (
            slice(max(int(z - radius), 0), int(z + radius) + 2),
            slice(max(int(x - radius), 0), int(x + radius) + 2),
        )
        disc = (rows[box[0]] - z) ** 2 + (columns[:, box[1]] - x) ** 2 < radius**2
        draft.mask[box][disc] = value
    session.commit(draft, "brush", "Brush: fluid")
