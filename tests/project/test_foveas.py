"""A project keeps where a person put the fovea of a scan, and who did."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.project import Project, ProjectError, ScanRecord
from mirage_core.project.schema import settings

PUT = Fovea(2.4, 30.25)


def log(project: Project, record: ScanRecord) -> list[tuple[str, str]]:
    return [(r.author, r.label) for r in project.audit(record.id) if r.what == "fovea"]


def test_it_is_sought_until_someone_puts_it(project: Project, record: ScanRecord) -> None:
    assert project.foveas.get(record.id) is None
    assert log(project, record) == []


def test_it_is_there_when_the_project_is_opened_again(project: Project, record: ScanRecord) -> None:
    carried = Fovea(1.0, 2.0, FoveaSource.OTHER_VISIT, 0.7)
    for fovea in (PUT, carried):
        project.foveas.set(record.id, fovea, "Anna")
        with Project.open(project.folder, read_only=True) as again:
            assert again.foveas.get(record.id) == fovea


def test_every_scan_has_its_own(project: Project, record: ScanRecord) -> None:
    project.foveas.set(record.id, PUT, "Anna")
    assert project.foveas.get("another") is None


def test_the_log_of_the_scan_keeps_who_put_it_where(project: Project, record: ScanRecord) -> None:
    project.foveas.set(record.id, PUT, "Anna")
    project.foveas.set(record.id, PUT, "Ben")
    project.foveas.set(record.id, None, "Ben")
    assert project.foveas.get(record.id) is None
    assert log(project, record) == [
        ("Anna", "B-scan 3.4, A-scan 31.2 (user)"),
        ("Ben", "sought"),
    ]


def test_nobody_puts_it_without_a_name(project: Project, record: ScanRecord) -> None:
    with pytest.raises(ValueError, match="keeps the name"):
        project.foveas.set(record.id, PUT, " ")
    assert project.foveas.get(record.id) is None


def test_a_project_that_can_only_be_read_keeps_what_it_has(
    project: Project, record: ScanRecord
) -> None:
    project.foveas.set(record.id, PUT, "Anna")
    with Project.open(project.folder, read_only=True) as again:
        with pytest.raises(ProjectError):
            again.foveas.set(record.id, None, "Anna")
        assert again.foveas.get(record.id) == PUT


@pytest.mark.parametrize(
    "value",
    [
        "here",
        "[1]",
        '{"b": 1}',
        '{"b": 1, "x": 2, "source": "a guess", "confidence": 1}',
        '{"b": NaN, "x": 2, "source": "user", "confidence": 1}',
    ],
)
def test_what_another_program_wrote_counts_as_none(
    project: Project, record: ScanRecord, value: str
) -> None:
    with project._store.write() as connection:
        connection.execute(insert(settings).values(key=f"fovea:{record.id}", value=value))
    assert project.foveas.get(record.id) is None
