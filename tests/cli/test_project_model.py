"""`mirage project model`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirage_core.project import Project
from tests.cli.running import mirage


@pytest.fixture
def study(tmp_path: Path) -> Path:
    Project.create(tmp_path / "study").close()
    return tmp_path / "study"


def test_a_model_is_chosen_shown_and_cleared_by_someone(study: Path) -> None:
    assert "No model is set" in mirage("project", "model", study).out
    refused = mirage("project", "model", study, "graph")
    assert refused.code == 2
    assert "--author NAME" in refused.err
    assert mirage("project", "model", study, "graph", "--author", "Lead").code == 0
    assert mirage("project", "model", study, "--json").json["model"] == "graph"
    assert mirage("project", "model", study, "--clear", "--author", "Lead").code == 0
    assert mirage("project", "model", study, "--json").json == {"model": None, "title": None}
    with Project.open(study, read_only=True) as project:
        assert [r.author for r in project.audit_of_project()] == ["Lead", "Lead"]


def test_a_model_that_is_not_there_is_refused(study: Path) -> None:
    refused = mirage("project", "model", study, "grahp", "--author", "Lead")
    assert refused.code == 2
    assert "graph" in refused.err
    with Project.open(study, read_only=True) as project:
        assert project.default_engine.get() is None


def test_a_model_and_none_exclude_each_other(study: Path) -> None:
    refused = mirage("project", "model", study, "graph", "--clear", "--author", "Lead")
    assert refused.code == 2
    assert "exclude" in refused.err
