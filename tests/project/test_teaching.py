"""Only what someone corrected is taught, and nothing of the patient goes along."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import MASKS, Session, State
from mirage_core.project import Project
from mirage_core.project.records import ScanRecord
from mirage_core.project.teaching import ProjectSource, TeachingChoice, collect
from mirage_core.training.finetune.labelled import SURFACE_NAMES
from tests.project.eyes import NAME, PATIENT_ID, make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as made:
        yield made


def add(project: Project, seed: int = 0) -> ScanRecord:
    scan = make_scan(seed)
    record = project.add_scan(scan)
    return project.import_pixels(record, scan)


def draw(session: Session, b: int, name: str = "RPE", depth: float = 20.0) -> None:
    draft = session.draft(b)
    draft.curves[SURFACE_NAMES.index(name)] = depth
    session.commit(draft, "pen", "drawn")


def mark(session: Session, b: int, value: int = 2) -> None:
    draft = session.draft(b)
    draft.mask[30:36, 10:20] = value
    session.commit(draft, "brush", "marked")


def test_only_b_scans_and_structures_that_were_corrected_are_taught(project: Project) -> None:
    record = add(project)
    session = project.session(record, "ada")
    draw(session, 1)
    mark(session, 4)
    session.set_state([5], State.APPROVED, ["ILM"])
    project.close_session(session)
    data = collect(project)
    assert [b.b_scan for b in data.b_scans] == [1, 4, 5]
    drawn, marked, approved = data.b_scans
    assert drawn.known_surfaces == ("RPE",)
    assert (drawn.surfaces[SURFACE_NAMES.index("RPE")] == 20).all()
    assert drawn.masks is None
    assert marked.lesions == ("SRF",)
    assert marked.known_surfaces == ()
    assert approved.known_surfaces == ("ILM",)  # the device's, which someone approved
    np.testing.assert_array_equal(drawn.image, make_scan().b_scan(1))
    assert drawn.spacing.z.mm == 0.0039


def test_a_choice_narrows_it(project: Project) -> None:
    first, second = add(project), add(project, seed=3)
    for record in (first, second):
        session = project.session(record, "ada")
        draw(session, 0)
        draw(session, 1, "BM", 30)
        session.set_state([1], State.APPROVED, ["BM"])
        mark(session, 2)
        project.close_session(session)

    def taught(**fields: object) -> list[tuple[str, int]]:
        found = collect(project, TeachingChoice(**fields))
        return [(b.scan, b.b_scan) for b in found.b_scans]

    assert len(taught()) == 6
    assert taught(scans=(first.id,)) == [(first.id, b) for b in range(3)]
    assert {b for _, b in taught(states=frozenset({State.APPROVED}))} == {1}
    assert {b for _, b in taught(structures=("RPE",))} == {0}
    assert {b for _, b in taught(structures=(MASKS,))} == {2}
    assert taught(graders=("bob",)) == []


def test_of_two_graders_the_work_changed_last_is_taken_and_that_is_said(project: Project) -> None:
    record = add(project)
    for name, depth in (("ada", 20.0), ("bob", 24.0)):
        session = project.session(record, name)
        draw(session, 1, depth=depth)
        project.close_session(session)
    data = collect(project)
    (only,) = data.b_scans
    assert only.surfaces[SURFACE_NAMES.index("RPE"), 0] == 24
    assert any("several graders" in note for note in data.notes)
    assert not collect(project, TeachingChoice(graders=("ada",))).notes


def test_a_consensus_counts_before_the_graders_it_came_from(project: Project) -> None:
    record = add(project)
    agreed = project.consensus(record, "eve")
    draw(agreed, 1, depth=22)
    project.close_session(agreed)
    for name, depth in (("ada", 20.0), ("bob", 24.0)):
        session = project.session(record, name)
        draw(session, 1, depth=depth)
        draw(session, 2, depth=depth)
        project.close_session(session)
    decided, undecided = collect(project).b_scans
    assert decided.surfaces[SURFACE_NAMES.index("RPE"), 0] == 22
    assert undecided.surfaces[SURFACE_NAMES.index("RPE"), 0] == 24


def test_structures_are_taken_of_whoever_corrected_them_and_approved_ones_first(
    project: Project,
) -> None:
    record = add(project)
    ada = project.session(record, "ada")
    draw(ada, 1, depth=20.0)
    draw(ada, 1, "ILM", 8.0)
    mark(ada, 1)
    ada.set_state([1], State.APPROVED, ["RPE", MASKS])
    project.close_session(ada)
    bob = project.session(record, "bob")
    draw(bob, 1, depth=24.0)
    draw(bob, 1, "ILM", 9.0)
    draw(bob, 1, "BM", 30.0)
    project.close_session(bob)
    data = collect(project)
    (only,) = data.b_scans
    depths = {n: only.surfaces[SURFACE_NAMES.index(n), 0] for n in ("ILM", "RPE", "BM")}
    assert depths == {"ILM": 9.0, "RPE": 20.0, "BM": 30.0}
    assert only.masks is not None
    assert only.masks.any()
    assert any("1 B-scan was corrected by several graders" in note for note in data.notes)


def test_a_scan_without_its_pixels_is_left_out_and_that_is_said(project: Project) -> None:
    scan = make_scan()
    record = project.add_scan(scan)
    session = project.session(record, "ada", scan=scan)
    draw(session, 1)
    project.close_session(session)
    data = collect(project)
    assert len(data) == 0
    assert "1 scan was left out" in data.notes[0]


def test_patients_are_known_by_their_pseudonyms_alone(project: Project) -> None:
    record = add(project)
    session = project.session(record, "ada")
    draw(session, 1)
    project.close_session(session)
    data = collect(project)
    assert data.patients == (record.pseudonym,)
    content = pickle.dumps(data)
    for word in (*NAME.split("^"), PATIENT_ID):
        assert word.encode() not in content


def test_a_source_is_read_elsewhere(project: Project) -> None:
    record = add(project)
    session = project.session(record, "ada")
    draw(session, 1)
    project.close_session(session)
    source = pickle.loads(pickle.dumps(ProjectSource(project.folder)))
    assert [b.b_scan for b in source().b_scans] == [1]
