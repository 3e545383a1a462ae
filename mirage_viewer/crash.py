"""The handler of last resort: an unexpected error is shown and logged, the window stays."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from mirage_core import __version__

_MOST_BYTES = 1_000_000
_DIALOG = "unexpectedError"


def describe(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Return what happened where, for the log.

    Only names and line numbers of our code: messages of exceptions can hold file names and
    header values, which may identify a patient.
    """
    frames = traceback.extract_tb(trace)
    lines = [f"  {Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    return "\n".join([f"{kind.__name__} in version {__version__}", *lines])


def write_log(folder: Path, text: str) -> Path | None:
    """Append `text` to the log in `folder`; None if that fails."""
    path = folder / "errors.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _MOST_BYTES:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    except OSError:
        return None
    return path


def install(folder: Path, show: Callable[[str, Path | None], object]) -> None:
    """Let every uncaught exception be logged in `folder` and shown by `show`.

    `show` gets the description and the log's path. It must not fail; if it does, the error is
    at least on stderr.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = describe(kind, trace)
        if sys.stderr is not None:
            print(text, file=sys.stderr)  # noqa: T201
        show(text, write_log(folder, text))

    def in_thread(arguments: threading.ExceptHookArgs) -> None:
        # Widgets belong to the main thread; what fails elsewhere is logged only.
        if arguments.exc_type is not SystemExit:
            text = describe(arguments.exc_type, arguments.exc_traceback)
            if sys.stderr is not None:
                print(text, file=sys.stderr)  # noqa: T201
            write_log(folder, text)

    sys.excepthook = hook
    threading.excepthook = in_thread


def show_dialog(text: str, log: Path | None) -> None:
    """Show an unexpected error without blocking the window."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication, QMessageBox

    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    # An error that repeats, in drawing for instance, must not bury the window in dialogs.
    if not windows or any(w.objectName() == _DIALOG for w in windows):
        return
    box = QMessageBox(QApplication.activeWindow() or windows[0])
    box.setObjectName(_DIALOG)
    box.setIcon(QMessageBox.Icon.Critical)
    box.setWindowTitle("Something went wrong")
    box.setText("Something went wrong, but the window stays open.")
    where = f" It is also in {log}." if log is not None else ""
    box.setInformativeText(
        "Finished strokes are saved; go on working, or restart the program if it behaves "
        f"oddly. The details below hold nothing of the patient.{where}"
    )
    box.setDetailedText(text)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
