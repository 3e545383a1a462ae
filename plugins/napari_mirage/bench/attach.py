"""Which bench belongs to which viewer: one each, made when it is first wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari import Viewer
    from qtpy.QtWidgets import QMainWindow

    from napari_mirage.bench.bench import Bench

_BENCHES: WeakKeyDictionary[QMainWindow, Bench] = WeakKeyDictionary()


def bench_at(viewer: Viewer) -> Bench | None:
    """Return the bench at work in the window of `viewer`, None if it has none yet."""
    return _BENCHES.get(viewer.window._qt_window)


def bench_of(viewer: Viewer) -> Bench:
    """Return the bench at work in the window of `viewer`, made now if it has none yet."""
    bench = bench_at(viewer)
    if bench is None:
        from mirage_viewer.window_factory import make_desk
        from napari_mirage.bench.bench import Bench
        from napari_mirage.bench.brought_masks import brought_masks
        from napari_mirage.bench.opening import why_read_only
        from napari_mirage.preferences import starting_choices

        window = viewer.window._qt_window
        bench = _BENCHES[window] = Bench(viewer, *make_desk(*starting_choices()))
        bench.closing.connect(lambda: _BENCHES.pop(window, None))
        bench.canvas.why_read_only = partial(why_read_only, bench.desk)
        brought_masks(bench)
        QTimer.singleShot(0, bench, bench.begin)
    return bench
