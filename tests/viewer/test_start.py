"""The window starts without what it does not need."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from mirage_core.engines.errors import InputError
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.errors import DeviceError
from mirage_core.model.store.store import ModelStore

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "timm", "torchvision")
LATE = ("sqlalchemy", "h5py", "scipy", "skimage", "nibabel", "tifffile", "PIL", "matplotlib")

_SCRIPT = """
import pickle
import sys
from pathlib import Path
from qtpy.QtCore import QTimer
from mirage_viewer import app as program
from mirage_viewer.main_window import MainWindow

def tell(when):
    print(when, *sorted(m for m in sys.modules if "." not in m))

def read_what_a_worker_says():
    # As jobs do: what a worker answers with is a pickle.
    for name in ("device", "input", "checkpoint"):
        error = pickle.loads(Path(sys.argv[2], name).read_bytes())
        assert error.what and error.hint

def run(app):
    tell("painted")
    (window,) = [
        w for w in app.topLevelWidgets() if w.isVisible() and isinstance(w, MainWindow)
    ]
    window.begin()
    def look():
        if window.desk.editable and window.desk.opener.importing is None:
            window.segment_panel.one.click()
            QTimer.singleShot(10, finish)
        else:
            QTimer.singleShot(10, look)
    def finish():
        if window.desk.segmentation.running:
            QTimer.singleShot(10, finish)
            return
        tell("worked")
        if window.desk.models.engines.listing is None:
            QTimer.singleShot(10, finish)
            return
        assert [i.name for i in window.desk.models.engines.classifiers] == ["small"]
        tell("listed")
        window.qt_actions.trigger("scan.models")
        show_models()
    def show_models():
        dialog = window.model_windows.dialog
        if not dialog.list.count():
            QTimer.singleShot(10, show_models)
            return
        assert "Small classifier" in dialog.card.toPlainText()
        dialog.download_button.click()
        tell("dialog")
        read_what_a_worker_says()
        tell("errors")
        window.close()
        app.quit()
    look()
    return app.exec()

program.run = run
program.main([sys.argv[1]])
"""


_MOMENTS = ("painted", "worked", "listed", "dialog", "errors")
_ERRORS = {
    "device": DeviceError("There is no such device.", "Use the CPU."),
    "input": InputError("This scan has no SLO image.", "Choose another model."),
    "checkpoint": CheckpointError(Path("weights"), "The weights are damaged.", "Import them."),
}
"""What workers raise that have torch; here it is only read."""


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, set[str]]:
    """Return what a window has imported when painted, and after each kind of work in it."""
    from tests.model.store.models import card, write_weights
    from tests.viewer.eyes import write_scan

    # Packages of these names that can be imported anywhere, so that an import is seen even
    # where the real ones are not installed.
    for name in HEAVY:
        package = tmp_path / "fakes" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
    surroundings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "fakes"), str(ROOT)]),
        "MIRAGE_CONFIG_DIR": str(tmp_path / "config"),
        "MIRAGE_DATA_DIR": str(tmp_path / "data"),
    }
    scan = write_scan(tmp_path / "eye.npz")
    ModelStore(tmp_path / "data" / "models").add(card(), write_weights(tmp_path / "weights"))
    for name, error in _ERRORS.items():
        (tmp_path / name).write_bytes(pickle.dumps(error))
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(scan), str(tmp_path)],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return {
        line.split()[0]: set(line.split()[1:])
        for line in done.stdout.splitlines()
        if line.split()[:1] and line.split()[0] in _MOMENTS
    }


def test_the_window_never_imports_the_model_s_libraries(modules: dict[str, set[str]]) -> None:
    assert tuple(modules) == _MOMENTS
    for moment in _MOMENTS:
        assert not modules[moment] & set(HEAVY), moment
    assert "mirage_core" in modules["worked"]
    assert not modules["painted"] & set(LATE), "needed only once something is opened"
