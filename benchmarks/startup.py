"""Start of the app: from the command to a window that answers, against a bare Qt window.

    python -m benchmarks.startup [--runs 7]

Each run is a fresh process. It says "up" when its window has been painted and the event loop
has answered an event; the time is that of the wall clock from the start of the process. The
peer is a QMainWindow with nothing in it, started the same way in alternation. The first run of
each warms the disk cache and is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Result, emit

_ROOT = Path(__file__).resolve().parents[1]

# Both say "up" from a timer of the running event loop, after the first paint.
_BARE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
window.show()
def up():
    window.repaint()
    print("up", 0, flush=True)
    app.quit()
QTimer.singleShot(0, up)
app.exec()
"""
_APP = """
import sys
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication
from mirage_viewer import app as program
real = program.run
def run(app):
    (window,) = [w for w in app.topLevelWidgets() if w.isVisible()]
    def up():
        window.repaint()
        heavy = {"torch", "timm", "torchvision", "sqlalchemy", "h5py", "scipy", "skimage"}
        print("up", ",".join(sorted(heavy & set(sys.modules))) or 0, flush=True)
        window.close()
        app.quit()
    QTimer.singleShot(0, up)
    return real(app)
program.run = run
program.main([])
"""


def start_s(code: str, folder: Path) -> tuple[float, str]:
    """Return the seconds until a fresh process running `code` says "up", and what it adds."""
    surroundings = {
        **os.environ,
        "QT_API": "pyside6",
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "MIRAGE_CONFIG_DIR": str(folder / "config"),
        "MIRAGE_DATA_DIR": str(folder / "data"),
    }
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=_ROOT,
        env=surroundings,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("up "):
                return time.perf_counter() - began, line.split()[1]
    raise RuntimeError("the process ended before its window was up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {"app": [], "bare": []}
    heavy = ""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(runs + 1):
            for name, code in (("bare", _BARE), ("app", _APP)):
                seconds, said = start_s(code, Path(folder))
                if i:
                    times[name].append(seconds)
                if name == "app":
                    heavy = said
    app, bare = statistics.median(times["app"]), statistics.median(times["bare"])
    modules = "no torch" if "torch" not in heavy.split(",") else f"imported: {heavy}"
    emit(
        Result(
            what="start to an interactive window",
            bar="≤ 2 s warm on 2 cores, no torch",
            ours=f"{app:.2f} s (slowest of {runs}: {max(times['app']):.2f} s, {modules})",
            peer_name="bare QMainWindow",
            peer=f"{bare:.2f} s, that is 1/{app / bare:.1f}",
            ratio=None,
            reached=app <= 2.0 and modules == "no torch",
        )
    )


if __name__ == "__main__":
    main()
