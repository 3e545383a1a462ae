"""A run of teaching classes that was interrupted is offered at the next start, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mirage_core.jobs.teach_classes import teach_classes
from mirage_core.model.store.store import ModelStore
from mirage_core.places import data_dir
from mirage_core.project import Project
from mirage_core.project.class_teaching import ClassChoice, ClassSource
from mirage_core.project.kept_classes import KEPT, KeptClassSource
from mirage_core.training.classify.record import begin
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.events import METRICS
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings
from mirage_viewer.teach_classes.desk import BUSY, runs_dir
from mirage_viewer.teach_classes.kept import CHOICE, keep_choice, read_choice
from mirage_viewer.teach_classes.wanted import ClassWanted
from mirage_viewer.teaching import Stage, runs
from mirage_viewer.teaching.desk import BUSY as CLASSES_BUSY
from mirage_viewer.teaching.survey import Survey
from mirage_viewer.workers import Workers
from tests.training.classify import eyes
from tests.viewer import class_tasks
from tests.viewer.labelled import label_three_patients

ROOT = Path(__file__).parents[2]
OFFER = "Teaching was interrupted. Go on?"
CHOSEN = ClassChoice("b_scan", (), ("Anna",))
Open = Callable[..., MainWindow]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three patients, of each two B-scans that Anna labelled; and a tiny model called Base."""
    eyes.base(data_dir())
    with Project.create(tmp_path / "study") as project:
        label_three_patients(project, tmp_path, ("CNV", "normal"))
        return project.folder


@pytest.fixture
def start(make_app_window: Open, study: Path) -> Open:
    """Return a factory of Anna's windows as the program starts them."""

    def make(workers: Workers | None = None) -> MainWindow:
        settings = Settings(grader="Anna", research_notice_seen=True)
        window = make_app_window(project=study, settings=settings, workers=workers)
        window.begin()
        return window

    return make


def in_a_thread(task: Callable[..., Any]) -> Workers:
    return Workers({"teach_classes": task}, lambda _keep_s: ThreadPoolExecutor(1))


def interrupted(study: Path, wanted: ClassWanted) -> runs.RunRequest:
    """Leave behind what a program that was killed leaves."""
    request = runs.begin_run(study, "base", "Base", "Mine", wanted.recipe, 6, runs_dir())
    keep_choice(request.folder, CHOSEN)
    base = ModelStore().get("base").card.weights_sha256
    data = KeptClassSource(ClassSource(study, CHOSEN), request.folder)()
    begin(request.folder, wanted.config(), data.fingerprint(), base or "")
    content = json.loads((request.folder / runs.REQUEST).read_text())
    content["owner"][1] = 2**22 + 7
    (request.folder / runs.REQUEST).write_text(json.dumps(content))
    return request


def offers(window: MainWindow) -> list[Any]:
    return [e for e in window.messages.entries if e.message.text == OFFER]


def wait_offer(qtbot: Any, window: MainWindow) -> Any:
    qtbot.waitUntil(lambda: bool(offers(window)), timeout=20_000)
    (entry,) = offers(window)
    return entry


def wait_end(qtbot: Any, window: MainWindow) -> Stage:
    ends = (Stage.DONE, Stage.FAILED)
    qtbot.waitUntil(lambda: window.desk.class_teaching.stage in ends, timeout=120_000)
    return window.desk.class_teaching.stage


def told(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / METRICS).read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def epochs(folder: Path, lesson: str) -> list[dict[str, Any]]:
    return [e for e in told(folder) if e["kind"] == "epoch" and e["lesson"] == lesson]


# ---------------------------------------------------------------------- a kill


@pytest.fixture
def killed(study: Path) -> Path:
    """Return the folder of a run whose program and worker were killed while it was measured."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.viewer.class_program", str(study), "base", "paper"],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        start_new_session=True,
    )
    try:
        folders: list[Path] = []
        deadline = time.monotonic() + 120
        while not (folders and epochs(folders[0], "without-1")):
            assert time.monotonic() < deadline
            assert program.poll() is None, "the program ended by itself"
            time.sleep(0.01)
            folders = list(runs_dir().iterdir()) if runs_dir().exists() else []
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    assert not any(e["kind"] == "done" for e in told(folders[0]))
    return folders[0]


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_run_whose_program_was_killed_is_gone_on_with_to_its_model(
    qtbot: Any, killed: Path, start: Open
) -> None:
    learnt = epochs(killed, "final")
    window = start()
    entry = wait_offer(qtbot, window)
    assert "Base, taught to tell classes by 6 labelled examples" in entry.message.hint
    entry.button.click()
    assert window.teach.dialog is not None
    assert window.teach.dialog.on_classes
    assert wait_end(qtbot, window) is Stage.DONE, window.desk.class_teaching.why
    teaching = window.desk.class_teaching
    assert teaching.outcome is not None
    assert teaching.outcome.folder == killed
    assert ModelStore().get(teaching.outcome.model).card.title == "Mine"
    assert [e["resumed"] for e in told(killed) if e["kind"] == "plan"] == [False, True]
    assert epochs(killed, "final") == learnt, "what was learnt was not learnt again"
    assert teaching.wanted.recipe == "paper"
    assert teaching.wanted.grader == "Anna"
    qtbot.waitUntil(lambda: (killed / runs.OUTCOME).exists(), timeout=20_000)
    qtbot.waitUntil(lambda: not (killed / CHOICE).exists(), timeout=20_000)
    assert runs.unfinished_runs(runs_dir()) == ()


# ---------------------------------------------------------------------- what is offered


def test_a_run_that_is_discarded_is_gone(qtbot: Any, study: Path, start: Open) -> None:
    request = interrupted(study, ClassWanted())
    window = start(in_a_thread(class_tasks.telling))
    wait_offer(qtbot, window).other_button.click()
    qtbot.waitUntil(lambda: not request.folder.exists(), timeout=20_000)
    assert runs.unfinished_runs(runs_dir()) == ()


def test_a_run_goes_on_with_the_labels_and_settings_it_began_with(
    qtbot: Any, study: Path, start: Open
) -> None:
    began = ClassWanted(recipe="whole", pool="cls")
    interrupted(study, began)
    asked: list[Any] = []

    def task(source: Any, base: str, config: Any, *args: Any, **kwargs: Any) -> Any:
        asked.extend((source.source.choice, base, config, kwargs["resume"]))
        return class_tasks.telling(source, base, config, *args, **kwargs)

    window = start(in_a_thread(task))
    wait_offer(qtbot, window).button.click()
    assert wait_end(qtbot, window) is Stage.DONE, window.desk.class_teaching.why
    assert asked == [CHOSEN, "base", began.config(), True]
    assert window.teach.dialog is not None
    assert window.teach.dialog.classes.choose.recipe.currentData() == "whole"


def test_it_goes_on_with_the_labels_it_began_with_though_others_were_given_meanwhile(
    qtbot: Any, study: Path, start: Open
) -> None:
    interrupted(study, ClassWanted())
    with Project.open(study) as project:
        scan = project.worklist("Anna")[0].scan.id
        project.labels.set(scan, ["normal"], "Anna", b_scan=0)
    window = start(in_a_thread(teach_classes))
    wait_offer(qtbot, window).button.click()
    assert wait_end(qtbot, window) is Stage.DONE, window.desk.class_teaching.why


def test_other_data_than_it_began_with_are_said_and_nothing_is_lost(
    qtbot: Any, study: Path, start: Open
) -> None:
    request = interrupted(study, ClassWanted())
    (request.folder / KEPT).unlink()  # of a version that did not keep labels
    before = {f: f.read_bytes() for f in request.folder.iterdir() if f.name != runs.REQUEST}
    with Project.open(study) as project:
        scan = project.worklist("Anna")[0].scan.id
        project.labels.set(scan, ["normal"], "Anna", b_scan=0)
    window = start(in_a_thread(teach_classes))
    wait_offer(qtbot, window).button.click()
    assert wait_end(qtbot, window) is Stage.FAILED
    assert window.teach.dialog is not None
    page = window.teach.dialog.classes
    assert "was begun with other labels or pictures" in page.run.phase.text()
    assert page.run.go_on.isVisible()
    assert {f: f.read_bytes() for f in before} == before
    window.desk.labelling.choose(scan, "CNV", 0)
    qtbot.waitUntil(
        lambda: ClassSource(study, CHOSEN)().fingerprint() in before_text(before), timeout=20_000
    )
    page.run.go_on.click()
    assert wait_end(qtbot, window) is Stage.DONE, window.desk.class_teaching.why


def before_text(files: dict[Path, bytes]) -> str:
    return next(text.decode() for f, text in files.items() if f.name == "classes.json")


def test_it_waits_while_a_model_is_taught_from_corrections(
    qtbot: Any, study: Path, start: Open
) -> None:
    interrupted(study, ClassWanted())
    window = start(in_a_thread(class_tasks.telling))
    entry = wait_offer(qtbot, window)
    window.desk.teaching.stage = Stage.RUNNING
    entry.button.click()
    assert window.desk.class_teaching.stage is Stage.CHOOSING
    assert wait_offer(qtbot, window).message.hint == BUSY
    window.desk.teaching.stage = Stage.CHOOSING
    wait_offer(qtbot, window).button.click()
    assert wait_end(qtbot, window) is Stage.DONE, window.desk.class_teaching.why


def test_corrections_wait_while_classes_are_taught(study: Path, start: Open) -> None:
    window = start(in_a_thread(class_tasks.telling))
    window.teach.show(classes=False)
    teaching, card = window.desk.teaching, window.teach.dialog.choose_card
    window.desk.class_teaching.stage = Stage.RUNNING
    window.desk.class_teaching.changed.emit()
    assert not teaching.can_start
    request = runs.begin_run(study, "base", "Base", "", "few-shot", 6)
    teaching.resume(request)
    assert teaching.stage is Stage.CHOOSING
    teaching.found, teaching.counting = Survey(), None
    window.teach.show_ready()
    assert card.problem.text() == CLASSES_BUSY
    window.desk.class_teaching.stage = Stage.CHOOSING
    window.desk.class_teaching.changed.emit()
    assert card.problem.text() == ""


def test_a_run_that_goes_on_elsewhere_is_not_offered(study: Path) -> None:
    request = runs.begin_run(study, "base", "Base", "", "probe", 6, runs_dir())
    (request.folder / "config.json").write_text("{}")
    assert runs.unfinished_runs(runs_dir()) == ()
    assert runs.unfinished_runs() == ()


def test_a_choice_that_is_lost_or_damaged_is_said(
    qtbot: Any, study: Path, start: Open, tmp_path: Path
) -> None:
    request = interrupted(study, ClassWanted())
    (request.folder / CHOICE).unlink()
    window = start(in_a_thread(class_tasks.telling))
    wait_offer(qtbot, window).button.click()
    assert wait_end(qtbot, window) is Stage.FAILED
    assert window.teach.dialog is not None
    assert "which labels" in window.teach.dialog.classes.run.phase.text()
    for damaged in ("[]", "{", '{"level": "eye", "scans": [], "graders": []}'):
        (tmp_path / CHOICE).write_text(damaged)
        with pytest.raises(TeachError):
            read_choice(tmp_path)
