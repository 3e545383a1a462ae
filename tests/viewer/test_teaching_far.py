"""Teaching on a cluster from the window: followed, paused and cancelled as if it were here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mirage_viewer import workers
from mirage_viewer.settings import load_settings
from mirage_viewer.teaching import Stage
from tests.clusters import one_node
from tests.viewer import teach_tasks, test_teaching

study, teach = test_teaching.study, test_teaching.teach
Teach = Callable[..., Any]
LONG_MS = 120_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with one_node() as address:
        yield address


def test_a_run_on_a_cluster_ends_in_a_result_and_its_address_is_remembered(
    qtbot: Any, teach: Teach, cluster: str
) -> None:
    window, dialog = teach(teach_tasks.where)
    dialog.classes.choose.cluster.setText(f" {cluster}")
    assert dialog.choose_card.cluster.text().strip() == cluster
    assert window.desk.teaching.can_start
    dialog.choose_card.start.click()
    teaching = window.desk.teaching
    qtbot.waitUntil(lambda: teaching.stage in (Stage.DONE, Stage.FAILED), timeout=LONG_MS)
    assert teaching.stage is Stage.DONE, teaching.why
    assert int(teaching.outcome.title.split()[-1]) != os.getpid()
    assert teach_tasks.NOT_ENOUGH in dialog.run_card.notes.text()
    window.close()
    assert load_settings().cluster == cluster


def test_the_project_is_read_here_and_the_device_is_the_nodes_own(
    qtbot: Any, teach: Teach, cluster: str
) -> None:
    window, dialog = teach(teach_tasks.told_how)
    window.desk.settings.device = "cpu"
    dialog.choose_card.cluster.setText(cluster)
    dialog.choose_card.start.click()
    teaching = window.desk.teaching
    qtbot.waitUntil(lambda: teaching.stage in (Stage.DONE, Stage.FAILED), timeout=LONG_MS)
    assert teaching.stage is Stage.DONE, teaching.why
    assert teaching.outcome.title == "KeptData, auto"


def test_it_is_watched_and_can_be_stopped_there(qtbot: Any, teach: Teach, cluster: str) -> None:
    window, dialog = teach(teach_tasks.until_told)
    dialog.choose_card.cluster.setText(cluster)
    dialog.choose_card.start.click()
    teaching = window.desk.teaching
    qtbot.waitUntil(lambda: teaching.run.told.step >= 3, timeout=LONG_MS)
    dialog.run_card.cancel.click()
    qtbot.waitUntil(lambda: teaching.stage is Stage.CANCELLED, timeout=LONG_MS)
    assert teaching.run.request.can_go_on


def test_a_cluster_that_does_not_answer_is_said_and_another_can_be_chosen(
    qtbot: Any, teach: Teach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ANSWER_S", 1.0)
    window, dialog = teach()
    dialog.choose_card.cluster.setText("tcp://127.0.0.1:9")
    dialog.choose_card.start.click()
    teaching = window.desk.teaching
    qtbot.waitUntil(lambda: teaching.stage is Stage.FAILED, timeout=LONG_MS)
    assert dialog.run_card.phase.text().startswith("No cluster answers at tcp://127.0.0.1:9.")
    dialog.run_card.again.click()
    dialog.choose_card.cluster.setText("")
    test_teaching.finish(qtbot, window, dialog)
