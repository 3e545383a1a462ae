"""What `mirage doctor` looks at. Each check answers for itself and never raises."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mirage_core import __version__
from mirage_core.places import config_dir, data_dir, models_dir

_SUBPROCESS_LIMIT_S = 120
_LOW_DISK_BYTES = 2 * 1024**3
_BASE = ("numpy", "scipy", "scikit-image", "h5py", "nibabel", "SQLAlchemy", "pydantic", "typer")
_OPTIONAL = ("PySide6", "superqt", "torch", "timm", "napari")

# The libraries of tools/system_libraries.sh: what Qt needs on a bare Debian or Ubuntu server.
QT_LIBRARIES: dict[str, str] = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}

# torch and Qt are asked in processes of their own: torch is slow and holds the GPU, and a
# broken driver or a missing library ends the process that loads it.
_ASK_TORCH = """
import json, torch
gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
mps = getattr(torch.backends, "mps", None)
if mps is not None and mps.is_available():
    gpus.append("Apple GPU (MPS)")
print(json.dumps({"gpus": gpus, "cuda": torch.version.cuda}))
"""
_ASK_QT = """
from PySide6.QtGui import QGuiApplication
app = QGuiApplication([])
print(app.platformName())
"""


class Status(StrEnum):
    """How a check went; only ``FAIL`` keeps the program from working."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: `name`, `status`, a `detail` for people, what would `fix` it, bare `data`."""

    name: str
    status: Status
    detail: str
    fix: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the check fit for JSON."""
        return {**asdict(self), "status": self.status.value}


def all_checks() -> Iterator[Check]:
    """Run every check, quick ones first."""
    yield check_python()
    yield check_packages()
    yield check_places()
    yield check_writing(data_dir())
    yield check_disk(data_dir())
    yield check_system_libraries()
    yield check_qt()
    yield check_gpu()


def check_python() -> Check:
    """Look at the interpreter."""
    version = platform.python_version()
    detail = f"MIRAGE Viewer {__version__}, Python {version}, {platform.platform()}"
    data = {"version": __version__, "python": version, "executable": sys.executable}
    return Check("Python", Status.OK, detail, data=data)


def check_packages() -> Check:
    """Look at what is installed; optional packages may be absent."""
    versions = {name: _version(name) for name in (*_BASE, *_OPTIONAL)}
    detail = ", ".join(f"{k} {v or 'not installed'}" for k, v in versions.items())
    missing = [name for name in _BASE if versions[name] is None]
    if missing:
        fix = f"Install MIRAGE Viewer again; missing: {', '.join(missing)}."
        return Check("Packages", Status.FAIL, detail, fix, {"versions": versions})
    return Check("Packages", Status.OK, detail, data={"versions": versions})


def check_places() -> Check:
    """Say where settings, projects and models live."""
    places = {
        "settings": str(config_dir()),
        "projects": str(data_dir()),
        "models": str(models_dir()),
    }
    detail = "; ".join(f"{what} in {where}" for what, where in places.items())
    return Check("Folders", Status.OK, detail, data=places)


def check_writing(folder: Path) -> Check:
    """Really write, in the nearest existing parent where the folder is not made yet."""
    place = _existing(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".mirage-doctor-") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fix = f"Make {place} writable, or set MIRAGE_DATA_DIR to a folder that is."
        return Check("Writing", Status.FAIL, f"{place} cannot be written to: {reason}", fix)
    return Check("Writing", Status.OK, f"a test file was written to {place}")


def check_disk(folder: Path) -> Check:
    """Look at the free space where projects live."""
    place = _existing(folder)
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("Disk", Status.NOTE, f"free space is unknown: {type(error).__name__}")
    detail = f"{free / 1024**3:.1f} GiB free at {place}"
    data = {"free_bytes": free}
    if free < _LOW_DISK_BYTES:
        fix = "Free some space: an imported volume takes up to 100 MB."
        return Check("Disk", Status.NOTE, detail, fix, data)
    return Check("Disk", Status.OK, detail, data=data)


def check_system_libraries() -> Check:
    """Try to load what Qt needs from the system; on Linux only."""
    name = "System libraries"
    if sys.platform != "linux":
        return Check(name, Status.OK, "nothing beyond the system is needed here")
    missing = {lib: package for lib, package in QT_LIBRARIES.items() if not _loads(lib)}
    if not missing:
        return Check(name, Status.OK, "everything that Qt needs is there")
    prefix = "" if getattr(os, "geteuid", lambda: 1)() == 0 else "sudo "
    fix = f"{prefix}apt-get install {' '.join(missing.values())}"
    return Check(
        name, Status.NOTE, f"missing for the window: {', '.join(missing)}", fix, {"apt": fix}
    )


def check_qt() -> Check:
    """Start Qt without a window, and with the screen where there is one."""
    if _version("PySide6") is None:
        return Check("Qt", Status.NOTE, "PySide6 is not installed: no window, the command works",
                     _install("app"))  # fmt: skip
    plugins = {"offscreen": _asks_qt("offscreen")}
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        plugins["screen"] = _asks_qt("")
    broken = [name for name, (works, _) in plugins.items() if not works]
    data = {name: {"works": works, "answer": answer} for name, (works, answer) in plugins.items()}
    if broken:
        detail = f"Qt does not start ({', '.join(broken)}): {plugins[broken[0]][1]}"
        fix = "See 'System libraries'; with none missing, reinstall PySide6."
        return Check("Qt", Status.NOTE, detail, fix, data)
    where = "on the screen and without one" if "screen" in plugins else "without a screen"
    return Check("Qt", Status.OK, f"starts {where}", data=data)


def check_gpu() -> Check:
    """Ask torch for GPUs, where it is installed."""
    if importlib.util.find_spec("torch") is None:
        detail = "torch is not installed: models cannot run, the graph engine needs none"
        return Check("GPU", Status.NOTE, detail, _install("app,model"))
    works, answer = _ask([sys.executable, "-c", _ASK_TORCH], {})
    if not works:
        return Check("GPU", Status.NOTE, f"torch does not load: {answer}", "Reinstall torch.")
    found: dict[str, Any] = json.loads(answer)
    gpus = found["gpus"]
    detail = ", ".join(gpus) if gpus else "none that torch can use; models run on the CPU"
    return Check("GPU", Status.OK, detail, data=found)


def _install(extras: str) -> str:
    wanted = f'".[{extras}]"'
    return f"In your copy of MIRAGE Viewer: pipx install --force {wanted}, or pip install {wanted}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _existing(folder: Path) -> Path:
    return next((p for p in (folder, *folder.parents) if p.is_dir()), Path.cwd())


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _asks_qt(platform_plugin: str) -> tuple[bool, str]:
    extra = {"QT_QPA_PLATFORM": platform_plugin} if platform_plugin else {}
    return _ask([sys.executable, "-c", _ASK_QT], extra)


def _ask(command: list[str], extra: dict[str, str]) -> tuple[bool, str]:
    """Run `command`; return whether it worked and the last line it said."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **extra},
            capture_output=True,
            text=True,
            timeout=_SUBPROCESS_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, type(error).__name__
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1] if said else f"exit code {done.returncode}"
