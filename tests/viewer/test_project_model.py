"""The model of a project: chosen when it is opened, set from the Segment panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirage_core.project import Project
from mirage_core.project.default_engine import DefaultEngine
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings
from tests.viewer.eyes import click, key, open_scan, write_scan
from tests.viewer.stores import add_model

TINY = DefaultEngine("layers", "Tiny layers")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project that segments with the tiny model."""
    with Project.create(tmp_path / "study") as project:
        project.default_engine.set(TINY, "Lead")
    return tmp_path / "study"


@pytest.fixture
def opened(
    qtbot: Any, make_app_window: Callable[..., MainWindow]
) -> Callable[[Path, Settings], MainWindow]:
    """Return a factory of windows on a project, with the engines known."""

    def make(project: Path, settings: Settings) -> MainWindow:
        window = make_app_window(project=project, settings=settings)
        window.desk.models.engines.refresh()
        window.desk.projects.look_in()
        qtbot.waitUntil(
            lambda: (
                window.desk.models.engines.listing is not None
                and window.desk.project_model.default is not None
            ),
            timeout=30_000,
        )
        return window

    return make


def stored(folder: Path) -> DefaultEngine | None:
    with Project.open(folder, read_only=True) as project:
        return project.default_engine.get()


def test_the_projects_model_is_chosen_and_the_users_own_is_remembered(
    tmp_path: Path, study: Path, opened: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    settings = Settings(engine="graph")
    window = opened(study, settings)
    assert window.segment_panel.chosen == "layers"
    assert window.segment_panel.pin.isChecked()
    assert settings.engine == "graph"
    window.desk.models.engines.choose("graph")
    assert window.segment_panel.chosen == "graph"
    assert not window.segment_panel.pin.isChecked()


def test_another_project_has_the_users_own_model_again(
    qtbot: Any, tmp_path: Path, study: Path, opened: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = opened(study, Settings(engine="graph"))
    window.desk.use_project(tmp_path / "other")
    qtbot.waitUntil(lambda: window.segment_panel.chosen == "graph", timeout=20_000)
    assert window.desk.project_model.default is None


def test_a_model_that_is_not_on_this_computer_is_said_with_what_is_used_instead(
    study: Path, opened: Callable[..., MainWindow]
) -> None:
    window = opened(study, Settings(engine="graph"))
    assert window.segment_panel.chosen == "graph"
    said = [t for t in window.messages.texts if "not on this computer" in t]
    assert said == [
        "This project's model, Tiny layers, is not on this computer; Graph search (no weights) "
        "is used instead."
    ]


def test_the_panel_sets_it_and_takes_it_back(
    qtbot: Any, tmp_path: Path, study: Path, opened: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = opened(study, Settings(engine="graph", grader="Anna"))
    window.desk.models.engines.choose("graph")
    click(window.segment_panel.pin)
    qtbot.waitUntil(lambda: window.desk.project_model.in_use, timeout=10_000)
    found = stored(study)
    assert found is not None
    assert found.name == "graph"
    assert any("segments in this project from now on" in t for t in window.messages.texts)
    key(window, "Ctrl+Alt+P")
    qtbot.waitUntil(lambda: window.desk.project_model.default is None, timeout=10_000)
    assert stored(study) is None
    assert window.segment_panel.chosen == "graph"
    with Project.open(study, read_only=True) as project:
        assert [r.author for r in project.audit_of_project()] == ["Lead", "Anna", "Anna"]


def test_a_scan_opened_in_a_project_is_segmented_with_its_model(
    qtbot: Any, tmp_path: Path, study: Path, make_app_window: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = make_app_window(project=study)
    window.desk.models.engines.refresh()
    qtbot.waitUntil(lambda: window.desk.models.engines.listing is not None, timeout=20_000)
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    assert window.segment_panel.chosen == "layers"


def test_a_project_that_can_only_be_read_does_not_offer_it(
    qtbot: Any,
    tmp_path: Path,
    study: Path,
    opened: Callable[..., MainWindow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_model(tmp_path, "layers")
    monkeypatch.setattr(
        Project, "open_or_create", lambda folder: Project.open(folder, read_only=True)
    )
    window = opened(study, Settings(engine="graph"))
    assert window.segment_panel.chosen == "layers"
    assert not window.segment_panel.pin.isVisible()
    action = window.qt_actions["scan.project_model"]
    assert not action.isEnabled()
    assert action.toolTip() == "This project can only be read."
