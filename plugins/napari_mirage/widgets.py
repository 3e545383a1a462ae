"""Widget contributions: the docks of the workbench of the viewer in front."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_mirage.bench.bench import Bench


def current_bench() -> Bench:
    """Return the bench of the viewer in front, made now if it has none yet.

    Raises
    ------
    RuntimeError
        If no viewer is open.
    """
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        raise RuntimeError("No napari viewer is open. Open one first.")
    from napari_mirage.bench.attach import bench_of
    from napari_mirage.keybindings import bind_command_keys

    bench = bench_of(viewer)
    bind_command_keys(viewer)
    return bench


def bench_at_work() -> Bench | None:
    """Return the bench of the viewer in front, None if nobody has opened one there."""
    attach = sys.modules.get("napari_mirage.bench.attach")
    if attach is None:
        return None
    from napari import current_viewer

    viewer = current_viewer()
    bench: Bench | None = attach.bench_at(viewer) if viewer is not None else None
    return bench


def workbench() -> QWidget:
    """Return the panels that stand beside the image."""
    return current_bench()


def fundus() -> QWidget:
    """Return the fundus image over the strip of B-scans."""
    return current_bench().docks.fundus


def teach() -> QWidget:
    """Return where models are taught from corrections."""
    bench = current_bench()
    bench.docks.teaching.show()
    bench.teach.look()
    return bench.docks.teaching


def worklist() -> QWidget:
    """Return the list of the project's scans."""
    return current_bench().worklist.page
