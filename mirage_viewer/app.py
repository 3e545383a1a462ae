"""`mirage-viewer`: command line, start and end of the app."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core import RESEARCH_USE_ONLY, __version__

if TYPE_CHECKING:
    from qtpy.QtWidgets import QApplication


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options in `argv`; a mistake ends the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="mirage-viewer",
        description="Open retinal OCT volumes, segment, correct, export.",
        epilog=RESEARCH_USE_ONLY,
    )
    parser.add_argument("file", nargs="?", type=Path, help="scan file or folder of B-scans")
    parser.add_argument("--project", type=Path, help="project folder to keep scans in")
    parser.add_argument(
        "--spacing",
        type=_spacing,
        metavar="DB,DZ,DX",
        help="spacing in mm between B-scans, in depth, along a B-scan; leave one empty to keep "
        "the file's",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser.parse_args(argv)


def _spacing(text: str) -> tuple[float | None, float | None, float | None]:
    from mirage_core.io.options import SPACING_HINT, is_spacing

    parts = [p.strip() for p in text.split(",")]
    try:
        values = [float(p) if p else None for p in parts]
        if not is_spacing(values):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(SPACING_HINT) from None
    return values[0], values[1], values[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the app; return its exit code.

    A file that cannot be opened does not end the program: the window opens and says so. If no
    scan was opened after that either, the exit code is 2.
    """
    options = parse(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("QT_API", "pyside6")
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    from mirage_core.places import config_dir
    from mirage_viewer import crash
    from mirage_viewer.settings import show_setting_warnings_plainly
    from mirage_viewer.window_factory import make_window

    show_setting_warnings_plainly()
    app = QApplication.instance() or QApplication([sys.argv[0]])
    app.setApplicationName("MIRAGE Viewer")
    crash.install(config_dir(), crash.show_dialog)
    window = make_window(options.project)
    window.appear()
    opened: list[bool] = []
    window.desk.scan_changed.connect(lambda: opened.append(window.desk.open_scan is not None))
    if options.file is not None:
        # The window is painted first; reading begins when it is there.
        QTimer.singleShot(0, lambda: window.desk.opener.open_path(options.file, options.spacing))
    QTimer.singleShot(0, window.begin)
    code = run(app)
    return code or (2 if options.file is not None and not any(opened) else 0)


def run(app: QApplication) -> int:
    """Run the event loop until the window is closed; return the exit code."""
    return int(app.exec())


if __name__ == "__main__":
    sys.exit(main())
