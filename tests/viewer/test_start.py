"""The window starts without what it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "timm", "torchvision")
LATE = ("sqlalchemy", "h5py", "scipy", "skimage", "nibabel", "tifffile", "PIL", "matplotlib")

_SCRIPT = """
import sys
from pathlib import Path
from qtpy.QtCore import QTimer
from mirage_viewer import app as program

def run(app):
    print("painted", *sorted(m for m in sys.modules if "." not in m))
    (window,) = [w for w in app.topLevelWidgets() if w.isVisible()]
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
        print("worked", *sorted(m for m in sys.modules if "." not in m))
        window.close()
        app.quit()
    look()
    return app.exec()

program.run = run
program.main([sys.argv[1]])
"""


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, set[str]]:
    """Return what a window has imported when painted, and after work in it."""
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
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(scan)],
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
        if line.startswith(("painted", "worked"))
    }


def test_the_window_never_imports_the_model_s_libraries(modules: dict[str, set[str]]) -> None:
    assert not modules["painted"] & set(HEAVY)
    assert "mirage_core" in modules["worked"]
    assert not modules["worked"] & set(HEAVY)
    assert not modules["painted"] & set(LATE), "needed only once something is opened"
