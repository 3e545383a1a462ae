"""`mirage project graders | audit`, and `compare` of two graders' lines."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mirage_core.annotate import State
from mirage_core.project import Project
from tests.cli.running import mirage
from tests.project.eyes import NAME, PATIENT_ID, make_scan


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project: Anna and Ben drew the RPE of one eye, Anna of another of the same patient."""
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        for seed, depths in ((0, {"Anna": 30, "Ben": 32}), (1, {"Anna": 28})):
            scan = make_scan(seed)
            record = project.import_pixels(project.add_scan(scan, "Lead"), scan)
            for grader, depth in depths.items():
                session = project.session(record, grader)
                for b in range(4):
                    draft = session.draft(b)
                    draft.curves[session.annotation.surfaces.index("RPE")] = depth
                    session.commit(draft, "pen", "Pen on RPE")
                session.set_state(range(3), State.APPROVED)
                project.close_session(session)
    return folder


def ids(study: Path) -> list[str]:
    with Project.open(study) as project:
        return [row.scan.id for row in project.worklist()]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_graders_are_listed(study: Path) -> None:
    shown = mirage("project", "graders", study)
    assert shown.code == 0
    for word in ("Anna", "Ben", "Grader"):
        assert word in shown.out
    assert "Blinding is off." in shown.err
    listed = mirage("project", "graders", study, "--json").json
    assert not listed["blind"]
    anna, ben = listed["graders"]
    assert (anna["name"], anna["scans"], anna["b_scans"]["approved"]) == ("Anna", 2, 6)
    assert (ben["name"], ben["scans"], ben["b_scans"]["edited"]) == ("Ben", 1, 1)


def test_a_project_nobody_works_on_says_so(tmp_path: Path) -> None:
    Project.create(tmp_path / "new").close()
    assert "Nobody has worked" in mirage("project", "graders", tmp_path / "new").out


def test_blinding_is_turned_on_and_off_by_someone(study: Path) -> None:
    refused = mirage("project", "graders", study, "--blind")
    assert refused.code == 2
    assert "--author NAME" in refused.err
    on = mirage("project", "graders", study, "--blind", "--author", "Lead")
    assert on.code == 0
    assert "Blinding is on" in on.err
    assert mirage("project", "graders", study, "--json").json["blind"]
    assert mirage("project", "graders", study, "--no-blind", "--author", "Lead").code == 0
    with Project.open(study) as project:
        assert [(r.author, r.label) for r in project.audit_of_project()] == [
            ("Lead", "on"),
            ("Lead", "off"),
        ]


def test_two_graders_are_compared_and_the_table_written(study: Path, tmp_path: Path) -> None:
    scan, out = ids(study)[0], tmp_path / "table.csv"
    args = ("project", "compare", study, "--scan", scan, "--graders", "Anna", "Ben")
    shown = mirage(*args, "-o", out)
    assert shown.code == 0, shown.err
    assert "Anna and Ben on B-scans 1-4" in shown.out
    assert "-7.80" in shown.out  # µm
    assert "The gap between B-scans of this scan is unknown" in shown.out
    rows = {(r["structure"], r["figure"], r["unit"]): r for r in read(out)}
    assert float(rows["RPE", "mean difference", "px"]["value"]) == -2
    assert rows["RPE", "both by hand", "B-scans"]["value"] == "4"
    again = mirage(*args, "-o", out)
    assert again.code == 2
    assert "exists already" in again.err
    assert mirage(*args, "-o", out, "--overwrite").code == 0


def test_a_comparison_as_json_says_undefined_as_null(study: Path) -> None:
    scan = ids(study)[0]
    args = ("project", "compare", study, "--scan", scan, "--graders", "Ben", "Anna", "--json")
    found = mirage(*args, "--b-scans", "2-3,4").json
    assert found["b_scans"] == [2, 3, 4]
    assert found["graders"] == ["Ben", "Anna"]
    figures = {(f["structure"], f["figure"], f["unit"]): f for f in found["figures"]}
    assert figures["RPE", "mean difference", "px"]["value"] == 2
    assert figures["IRF", "Dice", ""]["value"] is None
    assert figures["IRF", "volume of first", "nL"]["note"]


def test_a_blind_project_is_not_compared(study: Path) -> None:
    assert mirage("project", "graders", study, "--blind", "--author", "Lead").code == 0
    scan = ids(study)[0]
    refused = mirage("project", "compare", study, "--scan", scan, "--graders", "Anna", "Ben")
    assert refused.code == 2
    assert "This project is blind: graders do not see each other's work." in refused.err


def test_a_consensus_is_compared_by_its_name(study: Path) -> None:
    with Project.open(study) as project:
        record = project.worklist()[0].scan
        session = project.consensus(record, "Judge")
        session.set_state([0], State.APPROVED)
        project.close_session(session)
    shown = mirage(
        "project", "compare", study, "--scan", record.id, "--graders", "Consensus", "Ben"
    )
    assert shown.code == 0, shown.err
    assert "Consensus and Ben on B-scans 1\n" in shown.out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--scan", "P0001", "--graders", "Anna", "Ben"), "P0001 has 2 scans in this project."),
        (("--scan", "P0009", "--graders", "Anna", "Ben"), "There are P0001."),
        (("--scan", "{0}", "--graders", "Anna", "Zoe"), "Who has: "),
        (("--scan", "{0}", "--graders", "Anna", "Anna"), "one and the same annotation"),
        (("--scan", "{1}", "--graders", "Anna", "Ben"), "Ben has not worked on this scan."),
        (("--scan", "{0}", "--graders", "Anna", "Ben", "--b-scans", "0-2"), "B-scans 1 to 6"),
        (("--scan", "{0}", "--graders", "Anna", "Ben", "--b-scans", "7"), "B-scans 1 to 6"),
        (("--scan", "{0}", "--graders", "Anna", "Ben", "--b-scans", "3-2"), "B-scans 1 to 6"),
        (("--scan", "{0}", "--graders", "Anna", "Ben", "--b-scans", "x"), "Write them like"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    study: Path, args: tuple[str, ...], sentence: str
) -> None:
    scans = ids(study)
    refused = mirage("project", "compare", study, *(a.format(*scans) for a in args))
    assert refused.code == 2
    assert len(refused.err.strip().splitlines()) == 1
    assert sentence in refused.err


def test_graders_without_a_b_scan_in_common_are_not_compared(study: Path) -> None:
    with Project.open(study) as project:
        record = project.worklist()[0].scan
        project.session(record, "Zoe").set_state([5], State.APPROVED)
    refused = mirage("project", "compare", study, "--scan", record.id, "--graders", "Anna", "Zoe")
    assert refused.code == 2
    assert "no B-scan that both Anna and Zoe worked on" in refused.err


def test_the_audit_trail_is_written_for_all_scans_or_some(study: Path, tmp_path: Path) -> None:
    one, two = ids(study)
    mirage("project", "graders", study, "--blind", "--author", "Lead")
    every, some = tmp_path / "all.csv", tmp_path / "some.csv"
    assert mirage("project", "audit", study, "-o", every).code == 0
    told = mirage("project", "audit", study, "--scan", two, "-o", some, "--json").json
    assert told == {"file": str(some), "scans": 1, "events": 7}
    rows = read(every)
    assert [r["what"] for r in rows[:3]] == ["blind", "added", "imported"]
    assert {r["scan"] for r in rows} == {"", one, two}
    assert {r["scan"] for r in read(some)} == {two}
    assert [(r["author"], r["tool"], r["b_scans"]) for r in read(some)[-2:]] == [
        ("Anna", "pen", "4"),
        ("Anna", "state", "1-3"),
    ]
    text = every.read_text(encoding="utf-8")
    assert not any(secret in text for secret in (NAME, PATIENT_ID, "quokka"))
    wrong = mirage("project", "audit", study, "--scan", "P7", "-o", some)
    assert wrong.code == 2
    assert "no scan 'P7'" in wrong.err


def test_a_folder_without_a_project_is_said(tmp_path: Path) -> None:
    for args in (
        ("graders", tmp_path),
        ("graders", tmp_path / "nowhere"),
        ("audit", tmp_path, "-o", tmp_path / "x.csv"),
    ):
        refused = mirage("project", *args)
        assert refused.code == 2
        assert len(refused.err.strip().splitlines()) == 1
    assert not (tmp_path / "x.csv").exists()
