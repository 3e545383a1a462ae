"""Several graders on one project: blind to each other, compared, and brought to a consensus."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import EventKind, Session, State
from mirage_core.annotate.adjudicate import chosen, chosen_agreeing
from mirage_core.measure.comparison import compare
from mirage_core.measure.triage import agreeing_b_scans
from mirage_core.project import Project, ProjectError, ScanBusyError, ScanRecord, Trouble
from mirage_core.project.tables import AUDIT_COLUMNS, write_agreement, write_audit
from tests.project.eyes import FILE_NAME, NAME, PATIENT_ID, SHAPE, make_scan, same, step

SEED = 11


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "study"


def draw(session: Session, name: str, depth: float, b_scans: range = range(SHAPE[0])) -> None:
    """Draw a level surface and approve it."""
    for b in b_scans:
        draft = session.draft(b)
        draft.curves[session.annotation.surfaces.index(name)] = depth
        session.commit(draft, "pen", f"Pen on {name}")
    session.set_state(b_scans, State.APPROVED)


def scanned(project: Project, seed: int = 0) -> ScanRecord:
    scan = make_scan(seed)
    return project.import_pixels(project.add_scan(scan), scan)


def graded(project: Project, rpe: dict[str, float]) -> ScanRecord:
    """Return a scan on which every grader drew the RPE at a depth of their own."""
    record = scanned(project)
    for grader, depth in rpe.items():
        session = project.session(record, grader)
        draw(session, "RPE", depth)
        project.close_session(session)
    return record


def id_of(project: Project, annotator: str) -> int:
    return next(
        a.id for row in project.worklist() for a in row.annotations if a.annotator == annotator
    )


def test_a_project_is_not_blind_until_someone_says_so(folder: Path) -> None:
    with Project.create(folder) as project:
        assert not project.blind
        project.set_blind(True, "lead")
        project.set_blind(True, "again")
        assert project.blind
    with Project.open(folder) as project:
        assert project.blind
        project.set_blind(False, "lead")
        assert not project.blind
        log = [(r.author, r.what, r.label) for r in project.audit_of_project()]
    assert log == [("lead", "blind", "on"), ("lead", "blind", "off")]


def test_blinding_is_nobodys_work_and_needs_write_access(folder: Path) -> None:
    with Project.create(folder) as project:
        for nobody in ("", "  "):
            with pytest.raises(ValueError, match="Say who"):
                project.set_blind(True, nobody)
        assert project.audit_of_project() == ()
    with Project.open(folder, read_only=True) as project:
        assert not project.blind
        with pytest.raises(ProjectError, match="reading only"):
            project.set_blind(True, "lead")


def test_a_grader_of_a_blind_project_sees_their_own_work_only(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30, "Ben": 32})
        project.close_session(project.consensus(record, "Judge"))
        project.set_blind(True, "lead")
        for viewer in ("Anna", "Ben"):
            (row,) = project.worklist(viewer)
            assert [a.annotator for a in row.annotations] == [viewer]
            assert {r.annotator for r in project.audit(record.id, viewer)} == {"", viewer}
            assert [g.name for g in project.graders.all(project.log.annotations(), viewer)] == [
                viewer
            ]
        for stranger in ("Carl", "Consensus"):
            (row,) = project.worklist(stranger)
            assert row.annotations == ()
        (row,) = project.worklist()
        assert {a.annotator for a in row.annotations} == {"Anna", "Ben", "Consensus"}
        assert {r.annotator for r in project.audit(record.id)} >= {"Anna", "Ben"}


def test_a_grader_of_an_open_project_sees_everyones_work(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30, "Ben": 32})
        (row,) = project.worklist("Anna")
        assert {a.annotator for a in row.annotations} == {"Anna", "Ben"}
        other = project.annotation(record, id_of(project, "Ben"), "Anna")
        assert (other.surfaces["RPE"] == 32).all()


def test_another_graders_work_cannot_be_read_or_opened_while_blind(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30, "Ben": 32})
        project.set_blind(True, "lead")
        bens = id_of(project, "Ben")
        for attempt in (
            lambda: project.annotation(record, bens, "Anna"),
            lambda: project.annotation(record, bens, ""),
            lambda: project.session(record, "Anna", annotation_id=bens),
        ):
            with pytest.raises(ProjectError, match="graders do not see each other's work") as e:
                attempt()
            assert e.value.trouble is Trouble.BLIND
            assert "turns blinding off" in e.value.hint
        assert (project.annotation(record, bens, "Ben").surfaces["RPE"] == 32).all()
        project.close_session(project.session(record, "Ben", annotation_id=bens))
        project.close_session(project.session(record, "Anna"))
        project.set_blind(False, "lead")
        assert (project.annotation(record, bens, "Anna").surfaces["RPE"] == 32).all()


def test_a_blind_project_offers_nobody_anothers_unfinished_work(folder: Path) -> None:
    with Project.create(folder) as project:
        record = scanned(project)
        for grader in ("Anna", "Ben"):
            session = project.session(record, grader)
            project._open.pop(session).close(finished=False)  # as if it was killed
        project.set_blind(True, "lead")
        assert [u.annotation.annotator for u in project.unfinished("Ben")] == ["Ben"]
        assert len(project.unfinished()) == 2
        project.set_blind(False, "lead")
        assert len(project.unfinished("Ben")) == 2


def test_adjudication_needs_blinding_off(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30})
        project.close_session(project.consensus(record, "Judge"))
        project.set_blind(True, "lead")
        made = id_of(project, "Consensus")
        for attempt in (
            lambda: project.consensus(record, "Judge"),
            lambda: project.annotation(record, made, "Consensus"),
            lambda: project.session(record, "Judge", annotation_id=made),
            lambda: project.consensus(scanned(project, 1), "Judge"),
        ):
            with pytest.raises(ProjectError, match="whoever adjudicates sees the work") as caught:
                attempt()
            assert caught.value.trouble is Trouble.BLIND


def test_an_annotation_is_read_as_it_is_now_while_its_grader_works_on_it(folder: Path) -> None:
    with Project.create(folder) as project:
        record = scanned(project)
        ben = project.session(record, "Ben")
        for number in range(25):
            step(ben, SEED, number)
            seen = project.annotation(record, id_of(project, "Ben"), "Anna")
            assert same(seen, ben.annotation)
        seen.surfaces.values[...] = 1
        seen.masks.labels[...] = 1
        step(ben, SEED, 25)  # Ben's lease was not touched
        assert not ben.unsaved
        assert same(project.annotation(record, id_of(project, "Ben"), "Anna"), ben.annotation)
    with Project.open(folder, read_only=True) as project:
        seen = project.annotation(project.scan(record.id), id_of(project, "Ben"), "Anna")
        assert same(seen, ben.annotation)


def test_looking_begins_no_annotation(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Ben": 32})
        project.annotation(record, id_of(project, "Ben"), "Anna")
        with pytest.raises(KeyError):
            project.annotation(record, 4711, "Anna")
        with pytest.raises(KeyError):
            project.annotation(scanned(project, 1), id_of(project, "Ben"), "Anna")
        assert [g.name for g in project.graders.all(project.log.annotations(), None)] == ["Ben"]


def test_edits_that_cannot_be_read_are_said_and_the_rest_is_shown(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Ben": 32})
        bens = id_of(project, "Ben")
        with project._store.write() as connection:
            # A damaged disk asks no trigger.
            connection.exec_driver_sql("DROP TRIGGER events_keep_update")
            connection.exec_driver_sql("UPDATE events SET payload = x'00' WHERE seq = 2")
        said: list[str] = []
        seen = project.annotation(record, bens, "Anna", on_damage=said.append)
        assert len(said) == 1
        assert said[0].startswith("1 edit of 7 cannot be read")
        assert (seen.surfaces["RPE"][[0, 2, 3, 4, 5]] == 32).all()


def test_there_is_one_consensus_of_a_scan_and_its_edits_have_the_adjudicator(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30})
        first = project.consensus(record, "Judge")
        assert first.author == "Judge"
        draw(first, "BM", 40, range(1))
        project.close_session(first)
        second = project.consensus(record, "Deputy")
        assert same(second.annotation, first.annotation)
        second.undo()
        project.close_session(second)
        (row,) = project.worklist()
        assert [(a.annotator, a.is_consensus) for a in row.annotations] == [
            ("Consensus", True),
            ("Anna", False),
        ]
        assert project.graders.consensus_id(record.id) == row.annotations[0].id
        trail = [(r.author, r.what) for r in project.audit(record.id) if r.annotator != "Anna"]
        assert ("Judge", "consensus") in trail
        assert trail[-3:] == [
            ("Judge", EventKind.DO),
            ("Judge", EventKind.DO),
            ("Deputy", EventKind.UNDO),
        ]
        assert [what for _, what in trail].count("consensus") == 1


def test_a_consensus_begins_with_what_the_device_drew(folder: Path) -> None:
    with Project.create(folder) as project:
        record = scanned(project)
        consensus = project.consensus(record, "Judge")
        assert same(consensus.annotation, Session(project.open_scan(record)).annotation)


def test_a_consensus_can_begin_before_the_pixels_are_imported(folder: Path) -> None:
    scan = make_scan()
    with Project.create(folder) as project:
        record = project.add_scan(scan)
        draw(project.consensus(record, "Judge", scan=scan), "RPE", 30)
        record = project.import_pixels(record, scan)
        assert (project.consensus(record, "Judge").annotation.surfaces["RPE"] == 30).all()


def test_a_consensus_is_not_begun_in_a_project_that_is_open_for_reading(folder: Path) -> None:
    with Project.create(folder) as project:
        one, two = graded(project, {"Anna": 30}), scanned(project, 1)
        project.close_session(project.consensus(one, "Judge"))
    with Project.open(folder, read_only=True) as project:
        project.consensus(project.scan(one.id), "Judge")
        with pytest.raises(ProjectError, match="reading only"):
            project.consensus(project.scan(two.id), "Judge")


def test_two_programs_that_begin_a_consensus_at_once_begin_the_same(folder: Path) -> None:
    with Project.create(folder) as project:
        record = scanned(project)
    started = threading.Barrier(2)
    found: list[int] = []

    def begin() -> None:
        with Project.open(folder) as project:
            scan = project.open_scan(project.scan(record.id))

            def opened():
                started.wait(20)  # neither sees the other's
                return scan

            found.append(project.graders.begin_consensus(record.id, "Judge", opened))

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    with Project.open(folder) as project:
        assert len(project.worklist()[0].annotations) == 1


def test_a_consensus_open_elsewhere_is_busy(folder: Path) -> None:
    with Project.create(folder) as one, Project.open(folder) as other:
        record = graded(one, {"Anna": 30})
        one.consensus(record, "Judge")
        with pytest.raises(ScanBusyError):
            other.consensus(record, "Deputy")


def test_a_person_called_consensus_keeps_their_own_work(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Consensus": 30})
        session = project.consensus(record, "Judge")
        assert np.isnan(session.annotation.surfaces["RPE"]).all()
        (row,) = project.worklist()
        assert {(a.annotator, a.is_consensus) for a in row.annotations} == {
            ("Consensus", False),
            ("Consensus 2", True),
        }
        assert [g.name for g in project.graders.all(project.log.annotations(), None)] == [
            "Consensus"
        ]
        project.close_session(project.session(record, "Consensus"))


def test_nobody_gets_the_consensus_by_its_name(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Anna": 30})
        project.close_session(project.consensus(record, "Judge"))
        with pytest.raises(ProjectError, match="Consensus is the name of the graders'") as caught:
            project.session(record, "Consensus")
        assert caught.value.trouble is Trouble.NAME_TAKEN


def test_graders_are_listed_with_how_far_they_are(folder: Path) -> None:
    with Project.create(folder) as project:
        record = graded(project, {"Ben": 32, "Anna": 30})
        draw(project.session(scanned(project, 1), "Anna"), "RPE", 31)
        project.session(record, "Zoe")
        anna, ben, zoe = project.graders.all(project.log.annotations(), None)
    assert [(g.name, g.n_scans) for g in (anna, ben, zoe)] == [("Anna", 2), ("Ben", 1), ("Zoe", 0)]
    assert anna.b_scans[State.APPROVED] == 2 * SHAPE[0]
    assert ben.b_scans[State.APPROVED] == SHAPE[0]
    assert anna.changed is not None
    assert zoe.changed is None


def test_two_graders_from_blind_work_to_a_consensus_and_its_tables(
    folder: Path, tmp_path: Path
) -> None:
    with Project.create(folder) as project:
        project.set_blind(True, "Lead")
        record = graded(project, {"Anna": 30, "Ben": 31})
        ben = project.session(record, "Ben")
        draw(ben, "RPE", 37, range(2, 4))
        project.close_session(ben)
    with Project.open(folder) as project:
        record = project.scan(record.id)
        with pytest.raises(ProjectError):
            project.annotation(record, id_of(project, "Ben"), "Anna")
        project.set_blind(False, "Lead")
        anna, ben = (
            project.annotation(record, id_of(project, g), "Judge") for g in ("Anna", "Ben")
        )
        found = compare(anna, ben, project.open_scan(record))
        assert found is not None
        (rpe,) = (s for s in found.surfaces if s.name == "RPE")
        assert rpe.px.bias == pytest.approx(-(4 * 1 + 2 * 7) / 6)
        assert rpe.um.largest == pytest.approx(7 * 3.9)
        triage = agreeing_b_scans(anna, ben, tolerance_px=1)
        assert triage.agreeing == (0, 1, 4, 5)
        assert triage.to_decide == (2, 3)
        consensus = project.consensus(record, "Judge")
        chosen_agreeing(consensus, anna, triage.agreeing, ("Anna", "Ben"), 1)
        chosen(consensus, ben, [2], source_name="Ben")
        chosen(consensus, anna, [3], ["RPE"], "Anna")
        project.close_session(consensus)
        write_agreement(tmp_path / "agreement.csv", record, ("Anna", "Ben"), found)
        trail = [(None, project.audit_of_project()), (record, project.audit(record.id))]
        write_audit(tmp_path / "audit.csv", trail)
    with Project.open(folder) as project:
        reopened = project.consensus(project.scan(record.id), "Judge")
        depths = reopened.annotation.surfaces["RPE"][:, 0].tolist()
        assert depths == [30, 30, 37, 30, 30, 30]
        assert len(reopened.history.done) == 3
    agreement = read(tmp_path / "agreement.csv")
    (row,) = (
        r
        for r in agreement
        if (r["structure"], r["figure"], r["unit"]) == ("RPE", "mean difference", "um")
    )
    assert float(row["value"]) == pytest.approx(-18 / 6 * 3.9)
    assert (row["pseudonym"], row["scan"], row["first"], row["second"], row["b_scans"]) == (
        "P0001",
        record.id,
        "Anna",
        "Ben",
        "1-6",
    )
    unknown = [r for r in agreement if r["unit"] == "nL"]
    assert unknown
    assert {r["value"] for r in unknown} == {""}
    assert all("gap between B-scans of this scan is unknown" in r["note"] for r in unknown)
    audit = read(tmp_path / "audit.csv")
    assert tuple(audit[0]) == AUDIT_COLUMNS
    assert [(r["author"], r["what"], r["label"], r["scan"]) for r in audit[:2]] == [
        ("Lead", "blind", "on", ""),
        ("Lead", "blind", "off", ""),
    ]
    assert [
        (r["author"], r["annotator"], r["tool"], r["label"], r["b_scans"]) for r in audit[-3:]
    ] == [
        ("Judge", "Consensus", "adjudicate", "4 B-scans from Anna, within 1 px of Ben", "1-2,5-6"),
        ("Judge", "Consensus", "adjudicate", "B-scan 3 from Ben", "3"),
        ("Judge", "Consensus", "adjudicate", "B-scan 4 from Anna: RPE", "4"),
    ]
    assert all(r["time_utc"].endswith("+00:00") for r in audit)
    assert {r["pseudonym"] for r in audit} == {"", "P0001"}
    exported = b"".join((tmp_path / n).read_bytes() for n in ("agreement.csv", "audit.csv"))
    for secret in (NAME, PATIENT_ID, FILE_NAME, "quokka", "1931-02-03", "19310203"):
        assert secret.encode() not in exported


def test_undone_edits_stay_in_the_exported_trail(folder: Path, tmp_path: Path) -> None:
    with Project.create(folder) as project:
        record = scanned(project)
        session = project.session(record, "Änne")
        session.set_state([1, 2], State.APPROVED)
        session.undo()
        session.redo()
        write_audit(tmp_path / "audit.csv", [(record, project.audit(record.id))])
    rows = [(r["author"], r["what"], r["tool"], r["b_scans"]) for r in read(tmp_path / "audit.csv")]
    assert rows[-3:] == [
        ("Änne", "do", "state", "2-3"),
        ("Änne", "undo", "state", "2-3"),
        ("Änne", "redo", "state", "2-3"),
    ]


def test_a_table_replaces_nothing_unless_told_to(folder: Path, tmp_path: Path) -> None:
    from mirage_core.io.atomic import ExportError

    target = tmp_path / "audit.csv"
    target.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        write_audit(target, [])
    assert target.read_text() == "mine"
    write_audit(target, [], overwrite=True)
    assert target.read_text().strip() == ",".join(AUDIT_COLUMNS)
    assert [p.name for p in tmp_path.iterdir() if p != folder] == ["audit.csv"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
