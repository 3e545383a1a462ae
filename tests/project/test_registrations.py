"""A project keeps how a person laid one visit over another, and who did."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import insert

from mirage_core.measure.registration import Registration, RegistrationSource
from mirage_core.project import Project, ProjectError, ScanRecord
from mirage_core.project.schema import settings

NAN = float("nan")
MATRIX = np.array([[1.0, 0.02, -3.5], [-0.02, 1.0, 8.25]])
PUT = Registration(MATRIX, 0.41, NAN, RegistrationSource.USER)


def log(project: Project, record: ScanRecord) -> list[tuple[str, str]]:
    return [(r.author, r.label) for r in project.audit(record.id) if r.what == "registration"]


def test_it_is_found_until_someone_puts_it(project: Project, record: ScanRecord) -> None:
    assert project.registrations.get("first", record.id) is None
    project.registrations.set("first", record.id, None, "Anna")
    assert log(project, record) == []


def test_it_is_there_when_the_project_is_opened_again(project: Project, record: ScanRecord) -> None:
    project.registrations.set("first", record.id, PUT, "Anna")
    with Project.open(project.folder, read_only=True) as again:
        found = again.registrations.get("first", record.id)
        assert found is not None
        assert found.matrix.tolist() == MATRIX.tolist()
        assert (found.alike, found.source) == (0.41, RegistrationSource.USER)
        assert np.isnan(found.residual_px)
        assert again.registrations.get(record.id, "first") is None


def test_the_log_of_the_later_scan_keeps_who_moved_it(project: Project, record: ScanRecord) -> None:
    project.registrations.set("first", record.id, PUT, "Anna")
    # How well it fits is worked out after: nobody moved anything.
    judged = Registration(MATRIX, 0.5, 1.25, RegistrationSource.USER)
    project.registrations.set("first", record.id, judged, "Anna")
    found = project.registrations.get("first", record.id)
    assert found is not None
    assert found.residual_px == 1.25
    project.registrations.set("first", record.id, None, "Ben")
    assert project.registrations.get("first", record.id) is None
    assert log(project, record) == [("Anna", "to first: user"), ("Ben", "to first: found")]


def test_nobody_puts_it_without_a_name(project: Project, record: ScanRecord) -> None:
    with pytest.raises(ValueError, match="keeps the name"):
        project.registrations.set("first", record.id, PUT, " ")
    assert project.registrations.get("first", record.id) is None


def test_a_project_that_can_only_be_read_keeps_what_it_has(
    project: Project, record: ScanRecord
) -> None:
    project.registrations.set("first", record.id, PUT, "Anna")
    with Project.open(project.folder, read_only=True) as again:
        with pytest.raises(ProjectError):
            again.registrations.set("first", record.id, None, "Anna")
        assert again.registrations.get("first", record.id) is not None


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        "[]",
        json.dumps({"matrix": [[1, 0], [0, 1]], "alike": 1, "residual_px": 0, "source": "user"}),
        json.dumps(
            {"matrix": [[0, 0, 1], [0, 0, 1]], "alike": 1, "residual_px": 0, "source": "user"}
        ),
        json.dumps(
            {"matrix": [[1, 0, 0], [0, 1, 0]], "alike": 1, "residual_px": 0, "source": "moon"}
        ),
    ],
)
def test_what_cannot_be_used_is_found_again(
    project: Project, record: ScanRecord, value: str
) -> None:
    with project._store.write() as connection:
        connection.execute(
            insert(settings).values(key=f"registration:first:{record.id}", value=value)
        )
    assert project.registrations.get("first", record.id) is None
