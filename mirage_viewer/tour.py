"""The tour: the real window does the main job on the simulated eye, by mouse and button.

``python -m mirage_viewer.tour`` is what ``make demo`` runs. With a display the window stays open
on the result; without one the same tour runs offscreen and leaves pictures and masks behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import State
from mirage_viewer.tour_sight import outline, overlap, worst_span

if TYPE_CHECKING:
    from mirage_viewer.main_window import MainWindow

_PATIENCE_S = 300.0
_PEN_STEP_PX = 4
_SPAN_PX = 60
_TOLERATED_PX = 2.0
_SEGMENTED = frozenset({State.APPROVED, State.EDITED, State.PREDICTED})
EXPORTS: dict[str, frozenset[State]] = {
    "mirage": frozenset({State.APPROVED}),
    "hdf5": _SEGMENTED,
    "nifti": _SEGMENTED,
    "csv": _SEGMENTED,
    "png": frozenset({State.APPROVED}),
}
"""Formats the tour exports, each with the states of the B-scans it takes."""


class TourError(RuntimeError):
    """The program did not do what the tour expects of it."""


def has_display() -> bool:
    """Return whether windows can be shown here."""
    if os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return False
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Tour:
    """Opens, segments, corrects, saves and exports in `window`, as a person would.

    Parameters
    ----------
    window : MainWindow
        Shown.
    out : Path
        Folder for pictures and exports.
    pause_s : float
        Time to look at each step.
    say : callable
        Told in a line what is happening.
    """

    def __init__(
        self, window: MainWindow, out: Path, pause_s: float, say: Callable[[str], None]
    ) -> None:
        self.window = window
        self.out = out
        self.pause_s = pause_s
        self.say = say
        self.written: list[Path] = []
        self.surface_b = self.fluid_b = 0

    def run(self) -> None:
        """Do the whole of it."""
        self.say("1  Open: a simulated macular volume with its SLO")
        self.open_eye()
        self.picture("1-opened")
        self.say("2  Segment: every B-scan, in a worker process")
        self.segment()
        self.picture("2-segmented")
        self.say("3  Correct: a surface with the pen, a pocket of fluid with the polygon")
        self.correct_surface()
        self.picture("3-surface-corrected")
        self.correct_fluid()
        self.picture("4-fluid-corrected")
        self.say("4  Approve the corrected B-scans; every stroke is on disk already")
        self.approve()
        self.picture("5-approved")
        self.say("5  Export masks and surfaces: the approved ones for training, all for analysis")
        for name, states in EXPORTS.items():
            self.export(name, states)
        self.go_to(self.fluid_b)
        self.picture("6-exported")

    # ------------------------------------------------------------------ steps

    def open_eye(self) -> None:
        """Open the built-in eye with its true surfaces at hand for the corrections."""
        from mirage_core.simulate import demo_eye

        self.truth = demo_eye()
        self.window.qt_actions["file.demo"].trigger()
        self.wait(lambda: self.window.desk.editable, "the scan to open")
        self.session = self.window.desk.session
        self.window.desk.show_b_scan(self.session.scan.n_b_scans // 2)
        self.look()

    def segment(self) -> None:
        """Press the button and wait for the worker."""
        self.window.segment_panel.volume.click()
        running = self.window.desk.segmentation
        self.wait(lambda: running.running, "the segmentation to start")
        self.wait(lambda: not running.running, "the segmentation to end")
        if State.PREDICTED not in self.session.annotation.b_scan_states():
            raise TourError("the segmentation ended without a result")
        self.look()

    def correct_surface(self) -> None:
        """Redraw BM on the B-scan where it is furthest from the truth, with the pen."""
        found = self.session.annotation.surfaces["BM"]
        self.surface_b, _ = worst_span(np.abs(found - self.truth.surfaces["BM"]), _SPAN_PX)
        self.redraw_where_off("BM", self.surface_b)

    def correct_fluid(self) -> None:
        """Put right the pockets of that B-scan and of the one with most subretinal fluid."""
        labels, scheme = self.truth.masks.labels, self.session.annotation.masks.scheme
        self.fluid_b = int((labels == scheme.by_name("SRF").value).sum(axis=(1, 2)).argmax())
        for b in dict.fromkeys((self.surface_b, self.fluid_b)):
            for name in ("SRF", "PED"):
                self.outline_pocket(name, b)
            self.redraw_where_off("BM", b)

    def redraw_where_off(self, name: str, b: int) -> None:
        """Redraw a surface of B-scan `b` from the first to the last column it is off in."""
        off = self.session.annotation.surfaces[name][b] - self.truth.surfaces[name][b]
        columns = np.flatnonzero(np.abs(off) > _TOLERATED_PX)
        if columns.size:
            self.redraw(name, b, slice(int(columns[0]), int(columns[-1]) + 1))

    def redraw(self, name: str, b: int, columns: slice) -> None:
        """Draw the true course of a surface over `columns` of B-scan `b` with the pen."""
        self.go_to(b)
        self.window.correct_panel.choose_surface(self.session.annotation.surfaces.index(name))
        self.window.correct_panel.tools["pen"].click()
        true = self.truth.surfaces[name][b]
        before = self.error(name, b, columns)
        places = range(columns.start, columns.stop, _PEN_STEP_PX)
        self.drag((float(true[x]), float(x)) for x in (*places, columns.stop - 1))
        after = self.error(name, b, columns)
        self.say(
            f"   {name} on B-scan {b + 1}: {before:.1f} px off before the stroke, "
            f"{after:.1f} px after it"
        )
        if after >= before:
            raise TourError(f"the pen did not improve {name}")

    def outline_pocket(self, name: str, b: int) -> None:
        """Draw around the largest true pocket of a class on B-scan `b` with the polygon."""
        masks = self.session.annotation.masks
        value = masks.scheme.by_name(name).value
        true = self.truth.masks.labels[b] == value
        if not true.any():
            return
        self.go_to(b)
        self.window.correct_panel.choose_class(value)
        self.window.correct_panel.tools["polygon"].click()
        before = overlap(masks.labels[b] == value, true)
        corners = outline(true)
        self.drag([*corners, corners[0]])
        self.finish_stroke()
        after = overlap(masks.labels[b] == value, true)
        self.say(f"   {name} on B-scan {b + 1}: Dice {before:.2f} before, {after:.2f} after")
        if after <= before:
            raise TourError(f"the polygon did not improve {name}")

    def approve(self) -> None:
        """Approve every B-scan that was corrected."""
        states = self.session.annotation.b_scan_states()
        for b in [b for b, state in enumerate(states) if state is State.EDITED]:
            self.go_to(b)
            self.window.correct_panel.approve.click()
            self.look()
        if self.window.desk.saving.waiting:
            raise TourError("edits wait to be saved: " + self.session.save_problem)
        self.window.correct_panel.tools[""].click()

    def export(self, name: str, states: frozenset[State]) -> None:
        """Export B-scans in one of `states` in the format called `name` through the panel."""
        panel = self.window.export_panel
        self.window.show_tab(panel)
        panel.format.setCurrentIndex(panel.format.findData(name))
        target = self.out / "exports" / name
        panel.folder.setText(str(target))
        for state, box in panel.states.items():
            box.setChecked(state in states)
        steps: list[object] = []
        self.window.desk.exports.progressed.connect(steps.append)
        panel.button.click()
        self.wait(lambda: None in steps, f"the {name} export")
        self.window.desk.exports.progressed.disconnect(steps.append)
        files = sorted(p for p in target.rglob("*") if p.is_file())
        if not files:
            raise TourError(f"the {name} export wrote nothing")
        self.written += files

    # ------------------------------------------------------------------ hands and eyes

    def go_to(self, b: int) -> None:
        """Show B-scan `b`."""
        self.window.desk.show_b_scan(b)
        self.look()

    def drag(self, places: Iterable[tuple[float, float]]) -> None:
        """Drag the left button over B-scan `places` ``(z, x)`` in px, by real mouse events."""
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        canvas = self.window.canvas
        viewport = canvas.viewport()
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        kinds = QEvent.Type

        def send(
            kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
        ) -> None:
            event = QMouseEvent(
                kind,
                at,
                QPointF(viewport.mapToGlobal(at.toPoint())),
                button,
                held,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(viewport, event)

        points = [canvas.to_view(z, x) for z, x in places]
        send(kinds.MouseButtonPress, points[0], left, left)
        for point in points[1:]:
            send(kinds.MouseMove, point, none, left)
            self.breathe(self.pause_s / 60)
        send(kinds.MouseButtonRelease, points[-1], left, none)
        self.look()

    def finish_stroke(self) -> None:
        """End a stroke of several clicks, if one is still in hand."""
        if self.window.desk.runner is not None and self.window.desk.runner.busy:
            self.window.qt_actions["correct.finish"].trigger()
            self.look()

    def picture(self, name: str) -> Path:
        """Save a picture of the window and return its path."""
        self.breathe(0.05)
        path = self.out / "screenshots" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.window.grab().save(str(path)):
            raise TourError(f"the picture {path.name} could not be written")
        self.written.append(path)
        return path

    def look(self) -> None:
        """Give the window, and whoever watches it, time."""
        self.breathe(max(self.pause_s, 0.05))

    def breathe(self, seconds: float) -> None:
        """Let the window live for `seconds`."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + seconds
        QApplication.processEvents()
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Let the window live until `condition` holds."""
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise TourError(f"waited in vain for {what}")
            self.breathe(0.02)

    def error(self, name: str, b: int, columns: slice) -> float:
        """Return the mean distance in px of a surface from the truth over `columns`."""
        found, true = self.session.annotation.surfaces[name], self.truth.surfaces[name]
        return float(np.nanmean(np.abs(found[b, columns] - true[b, columns])))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tour; return the exit code."""
    parser = argparse.ArgumentParser(prog="mirage-viewer-tour", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-output"))
    parser.add_argument("--gallery", type=Path, help="also save the window in both themes here")
    options = parser.parse_args(sys.argv[1:] if argv is None else argv)
    shown = has_display()
    if not shown:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    out: Path = options.out.absolute()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="mirage-tour-") as settings_folder:
        # The tour leaves the user's own settings and projects alone.
        os.environ["MIRAGE_CONFIG_DIR"] = settings_folder
        return _play(out, options.gallery, shown=shown)


def _play(out: Path, pictures: Path | None, *, shown: bool) -> int:
    from qtpy.QtWidgets import QApplication

    from mirage_viewer.settings import Settings
    from mirage_viewer.tour_pictures import gallery
    from mirage_viewer.window_factory import make_window

    app = QApplication.instance() or QApplication(["mirage-viewer"])
    settings = Settings(grader="Demo", research_notice_seen=True)
    window = make_window(out / "project", settings)
    window.resize(1440, 900)
    window.show()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    say(f"MIRAGE Viewer — {RESEARCH_USE_ONLY}")
    tour = Tour(window, out, 0.4 if shown else 0.0, say)
    code = 0
    try:
        tour.run()
        if pictures is not None:
            tour.written += gallery(window, pictures)
    except TourError as error:
        sys.stderr.write(f"The tour failed: {error}\n")
        code = 1
    else:
        say("Written:")
        for path in tour.written:
            say(f"  {path}")
        if shown:
            say("The window stays open on the result; close it to end.")
            code = int(app.exec())
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
