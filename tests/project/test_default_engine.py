"""A project remembers which engine new segmentations in it use, and who said so."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from mirage_core.project import Project, ProjectError
from mirage_core.project.default_engine import DefaultEngine
from mirage_core.project.schema import settings

TAUGHT = DefaultEngine("starter-taught", "Starter, taught")


def log(project: Project) -> list[tuple[str, str, str]]:
    return [(r.author, r.what, r.label) for r in project.audit_of_project()]


def test_a_project_has_none_until_someone_chooses_it(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        assert project.default_engine.get() is None
        assert log(project) == []


def test_it_is_there_when_the_project_is_opened_again(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.default_engine.set(TAUGHT, "Anna")
    with Project.open(tmp_path / "study", read_only=True) as project:
        assert project.default_engine.get() == TAUGHT


def test_the_log_keeps_who_chose_what(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.default_engine.set(TAUGHT, "Anna")
        project.default_engine.set(TAUGHT, "Ben")
        project.default_engine.set(None, "Ben")
        assert project.default_engine.get() is None
        assert log(project) == [
            ("Anna", "default_engine", "Starter, taught (starter-taught)"),
            ("Ben", "default_engine", "none"),
        ]


def test_nobody_chooses_without_a_name(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        with pytest.raises(ValueError, match="keeps the name"):
            project.default_engine.set(TAUGHT, " ")
        assert project.default_engine.get() is None


def test_a_project_that_can_only_be_read_keeps_what_it_has(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.default_engine.set(TAUGHT, "Anna")
    with Project.open(tmp_path / "study", read_only=True) as project:
        with pytest.raises(ProjectError):
            project.default_engine.set(None, "Anna")
        assert project.default_engine.get() == TAUGHT


@pytest.mark.parametrize("value", ["graph", "{}", "[1]", "{"])
def test_what_another_program_wrote_counts_as_none(tmp_path: Path, value: str) -> None:
    with Project.create(tmp_path / "study") as project:
        with project._store.write() as connection:
            connection.execute(insert(settings).values(key="default_engine", value=value))
        assert project.default_engine.get() is None
