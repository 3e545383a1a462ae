"""`mirage finetune` teaches, resumes, and refuses in one sentence."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from mirage_core.model.store.store import ModelStore
from mirage_core.places import models_dir
from mirage_core.project import Project
from mirage_core.training.finetune.events import EventLog
from tests.cli.running import Ran, mirage
from tests.cli.teachable import folder_and_base
from tests.project.eyes import make_scan
from tests.training.finetune.lessons import short

QUICK = ("--base", "base", "--device", "cpu", "--epochs", "2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a training folder; the program's store holds a tiny base model."""
    return folder_and_base(tmp_path, monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "quick.json"
    path.write_text(short(views=1, measure="loo").model_dump_json())
    return path


def taught(data: Path, out: Path, *more: object) -> Ran:
    return mirage("finetune", data, "-o", out, *QUICK, *more)


def test_a_folder_is_taught_and_the_gain_is_shown(
    folder: Path, settings: Path, tmp_path: Path
) -> None:
    ran = taught(folder, tmp_path / "run", "--config", settings, "--title", "Mine")
    assert ran.code == 0, ran.err
    assert "RPE, error" in ran.out
    assert "The model 'Mine' is as 'mine'." in ran.out
    assert "Note:" in ran.err
    assert [m.card.id for m in ModelStore().models()] == ["base", "mine"]
    assert (models_dir() / "mine").is_dir()


def test_json_is_one_event_a_line_and_all_there_is_on_stdout(
    folder: Path, settings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    ran = taught(folder, out, "--config", settings, "--json", "--no-store")
    assert ran.code == 0
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert events == list(EventLog(out).events())
    assert events[-1]["kind"] == "done"
    assert events[-1]["gain"]["structures"]
    assert ran.err == ""
    assert len(ModelStore().models()) == 1
    assert (out / "model" / "card.json").exists()


def test_a_projects_corrections_are_taught(folder: Path, settings: Path, tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        scan = make_scan()
        record = project.import_pixels(project.add_scan(scan), scan)
        session = project.session(record, "ada")
        for b in (0, 3):
            draft = session.draft(b)
            draft.curves[9] = 20 + b
            session.commit(draft, "pen", "drawn")
        project.close_session(session)
    ran = taught(tmp_path / "study", tmp_path / "run", "--config", settings, "--json")
    assert ran.code == 0, ran.err
    plan = json.loads(ran.out.splitlines()[0])
    assert (plan["b_scans"], plan["surfaces"]) == (2, ["RPE"])
    none = taught(tmp_path / "study", tmp_path / "none", "--grader", "bob")
    assert none.code == 2
    assert "no corrected B-scan" in none.err


@pytest.mark.skipif(os.name == "nt", reason="signals of another process group on Windows")
def test_ctrl_c_leaves_a_checkpoint_that_resume_goes_on_from(
    folder: Path, settings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    more = ("--base", "base", "--device", "cpu", "--config", settings, "--epochs", "60")
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        while not any(e["kind"] == "step" for e in EventLog(out).events()):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    stopped = mirage("finetune", folder, "-o", out, *more)
    thread.join()
    assert stopped.code == 130
    assert "--resume" in stopped.err
    assert signal.getsignal(signal.SIGINT) is before
    ran = mirage("finetune", folder, "-o", out, "--base", "base", "--device", "cpu", "--resume")
    assert ran.code == 0, ran.err
    steps = [e["step"] for e in EventLog(out).events() if e.get("lesson") == "final"]
    assert steps == sorted(set(steps))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--preset", "best"), "no preset 'best'"),
        (("--head", "huge"), "head"),
        (("--train", "nothing"), "trained"),
        (("--base", "other"), "no model 'other'"),
        (("--base", "base", "--head", "pyramid"), "convolutional stem"),
        (("--config", "none.json"), "cannot be read"),
        (("--resume",), "no training in"),
        (("--grader", "ada"), "choose from a project"),
        (("--size", "100"), "patches of 32 px"),
        (("--device", "cuda:7"), "device"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    more: tuple[str, ...], said: str, folder: Path, tmp_path: Path
) -> None:
    ran = taught(folder, tmp_path / "run", *more)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_what_is_neither_project_nor_training_folder_is_refused(tmp_path: Path) -> None:
    ran = mirage("finetune", tmp_path, "-o", tmp_path / "run")
    assert ran.code == 2
    assert "no project and no training folder" in ran.err


def test_a_class_folder_is_sent_to_the_command_for_classes(tmp_path: Path) -> None:
    (tmp_path / "train" / "CNV").mkdir(parents=True)
    ran = mirage("finetune", tmp_path, "-o", tmp_path / "run")
    assert ran.code == 2
    assert "finetune-classes" in ran.err
