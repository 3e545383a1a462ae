"""Notes and tags are kept with a scan; the log says that they changed, never to what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.project import Project, ProjectError, ScanRecord, Trouble
from mirage_core.project.records import Remark
from mirage_core.project.remarks import tidy_tags
from tests.project.eyes import NAME, make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


@pytest.fixture
def record(project: Project) -> ScanRecord:
    return project.add_scan(make_scan())


def logged(project: Project, record: ScanRecord) -> list[tuple[str, str, str]]:
    """What the audit trail says of remarks: what happened, by whom, and its words."""
    return [
        (str(row.what), row.author, row.label)
        for row in project.audit(record.id)
        if row.what in ("note", "tags")
    ]


def test_a_scan_has_no_remark_at_first(project: Project, record: ScanRecord) -> None:
    assert project.remark(record) == Remark()
    assert project.worklist()[0].remark == Remark("", ())


def test_note_and_tags_stay_with_the_scan(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        record = project.add_scan(make_scan())
        other = project.add_scan(make_scan(seed=1))
        assert project.set_note(record, "  Motion at the fovea.\n", "ada").note == (
            "Motion at the fovea."
        )
        assert project.set_tags(record, ["wet AMD"], "ada") == Remark(
            "Motion at the fovea.", ("wet AMD",)
        )
    with Project.open(tmp_path / "study") as project:
        assert project.remark(record) == Remark("Motion at the fovea.", ("wet AMD",))
        assert project.remark(other) == Remark()
        rows = {row.scan.id: row.remark for row in project.worklist()}
        assert rows == {record.id: project.remark(record), other.id: Remark()}


def test_either_can_be_changed_and_taken_away_without_the_other(
    project: Project, record: ScanRecord
) -> None:
    project.set_tags(record, ["drusen", "check"])
    project.set_note(record, "first")
    assert project.set_note(record, "second") == Remark("second", ("check", "drusen"))
    assert project.set_tags(record, []) == Remark("second", ())
    assert project.set_note(record, " ") == Remark()


def test_the_log_tells_who_and_when_but_not_what(project: Project, record: ScanRecord) -> None:
    project.set_note(record, f"This is {NAME}.", "ada")
    project.set_tags(record, [NAME], "grace")
    assert logged(project, record) == [("note", "ada", ""), ("tags", "grace", "")]


def test_what_is_there_already_is_not_logged_again(project: Project, record: ScanRecord) -> None:
    project.set_note(record, "")
    project.set_tags(record, [" "])
    assert logged(project, record) == []
    project.set_tags(record, ["b", "a"], "ada")
    project.set_tags(record, ["a ", "b", "A"], "ada")
    assert logged(project, record) == [("tags", "ada", "")]


def test_a_scan_of_another_project_is_refused(project: Project, record: ScanRecord) -> None:
    with pytest.raises(KeyError):
        project.set_note(replace(record, id="elsewhere"), "lost")


def test_a_project_for_reading_refuses_in_words(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        record = project.add_scan(make_scan())
        project.set_note(record, "kept")
    with Project.open(tmp_path / "study", read_only=True) as project:
        for change in (
            lambda: project.set_note(record, "other"),
            lambda: project.set_tags(record, ["new"]),
        ):
            with pytest.raises(ProjectError, match="open for reading only") as caught:
                change()
            assert caught.value.trouble is Trouble.READ_ONLY
        assert project.remark(record) == Remark("kept")


def test_tags_are_trimmed_single_and_in_the_order_of_the_alphabet() -> None:
    assert tidy_tags([" wet  AMD ", "", "Drusen", "drusen", "artefact"]) == (
        "artefact",
        "Drusen",
        "wet AMD",
    )


def test_a_comma_separates_tags() -> None:
    assert tidy_tags(["wet, dry ,", "dry"]) == ("dry", "wet")


@given(st.lists(st.text(alphabet="aAbBß ,\t", max_size=6)))
def test_tidy_tags_stay_as_they_are(tags: list[str]) -> None:
    tidy = tidy_tags(tags)
    assert tidy_tags(tidy) == tidy
    assert tidy_tags([", ".join(tidy)]) == tidy
