"""Faults made to happen for real: a kill in the middle of an epoch, a disk that is full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mirage_core.training.finetune.events import EventLog
from mirage_core.training.finetune.run import teach
from tests.training.finetune.lessons import data, region_base, short

ROOT = Path(__file__).resolve().parents[3]
STEPS = {"epochs": 30, "views": 2}


def program(base: Path, run: Path) -> list[str]:
    """Return the command of a program that teaches, or goes on with, the model in `base`."""
    code = (
        "import sys; from pathlib import Path\n"
        "from mirage_core.model.store.store import ModelStore\n"
        "from mirage_core.training.finetune.run import teach\n"
        "from mirage_core.training.finetune.record import RECORD\n"
        "from tests.training.finetune.lessons import data, short\n"
        "base, run = map(Path, sys.argv[1:])\n"
        "store = ModelStore(base / 'models', shipped=base / 'none')\n"
        f"config = short(**{STEPS!r})\n"
        "resume = (run / RECORD).exists()\n"
        "try:\n"
        "    teach(data(4), store.get('base'), config, run, resume=resume, device='cpu')\n"
        "except Exception as error:\n"
        "    print(f'{type(error).__name__}: {error}', flush=True)\n"
    )
    return [sys.executable, "-c", code, str(base), str(run)]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def losses(run: Path) -> list[float]:
    return [e["loss"] for e in EventLog(run).events() if e["kind"] == "step"]


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_killed_run_goes_on_to_the_loss_of_one_that_was_not(tmp_path: Path) -> None:
    _, base = region_base(tmp_path)
    run = tmp_path / "killed"
    process = subprocess.Popen(program(tmp_path, run), env=environment(), cwd=ROOT)
    deadline = time.monotonic() + 120
    while len(losses(run)) < 7 and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stood = len(losses(run))
    assert 7 <= stood < 30
    teach(data(4), base, short(**STEPS), run, resume=True, device="cpu")
    whole = tmp_path / "whole"
    teach(data(4), base, short(**STEPS), whole, device="cpu")
    assert len(losses(run)) == len(losses(whole)) == 30
    assert losses(run)[-1] == pytest.approx(losses(whole)[-1], abs=1e-3)


def with_a_disk_at(folder: Path, size: str) -> tuple[str, ...]:
    """Return the command through which a program sees a small disk of its own at `folder`."""
    folder.mkdir()
    unshare, mount = shutil.which("unshare"), shutil.which("mount")
    if unshare is None or mount is None:
        pytest.skip("needs the programs unshare and mount, of Linux")
    script = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
    for flags in ("-m", "-Urm"):
        through = (unshare, flags, "sh", "-c", script, str(folder))
        if subprocess.run([*through, "true"], capture_output=True, check=False).returncode == 0:
            return through
    pytest.skip("the system does not let this user mount anything")


def test_a_full_disk_is_one_sentence_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    region_base(tmp_path)
    disk = tmp_path / "disk"
    through = with_a_disk_at(disk, "2m")
    run = disk / "run"
    # A first run that is stopped, the rest of the disk filled, and the run gone on with.
    script = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "from mirage_core.training.finetune.checkpoints import load_state\n"
        "from mirage_core.training.finetune.events import EventLog\n"
        "command, run = sys.argv[2:], Path(sys.argv[1])\n"
        "p = subprocess.Popen(command)\n"
        "while sum(e['kind'] == 'step' for e in EventLog(run).events()) < 5: time.sleep(0.01)\n"
        "p.kill(); p.wait()\n"
        "before, _ = load_state(run / 'final')\n"
        "f = open(run.parent / 'filling', 'wb', buffering=0)\n"
        "try:\n"
        "    while f.write(b'0' * 4096): pass\n"
        "except OSError: pass\n"
        "print(subprocess.run(command, capture_output=True, text=True).stdout)\n"
        "(run.parent / 'filling').unlink()\n"
        "after, notes = load_state(run / 'final')\n"
        "print('stood', before.step, 'stands', after.step, notes)\n"
    )
    ran = subprocess.run(
        [*through, sys.executable, "-c", script, str(run), *program(tmp_path, run)],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert "The disk is full" in ran.stdout, ran.stdout + ran.stderr
    said = ran.stdout.strip().splitlines()[-1].split()
    assert said[0] == "stood"
    assert int(said[3]) >= int(said[1]) > 0
    assert said[4] == "[]"
