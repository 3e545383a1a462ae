"""`mirage doctor` tells what is here and what to do about what is not."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mirage_core import places
from mirage_core.cli import doctor_checks
from mirage_core.cli.doctor_checks import Status
from tests.cli.running import mirage, save_volume

SETUP = Path(__file__).resolve().parents[2] / "tools" / "system_libraries.sh"


def test_every_check_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path))
    ran = mirage("doctor", "--json")
    assert ran.code == 0
    checks = {c["name"]: c for c in ran.json["checks"]}
    assert ran.json["ok"]
    assert set(checks) == {
        "Python", "Packages", "Folders", "Writing", "Disk", "System libraries", "Qt", "GPU",
    }  # fmt: skip
    assert checks["Packages"]["data"]["versions"]["numpy"]
    assert checks["Folders"]["data"]["projects"] == str(tmp_path)
    assert str(tmp_path) in checks["Writing"]["detail"]
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    ran = mirage("doctor")
    assert ran.code == 2
    assert "Read-only file system" in ran.out
    assert "MIRAGE_DATA_DIR" in ran.out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lacks libraries of Qt")
def test_missing_libraries_come_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_checks, "_loads", lambda lib: lib != "libEGL.so.1")
    check = doctor_checks.check_system_libraries()
    assert check.status is Status.NOTE
    assert check.fix.endswith("apt-get install libegl1")


def test_the_libraries_are_those_of_the_set_up_script() -> None:
    wanted = re.findall(r"^want (\S+) (\S+)$", SETUP.read_text(), re.MULTILINE)
    assert dict(wanted) == doctor_checks.QT_LIBRARIES


def test_a_qt_that_crashes_is_reported_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "_ASK_QT", "import os; os.abort()")
    monkeypatch.setattr(doctor_checks, "_version", lambda _name: "6")
    check = doctor_checks.check_qt()
    assert check.status is Status.NOTE
    assert "does not start" in check.detail


def test_a_small_disk_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_checks, "_LOW_DISK_BYTES", 1 << 62)
    check = doctor_checks.check_disk(tmp_path / "not" / "made")
    assert check.status is Status.NOTE
    assert check.fix


def test_doctor_loads_neither_torch_nor_qt() -> None:
    code = (
        "import sys; from mirage_core.cli.doctor_checks import all_checks; list(all_checks());"
        "print([m for m in ('torch', 'PySide6', 'napari') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, mirage_core.cli.app;"
        "print([m for m in ('numpy', 'scipy', 'h5py', 'nibabel', 'sqlalchemy', 'PIL')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_that_the_code_page_lacks_is_no_failure(encoding: str, tmp_path: Path) -> None:
    path = save_volume(tmp_path / "auge-µ.npz")
    for command in (["info", str(path)], ["info", "--json", str(path)]):
        done = subprocess.run(
            [sys.executable, "-m", "mirage_core.cli", *command],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == str(path)


def test_the_folders_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRAGE_CONFIG_DIR", "/settings")
    monkeypatch.setenv("MIRAGE_DATA_DIR", "/elsewhere")
    assert places.config_dir() == Path("/settings")
    assert places.data_dir() == Path("/elsewhere")
