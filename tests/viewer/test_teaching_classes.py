"""The Teach window's page for classes: count labels, watch a run, judge, use the model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mirage_core.model.spec import VolumePool
from mirage_core.project import Project
from mirage_core.training.classify.config import PRESETS, preset
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings
from mirage_viewer.teach_classes.desk import runs_dir
from mirage_viewer.teach_classes.kept import CHOICE
from mirage_viewer.teach_window import binding
from mirage_viewer.teach_window.classes.page import ClassesPage
from mirage_viewer.teaching import Stage
from mirage_viewer.workers import Workers
from tests.viewer import class_tasks
from tests.viewer.eyes import key
from tests.viewer.labelled import label_three_patients
from tests.viewer.stores import add_model

NAMES = ("CNV", "normal", "DME")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with Project.create(folder / "study") as project:
        last = label_three_patients(project, folder, NAMES)
        project.labels.set(last, ["CNV"], "Ben", b_scan=4)
        project.labels.set(last, ["normal"], "Ben")
        return project.folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """Three patients; Anna labelled two B-scans of each, Ben one, and a scan as a whole."""
    return Path(shutil.copytree(made, tmp_path / "study"))


@pytest.fixture
def teach(
    qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path, tmp_path: Path
) -> Callable[..., tuple[MainWindow, ClassesPage]]:
    """Return a factory of Anna's windows with the page shown and all counted."""
    add_model(tmp_path, "layers")
    add_model(tmp_path, "stages", seed=4)

    def make(
        task: Callable[..., Any] = class_tasks.telling,
    ) -> tuple[MainWindow, ClassesPage]:
        workers = Workers({"teach_classes": task}, lambda _keep_s: ThreadPoolExecutor(1))
        window = make_app_window(
            project=study,
            settings=Settings(grader="Anna", research_notice_seen=True),
            workers=workers,
        )
        window.begin()
        qtbot.waitUntil(
            lambda: (
                window.desk.models.engines.listing is not None
                and bool(window.desk.labelling.known.by_scan)
            ),
            timeout=20_000,
        )
        key(window, "Ctrl+Shift+T")
        assert window.teach.dialog is not None
        window.teach.dialog.classes_button.click()
        wait_counted(qtbot, window)
        return window, window.teach.dialog.classes

    return make


def wait_counted(qtbot: Any, window: MainWindow) -> None:
    teaching = window.desk.class_teaching
    qtbot.waitUntil(lambda: teaching.found is not None and not teaching.counting, timeout=20_000)


def wait_stage(qtbot: Any, window: MainWindow, *stages: Stage) -> None:
    teaching = window.desk.class_teaching
    qtbot.waitUntil(lambda: teaching.stage in stages, timeout=20_000)


def pick(picker: Any, words: str) -> None:
    at = next(i for i in range(picker.count()) if words in picker.itemText(i))
    picker.setCurrentIndex(at)
    picker.activated.emit(at)


def cells(table: Any) -> list[list[str]]:
    items = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return [[item.text(k) for k in range(table.columnCount())] for item in items]


def test_labels_are_counted_with_their_patients_and_what_to_know_first(
    teach: Callable[..., tuple[MainWindow, ClassesPage]],
) -> None:
    _, page = teach()
    card = page.choose
    assert card.count.text() == "7 labelled B-scans of 3 patients"
    assert cells(card.classes) == [["CNV", "4", "3"], ["normal", "3", "3"], ["DME", "0", "0"]]
    assert "fewer than 5 patients" in card.warning_text.text()
    assert "DME: nothing is labelled so" in card.warning_text.text()
    assert "Each patient is held back" in card.how.text()
    assert card.start.isEnabled()
    assert [card.base.itemText(i) for i in range(card.base.count())][-2:] == [
        "Tiny layers",
        "Tiny stages",
    ]


def test_one_class_only_or_nothing_cannot_be_taught(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach()
    pick(page.choose.level, "1 labelled scan")
    wait_counted(qtbot, window)
    assert "nothing is to be told apart" in page.choose.problem.text()
    assert not page.choose.start.isEnabled()
    pick(page.choose.graders, "Anna")
    wait_counted(qtbot, window)
    assert "nothing labelled" in page.choose.problem.text()
    assert page.choose.count.text() == "No labelled scans yet"
    assert not page.choose.start.isEnabled()


def test_in_a_blind_project_ones_own_labels_teach_alone(
    teach: Callable[..., tuple[MainWindow, ClassesPage]], study: Path
) -> None:
    with Project.open(study) as project:
        project.set_blind(True, "Anna")
    _, page = teach()
    assert page.choose.count.text() == "6 labelled B-scans of 3 patients"
    assert "blind" in page.choose.warning_text.text()
    assert [page.choose.graders.itemText(i) for i in range(page.choose.graders.count())] == ["you"]


def test_what_is_labelled_meanwhile_is_counted(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach()
    scan = window.worklist.page.model.lines[0].row.scan.id
    window.desk.labelling.choose(scan, "DME", 1)
    qtbot.waitUntil(
        lambda: page.choose.count.text() == "8 labelled B-scans of 3 patients", timeout=20_000
    )


def test_a_run_ends_with_its_figures_and_the_model_can_be_used(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach()
    pick(page.choose.pool, "its summary")
    wait_counted(qtbot, window)
    page.choose.title.setText("Mine")
    page.choose.title.textEdited.emit("Mine")
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    teaching = window.desk.class_teaching
    assert teaching.stage is Stage.DONE, teaching.why
    result = page.result
    assert result.sentence.text().startswith("Mine. On 7 examples")
    table = cells(result.table)
    assert [row[0] for row in table] == ["CNV", "normal", "DME", "mean"]
    assert table[0][1:3] == ["4", "1.00 (1.00–1.00)"]
    assert table[2][2] == "–"
    assert cells(result.confusion) == [
        ["CNV", "4", "0", "0"],
        ["normal", "0", "3", "0"],
        ["DME", "0", "0", "0"],
    ]
    assert "Balanced accuracy 1.00" in result.summary.text()
    assert "calibration error 0.20" in result.summary.text()
    assert class_tasks.CONTRADICTS in page.run.notes.text()
    assert page.run.phase.text().startswith("Done in")
    assert [e.message.text for e in window.messages.entries] == ["Teaching is done: Mine."]
    outcome = teaching.outcome
    assert outcome is not None
    qtbot.waitUntil(lambda: (outcome.folder / "outcome.json").exists(), timeout=20_000)
    qtbot.waitUntil(lambda: not (outcome.folder / "features").exists(), timeout=20_000)
    assert (outcome.folder / "report.json").exists()
    result.use.click()
    assert window.desk.settings.classifier == "stages"
    assert window.model_windows.classes is not None
    assert window.model_windows.classes.isVisible()


def test_the_choice_reaches_the_worker(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    asked: list[Any] = []

    def task(source: Any, base: str, config: Any, *args: Any, **kwargs: Any) -> Any:
        asked.extend((source.source.choice, base, config.pool.value, config.preset))
        return class_tasks.telling(source, base, config, *args, **kwargs)

    window, page = teach(task)
    pick(page.choose.graders, "Anna")
    pick(page.choose.base, "Tiny layers")
    pick(page.choose.pool, "both")
    wait_counted(qtbot, window)
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    choice, base, pool, recipe = asked
    assert (choice.level, choice.graders) == ("b_scan", ("Anna",))
    assert (base, pool, recipe) == ("layers", "token_mix", "probe")


@pytest.fixture
def volumes(study: Path) -> Path:
    """The same, and Anna labelled every scan as a whole too."""
    with Project.open(study) as project:
        for name, row in zip(("CNV", "normal", "CNV"), project.worklist("Anna"), strict=True):
            project.labels.set(row.scan.id, [name], "Anna")
    return study


def asked_for() -> tuple[list[Any], Callable[..., Any]]:
    """Return a task, and a list that gets the settings it is run with."""
    asked: list[Any] = []

    def task(source: Any, base: str, config: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(config)
        return class_tasks.telling(source, base, config, *args, **kwargs)

    return asked, task


def test_volumes_can_be_told_by_attention_and_the_whole_model_taught(
    qtbot: Any, volumes: Path, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    asked, task = asked_for()
    window, page = teach(task)
    card = page.choose
    assert not card.volume.isVisible()
    assert not card.about.isVisible()
    pick(card.graders, "Anna")
    wait_counted(qtbot, window)
    pick(card.level, "3 labelled scans")
    wait_counted(qtbot, window)
    assert card.volume.isVisible()
    assert card.volume.currentData() == "mean"
    pick(card.volume, "count more")
    assert "Attention" in card.volume.toolTip()
    wait_counted(qtbot, window)
    assert "step by step" in card.about.text()
    assert "at most 32 B-scans" in card.about.text()
    pick(card.recipe, "whole model")
    wait_counted(qtbot, window)
    assert "hours without a graphics card" in card.about.text()
    assert "at most 8 B-scans" in card.about.text()
    assert "step by step" not in card.about.text()
    assert card.start.isEnabled(), card.problem.text()
    card.start.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    (config,) = asked
    assert config == preset("whole").changed(volume=VolumePool.ATTENTION)


def test_attention_is_nothing_to_b_scans_that_are_labelled_one_by_one(
    qtbot: Any, volumes: Path, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    asked, task = asked_for()
    window, page = teach(task)
    pick(page.choose.level, "3 labelled scans")
    wait_counted(qtbot, window)
    pick(page.choose.volume, "count more")
    wait_counted(qtbot, window)
    pick(page.choose.level, "labelled B-scans")
    wait_counted(qtbot, window)
    assert not page.choose.volume.isVisible()
    assert not page.choose.about.isVisible()
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    assert asked == [preset("probe")]


def test_a_recipe_that_cannot_do_attention_says_so_before(
    qtbot: Any,
    volumes: Path,
    teach: Callable[..., tuple[MainWindow, ClassesPage]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PRESETS, "probe", preset("probe").changed(solver="exact"))
    window, page = teach()
    pick(page.choose.level, "3 labelled scans")
    wait_counted(qtbot, window)
    assert page.choose.start.isEnabled()
    pick(page.choose.volume, "count more")
    wait_counted(qtbot, window)
    assert "attention has no exact solution" in page.choose.problem.text()
    assert not page.choose.start.isEnabled()


def test_a_run_is_cancelled_gone_on_with_or_put_away(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach(class_tasks.endless)
    teaching = window.desk.class_teaching
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.RUNNING)
    assert page.run.cancel.isVisible()
    assert not page.choose.level.isEnabled()
    assert "Teaching" in window.status.teaching.text()
    page.run.cancel.click()
    wait_stage(qtbot, window, Stage.CANCELLED)
    assert "cancelled" in page.run.phase.text()
    assert page.run.left.text() == ""
    page.run.go_on.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    assert teaching.stage is Stage.DONE, teaching.why
    page.result.again.click()
    assert teaching.stage is Stage.CHOOSING
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.RUNNING)
    page.run.cancel.click()
    wait_stage(qtbot, window, Stage.CANCELLED)
    request = teaching.run.request
    assert request is not None
    assert "It can be gone on with" in page.run.phase.text()
    assert "next time" in page.run.again.toolTip()
    page.run.again.click()
    assert teaching.stage is Stage.CHOOSING
    assert request.can_go_on


def test_a_run_that_did_not_get_far_leaves_nothing(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach(class_tasks.failing_at_once)
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.FAILED)
    assert not page.run.go_on.isVisible()
    page.run.again.click()
    qtbot.waitUntil(lambda: not list(runs_dir().iterdir()), timeout=20_000)


def test_a_failure_is_said_with_what_to_do(
    qtbot: Any, teach: Callable[..., tuple[MainWindow, ClassesPage]]
) -> None:
    window, page = teach(class_tasks.failing)
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.FAILED)
    assert (
        page.run.phase.text() == "Half of the scans have no SLO image. Choose another base model."
    )
    assert page.run.again.isVisible()


def test_closing_asks_while_classes_are_taught(
    qtbot: Any,
    teach: Callable[..., tuple[MainWindow, ClassesPage]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, page = teach(class_tasks.endless)
    answers = [False, True]
    monkeypatch.setattr(binding, "ask_about_teaching", lambda *_: answers.pop(0))
    page.choose.start.click()
    wait_stage(qtbot, window, Stage.RUNNING)
    request = window.desk.class_teaching.run.request
    assert request is not None
    qtbot.waitUntil(lambda: request.can_go_on, timeout=20_000)
    assert not window.close()
    assert window.close()
    assert not answers
    assert request.can_go_on
    assert (request.folder / CHOICE).exists()
