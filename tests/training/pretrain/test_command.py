"""`mirage pretrain` trains, resumes, and refuses in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mirage_core.training.pretrain.checkpoints import load_latest
from mirage_core.training.pretrain.config import CONFIG, read_config
from mirage_core.training.pretrain.metrics import MetricsLog
from tests.cli.running import Ran, mirage
from tests.training.pretrain.runs import layered, small_config, write_folder

ROOT = Path(__file__).resolve().parents[3]
SHORT = ("--preset", "tiny", "--device", "cpu", "--epochs", "3", "--batch", "4")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "data", layered(9))


def pretrained(data: Path, out: Path, *more: str) -> Ran:
    return mirage("pretrain", data, "-o", out, *SHORT, *more)


def test_a_run_tells_its_epochs_and_leaves_its_folder(data: Path, tmp_path: Path) -> None:
    ran = pretrained(data, tmp_path / "out", "--seed", "4")
    assert ran.code == 0, ran.err
    assert "3 epochs done, loss" in ran.out
    assert "Epoch 2 of 3: loss" in ran.err
    config = read_config(tmp_path / "out" / CONFIG)
    assert (config.size, config.epochs, config.batch, config.seed) == ("tiny", 3, 4, 4)


def test_json_is_all_there_is_on_stdout(data: Path, tmp_path: Path) -> None:
    ran = pretrained(data, tmp_path / "out", "--json")
    assert ran.code == 0
    told = ran.json
    assert (told["finished"], told["epochs"], told["step"], told["steps"]) == (True, 3, 6, 6)
    assert told["last"] == MetricsLog(tmp_path / "out").lines()[-1]
    assert ran.err == ""


def test_simulated_eyes_need_no_data(tmp_path: Path) -> None:
    ran = mirage("pretrain", "--simulated", "1", "-o", tmp_path / "out", *SHORT)
    assert ran.code == 0, ran.err


@pytest.mark.skipif(os.name == "nt", reason="signals of another process group on Windows")
def test_ctrl_c_leaves_a_checkpoint_that_resume_goes_on_from(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = signal.getsignal(signal.SIGINT)  # ignored, where the tests run in the background

    def interrupt() -> None:
        while not MetricsLog(out).lines():
            pass
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    stopped = mirage("pretrain", data, "-o", out, *SHORT[:4], "--epochs", "300", "--batch", "4")
    thread.join()
    assert stopped.code == 130
    assert "--resume" in stopped.out
    assert signal.getsignal(signal.SIGINT) is before
    ran = mirage("pretrain", data, "-o", out, "--resume", "--device", "cpu", "--epochs", "200")
    assert ran.code == 2
    assert "begun with other settings: epochs" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="signals of another process group on Windows")
def test_ctrl_c_in_a_terminal_reaches_reading_processes_too(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--preset", "tiny", "--epochs", "500", "--batch", "4", "--workers", "1")
    process = subprocess.Popen(
        [*(sys.executable, "-m", "mirage_core.cli", "pretrain", data, "-o", out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=ROOT,
    )
    while not MetricsLog(out).lines():
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopped after step" in said
    assert load_latest(out)[0].step >= 2


def test_resume_takes_the_settings_of_the_run(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert pretrained(data, out).code == 0
    ran = mirage("pretrain", data, "-o", out, "--resume", "--device", "cpu", "--json")
    assert ran.code == 0
    assert ran.json["finished"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--preset", "best"), "no preset 'best'"),
        (("--size", "huge"), "no size 'huge'"),
        (("--batch", "10"), "do not fill one batch of 10"),
        (("--epochs", "2"), "do not fit into 2 epochs"),
        (("--precision", "fp16"), "needs a CUDA device"),
        (("--precision", "half"), "precision"),
        (("--device", "cuda:7"), "device"),
        (("--config", "none.json"), "exclude each other"),
        (("--simulated", "2"), "Say what to learn from"),
        (("--start", "none.pth"), "nothing at none.pth"),
        (("--resume", "--preset", ""), "no pre-training in"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    more: tuple[str, ...], said: str, data: Path, tmp_path: Path
) -> None:
    ran = pretrained(data, tmp_path / "out", *more)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_sample_is_named_with_what_to_do(data: Path, tmp_path: Path) -> None:
    (data / "slo" / "eye_004.png").write_bytes(b"no image")
    ran = pretrained(data, tmp_path / "out", "--json")
    assert ran.code == 2
    assert ran.json["error"]["path"].endswith("eye_004.png")
    assert ran.json["error"]["hint"]


def test_settings_come_from_a_file_and_options_go_before_it(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(small_config(epochs=3).model_dump_json())
    out = tmp_path / "out"
    ran = mirage("pretrain", data, "-o", out, "--config", file, "--epochs", "2", "--device", "cpu")
    assert ran.code == 0, ran.err
    assert read_config(out / CONFIG) == small_config(epochs=2)


def test_the_example_of_the_docs_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "pretraining.md").read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/pretraining.md", "exec"), {})
    assert (tmp_path / "try" / "last.pt").exists()
