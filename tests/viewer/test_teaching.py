"""The Teach window: choose corrections, watch a run, compare, use the model, or not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from mirage_core.annotate import MASKS, Proposal, Session, State
from mirage_core.io import open_scan as read_scan
from mirage_core.project import Project
from mirage_core.scan import Masks, Surfaces
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings
from mirage_viewer.teach_window import TeachWindow, binding
from mirage_viewer.teaching import Stage, runs
from mirage_viewer.teaching.words import NO_BETTER
from mirage_viewer.workers import Workers
from tests.viewer import teach_tasks
from tests.viewer.eyes import SHAPE, key, write_scan
from tests.viewer.stores import add_model

N, HEIGHT, WIDTH = SHAPE
NAMES = ("ILM", "BM")


def correct(session: Session, approved: tuple[int, ...], edited: tuple[int, ...]) -> None:
    """Give every B-scan layers, and say which are a human's."""
    depths = np.array([20, 40], np.float32)[:, None, None]
    curves = Surfaces(np.broadcast_to(depths, (2, N, WIDTH)).copy(), NAMES)
    everything = tuple(range(N))
    session.adopt(Proposal(everything, curves, None, Masks.empty(SHAPE), "graph", "Graph"))
    session.set_state(approved, State.APPROVED)
    session.set_state(edited, State.EDITED)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project of two patients; Anna corrected both scans, Ben the second."""
    with Project.create(tmp_path / "study") as project:
        for seed, graders in ((1, ("Anna",)), (2, ("Anna", "Ben"))):
            scan = read_scan(write_scan(tmp_path / f"eye{seed}.npz", seed))
            record = project.import_pixels(project.add_scan(scan, "Anna"), scan)
            for name in graders:
                session = project.session(record, name)
                correct(session, (0, 2), (4,) if name == "Anna" else ())
                project.close_session(session)
        return project.folder


@pytest.fixture
def teach(
    qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path, tmp_path: Path
) -> Callable[..., tuple[MainWindow, TeachWindow]]:
    """Return a factory of Anna's windows with the Teach window open and all counted.

    Models are taught in a thread, which is there at once.
    """
    add_model(tmp_path, "layers")

    def make(task: Callable[..., Any] = teach_tasks.better) -> tuple[MainWindow, TeachWindow]:
        workers = Workers({"teach_model": task}, lambda _keep_s: ThreadPoolExecutor(1))
        window = make_app_window(
            project=study,
            settings=Settings(grader="Anna", engine="layers", research_notice_seen=True),
            workers=workers,
        )
        window.begin()
        qtbot.waitUntil(
            lambda: (
                window.desk.models.engines.listing is not None
                and bool(window.worklist_panel.list.count())
            ),
            timeout=20_000,
        )
        key(window, "Ctrl+Shift+T")
        dialog = window.teach.dialog
        assert dialog is not None
        assert dialog.isVisible()
        assert not dialog.isModal()
        wait_counted(qtbot, window)
        return window, dialog

    return make


def wait_counted(qtbot: Any, window: MainWindow) -> None:
    teaching = window.desk.teaching
    qtbot.waitUntil(
        lambda: teaching.found is not None and teaching.counting is None, timeout=20_000
    )


def wait_stage(qtbot: Any, window: MainWindow, *stages: Stage) -> None:
    qtbot.waitUntil(lambda: window.desk.teaching.stage in stages, timeout=20_000)


def wait_steps(qtbot: Any, window: MainWindow, steps: int = 3) -> None:
    run = window.desk.teaching.run
    qtbot.waitUntil(lambda: run.told.step >= steps, timeout=20_000)


def finish(qtbot: Any, window: MainWindow, dialog: TeachWindow) -> None:
    """Press Teach and wait for the result."""
    dialog.choose_card.start.click()
    wait_stage(qtbot, window, Stage.DONE, Stage.FAILED)
    assert window.desk.teaching.stage is Stage.DONE, window.desk.teaching.why
    qtbot.waitUntil(lambda: bool(window.desk.teaching.held_out.b_scans), timeout=20_000)


def pick(picker: Any, words: str) -> None:
    at = next(i for i in range(picker.count()) if words in picker.itemText(i))
    picker.setCurrentIndex(at)
    picker.activated.emit(at)


def structures(dialog: TeachWindow) -> list[str]:
    shown = dialog.choose_card.structures
    return [shown.item(i).text() for i in range(shown.count())]


def messages(window: MainWindow) -> list[str]:
    return [e.message.text for e in window.messages.entries]


def press(window: MainWindow, text: str) -> None:
    """Press the button called `text` of the message that has one."""
    for entry in window.messages.entries:
        for words, do in (
            (entry.message.action, entry.message.do),
            (entry.message.other, entry.message.do_other),
        ):
            if words == text and do is not None:
                do()
                return
    raise AssertionError(messages(window))


# ---------------------------------------------------------------------- choosing


def test_what_can_be_taught_is_counted(teach: Callable[..., Any]) -> None:
    _, dialog = teach()
    assert dialog.choose_card.count.text() == "6 B-scans of 2 scans, 2 patients"
    assert structures(dialog) == ["ILM · 6", "BM · 6", "Fluid, lesions · 6"]
    graders = dialog.choose_card.graders
    assert [graders.itemText(i) for i in range(graders.count())] == [
        "everyone",
        "Anna: 6 B-scans",
        "Ben: 2 B-scans",
    ]
    assert dialog.choose_card.base.currentText() == "Tiny layers"
    assert dialog.choose_card.start.isEnabled()


def test_what_is_wrong_with_the_data_is_said_first(teach: Callable[..., Any], qtbot: Any) -> None:
    window, dialog = teach()
    assert "corrected by several graders" in dialog.choose_card.warning_text.text()
    assert dialog.choose_card.how.text().startswith("The gain is measured by leaving each B-scan ")
    pick(dialog.choose_card.graders, "Ben")
    wait_counted(qtbot, window)
    assert dialog.choose_card.count.text() == "2 B-scans of 1 scan, 1 patient"
    assert "There are 2 B-scans" in dialog.choose_card.warning_text.text()
    assert "one patient" in dialog.choose_card.warning_text.text()


def test_approved_ones_alone_and_some_structures_are_taught_if_wanted(
    teach: Callable[..., Any], qtbot: Any
) -> None:
    window, dialog = teach()
    pick(dialog.choose_card.states, "approved alone")
    wait_counted(qtbot, window)
    assert dialog.choose_card.count.text().startswith("4 B-scans")
    dialog.choose_card.structures.item(1).setCheckState(Qt.CheckState.Unchecked)
    wait_counted(qtbot, window)
    found, wanted = window.desk.teaching.found, window.desk.teaching.wanted
    assert wanted.left_out == {"BM"}
    assert found.chosen_structures(wanted) == ("ILM", MASKS)
    assert structures(dialog)[1] == "BM · 4"


def test_with_nothing_corrected_nothing_can_be_taught(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    window = make_app_window(project=tmp_path / "empty")
    window.qt_actions.trigger("scan.teach")
    wait_counted(qtbot, window)
    dialog = window.teach.dialog
    assert dialog is not None
    assert "no corrected B-scan" in dialog.choose_card.problem.text()
    assert not dialog.choose_card.start.isEnabled()


def test_in_a_blind_project_only_ones_own_work_is_taught(
    qtbot: Any, teach: Callable[..., Any], study: Path
) -> None:
    with Project.open(study) as project:
        project.set_blind(True, "Lead")
    window, dialog = teach()
    graders = dialog.choose_card.graders
    assert [graders.itemText(i) for i in range(graders.count())] == ["Anna: 6 B-scans"]
    finish(qtbot, window, dialog)
    assert "your own corrections alone" in dialog.choose_card.warning_text.text()


# ---------------------------------------------------------------------- a run


def test_a_run_shows_how_far_it_is_while_correcting_goes_on(
    qtbot: Any, teach: Callable[..., Any]
) -> None:
    window, dialog = teach(teach_tasks.until_told)
    dialog.choose_card.start.click()
    wait_steps(qtbot, window)
    assert window.status.teaching.isVisible()
    qtbot.waitUntil(lambda: "2 min left" in window.status.teaching.text())
    assert "Teaching" in window.status.teaching.text()
    assert "about 2 min left" in dialog.run_card.left.text()
    assert "1.0 GB of memory" in dialog.run_card.memory.text()
    assert teach_tasks.NOT_ENOUGH in dialog.run_card.notes.text()
    assert len(dialog.run_card.loss.lines[0].points) >= 3
    assert len(dialog.run_card.score.lines[0].points) >= 3
    assert not dialog.choose_card.start.isEnabled()
    assert window.desk.models.in_use("layers")
    (row, *_) = window.desk.projects.get().worklist("Anna")
    window.desk.opener.open_record(row.scan.id)
    qtbot.waitUntil(lambda: window.desk.editable, timeout=20_000)
    window.desk.show_b_scan(1)
    window.desk.approve()
    assert window.desk.session.annotation.b_scan_state(1) is State.APPROVED
    dialog.run_card.stop.click()
    wait_stage(qtbot, window, Stage.DONE)
    assert not window.status.teaching.isVisible()


def test_a_run_is_paused_and_goes_on(qtbot: Any, teach: Callable[..., Any]) -> None:
    window, dialog = teach(teach_tasks.until_told)
    dialog.choose_card.start.click()
    wait_steps(qtbot, window)
    dialog.run_card.pause.click()
    qtbot.waitUntil(lambda: dialog.run_card.phase.text().startswith("Paused"), timeout=10_000)
    assert "paused" in window.status.teaching.text()
    stood = window.desk.teaching.run.told.step
    assert dialog.run_card.pause.text() == "Go on"
    dialog.run_card.pause.click()
    wait_steps(qtbot, window, stood + 2)
    assert dialog.run_card.phase.text().startswith("Learning")
    dialog.run_card.stop.click()
    wait_stage(qtbot, window, Stage.DONE)


def test_a_cancelled_run_is_kept_and_goes_on_with_the_same_corrections(
    qtbot: Any, teach: Callable[..., Any]
) -> None:
    window, dialog = teach(teach_tasks.until_told)
    dialog.choose_card.start.click()
    wait_steps(qtbot, window)
    assert "left" in dialog.run_card.left.text()
    dialog.run_card.cancel.click()
    wait_stage(qtbot, window, Stage.CANCELLED)
    assert dialog.run_card.left.text() == "", "nothing goes on that would take any time"
    assert "can be gone on with" in dialog.run_card.phase.text()
    folder = window.desk.teaching.run.request.folder
    assert (folder / "final" / "last.pt").exists()
    dialog.run_card.go_on.click()
    wait_stage(qtbot, window, Stage.DONE)
    told = teach_tasks.events(folder)
    assert {"kind": "note", "text": "Gone on with."} in told
    assert [e["b_scans"] for e in told if e["kind"] == "plan"] == [6, 6]


def test_a_run_that_fails_says_why(qtbot: Any, teach: Callable[..., Any]) -> None:
    window, dialog = teach(teach_tasks.failing)
    dialog.choose_card.start.click()
    wait_stage(qtbot, window, Stage.FAILED)
    assert dialog.run_card.phase.text().startswith("The loss is not a number any more. Try another")
    assert "The loss is not a number any more." in messages(window)
    dialog.run_card.again.click()
    assert window.desk.teaching.stage is Stage.CHOOSING
    assert dialog.choose_card.start.isEnabled()


# ---------------------------------------------------------------------- its result


def test_a_better_model_is_suggested_and_used(qtbot: Any, teach: Callable[..., Any]) -> None:
    window, dialog = teach()
    window.desk.models.engines.choose("graph")
    dialog.choose_card.title.setText("Mine")
    finish(qtbot, window, dialog)
    result = dialog.result_card
    assert result.sentence.text() == "The error is smaller."
    line = result.table.topLevelItem(0)
    assert result.table.topLevelItemCount() == 1
    assert [line.text(i) for i in range(4)] == [
        "ILM, px",
        "4.00 (3.00–5.00)",
        "2.00 (1.50–2.50)",
        "16.0 → 8.0",
    ]
    assert "Teaching is done: Mine." in messages(window)
    assert result.use.text() == "Use it from now on"
    result.use.click()
    assert window.desk.models.engines.chosen == "layers"
    assert result.use.text() == "It is in use"
    assert not result.use.isEnabled()


def test_a_model_that_is_no_better_is_not_suggested(qtbot: Any, teach: Callable[..., Any]) -> None:
    window, dialog = teach(teach_tasks.no_better)
    finish(qtbot, window, dialog)
    assert dialog.result_card.verdict.text() == NO_BETTER
    assert dialog.result_card.use.property("look") != "primary"
    assert dialog.result_card.use.text() != "Use it from now on"


def test_a_finished_run_keeps_what_is_shown_and_no_weights(
    qtbot: Any, teach: Callable[..., Any]
) -> None:
    window, dialog = teach()
    finish(qtbot, window, dialog)
    folder = window.desk.teaching.outcome.folder
    kept = {"config.json", "held_out.npz", "metrics.jsonl", "outcome.json", "request.json"}
    qtbot.waitUntil(lambda: {f.name for f in folder.iterdir()} == kept, timeout=10_000)


def test_held_out_b_scans_lie_over_the_graders_lines_until_one_leaves(
    qtbot: Any, teach: Callable[..., Any]
) -> None:
    window, dialog = teach()
    finish(qtbot, window, dialog)
    assert dialog.result_card.worst.item(0).text().endswith("4.0 → 2.0 px")
    dialog.result_card.worst.itemClicked.emit(dialog.result_card.worst.item(0))
    qtbot.waitUntil(lambda: window.desk.editable, timeout=20_000)
    compared = window.desk.teaching.held_out.b_scans[0]
    assert not dialog.isVisible()
    assert window.desk.b == compared.b_scan
    layer = window.canvas._picture.comparison
    before = [i for i in layer.ones if i.isVisible() and not i.boundingRect().isEmpty()]
    after = [i for i in layer.others if i.isVisible() and not i.boundingRect().isEmpty()]
    assert len(before) >= len(NAMES)
    assert len(after) >= len(NAMES)
    on = window.desk.teaching.held_out.on(window.desk.b)
    assert on.draw_one[0].all()
    assert on.draw_other[0].all()
    assert not on.draw_one[3].any()
    assert any(text.startswith("Held-out B-scan") for text in messages(window))
    window.desk.show_b_scan(compared.b_scan + 1)
    assert window.desk.teaching.held_out.at == -1
    assert not layer.shade.isVisible()
    assert not any(text.startswith("Held-out B-scan") for text in messages(window))
    window.desk.show_b_scan(compared.b_scan)
    assert window.desk.teaching.held_out.on(window.desk.b) is None


# ---------------------------------------------------------------------- starting and closing


def interrupted(study: Path) -> runs.RunRequest:
    """Leave behind what a program that was killed leaves."""
    from mirage_core.project.teaching import ProjectSource
    from mirage_core.training.finetune.config import preset
    from mirage_core.training.finetune.kept import KeptSource

    request = runs.begin_run(study, "layers", "Tiny layers", "", "few-shot", 6)
    teach_tasks._begin(request.folder, preset("few-shot"), 6)
    KeptSource(ProjectSource(study), request.folder)()
    content = (request.folder / runs.REQUEST).read_text()
    host, pid, _ = runs.this_process()
    gone = content.replace(f'"{host}",\n    {pid}', f'"{host}",\n    {2**22 + 7}')
    assert gone != content
    (request.folder / runs.REQUEST).write_text(gone)
    return request


def test_an_interrupted_run_is_offered_and_gone_on_with(
    qtbot: Any, teach: Callable[..., Any], study: Path
) -> None:
    request = interrupted(study)
    with Project.open(study) as project:
        (row, _) = project.worklist("Anna")
        session = project.session(row.scan, "Anna")
        session.set_state([1], State.APPROVED)
        project.close_session(session)
    window, _ = teach()
    qtbot.waitUntil(lambda: "Teaching was interrupted. Go on?" in messages(window))
    press(window, "Go on")
    wait_stage(qtbot, window, Stage.DONE)
    assert window.desk.teaching.outcome.folder == request.folder
    plans = [e for e in teach_tasks.events(request.folder) if e["kind"] == "plan"]
    assert plans[-1]["b_scans"] == 6, "it went on with what it began with"
    assert not runs.unfinished_runs()


def test_interrupted_runs_are_offered_and_discarded_one_after_the_other(
    qtbot: Any, teach: Callable[..., Any], study: Path
) -> None:
    earlier, request = interrupted(study), interrupted(study)
    window, _ = teach()
    for run in (request, earlier):
        qtbot.waitUntil(lambda: messages(window) == ["Teaching was interrupted. Go on?"])
        window.messages.entries[0].other_button.click()
        qtbot.waitUntil(lambda run=run: not run.folder.exists(), timeout=10_000)
        assert earlier.folder.exists() == (run is request)
    qtbot.wait(50)
    assert messages(window) == []


def test_a_run_of_a_program_that_is_at_it_is_not_offered(study: Path) -> None:
    request = runs.begin_run(study, "layers", "Tiny layers", "", "few-shot", 6)
    (request.folder / "config.json").write_text("{}")
    assert runs.unfinished_runs() == ()


def test_closing_while_a_model_is_taught_asks(
    qtbot: Any, teach: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, dialog = teach(teach_tasks.until_told)
    asked: list[str] = []

    def answer(close: bool) -> Callable[..., bool]:
        return lambda _parent, words: asked.append(words) or close

    dialog.choose_card.start.click()
    wait_steps(qtbot, window)
    dialog.close()
    assert window.desk.teaching.at_work
    assert not asked
    monkeypatch.setattr(binding, "ask_about_teaching", answer(False))
    window.close()
    assert window.isVisible()
    assert asked[0].startswith("Teaching")
    monkeypatch.setattr(binding, "ask_about_teaching", answer(True))
    folder = window.desk.teaching.run.request.folder
    window.close()
    assert not window.isVisible()
    assert (folder / "final" / "last.pt").exists()
