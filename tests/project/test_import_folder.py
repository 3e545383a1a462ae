"""A folder of scans comes into a project whole: bad files, copies and Ctrl-C included."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mirage_core.io import ReadOptions, find_scans
from mirage_core.io.errors import ReadError
from mirage_core.jobs import LocalExecutor, submit
from mirage_core.project import Project, ProjectError, Trouble
from mirage_core.project.folder_import import FoundTwice, ImportProgress
from mirage_core.project.import_folder import import_folder, import_scans
from mirage_core.project.importing import import_whole
from mirage_core.project.scans import ScanTable
from mirage_core.scan import Scan
from tests.project.eyes import make_scan

SHAPE = (5, 40, 24)


def write(path: Path, seed: int, kind: type = np.uint8) -> Path:
    """Write a .npz whose grey values depend on `seed`, not on the type they are stored in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = np.random.default_rng(seed).integers(0, 256, SHAPE, np.uint8)
    volume.flat[:2] = 0, 255  # stored in another type, the same grey is shown
    np.savez(path, volume=volume.astype(kind))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three scans in folders, and a file that is none."""
    folder = tmp_path / "DOE_JANE"
    write(folder / "a" / "1.npz", 1)
    write(folder / "a" / "2.npz", 2)
    (folder / "b").mkdir()
    (folder / "b" / "broken.vol").write_bytes(b"this is not a scan\n" * 300)
    write(folder / "b" / "10.npz", 3)
    return folder


def scan_files(project: Project) -> list[str]:
    return sorted(p.stem for p in (project.folder / "scans").iterdir())


def test_every_scan_is_in_with_pixels_and_picture(project: Project, source: Path) -> None:
    result = import_folder(project.folder, source, "ada")
    rows = project.worklist()
    assert tuple(row.scan for row in rows) == result.new
    assert len(rows) == 3
    assert all(row.scan.imported and row.has_thumbnail for row in rows)
    assert all(project.verify(row.scan) for row in rows)
    log = [(row.what, row.author) for row in project.audit(rows[0].scan.id)]
    assert log == [("added", "ada"), ("imported", "")]


def test_a_bad_file_is_told_of_and_stops_nothing(project: Project, source: Path) -> None:
    (failed,) = import_folder(project.folder, source).failed
    assert failed.path == source / "b" / "broken.vol"
    assert failed.hint
    assert "broken" not in failed.what + failed.hint


def test_a_bug_in_a_reader_stops_nothing_and_tells_no_name(
    project: Project, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.project import import_folder as module

    def fail(path: Path, options: object) -> Scan:
        raise ValueError(f"cannot read {path}")

    monkeypatch.setattr(module, "open_scan", fail)
    result = import_folder(project.folder, source)
    assert len(result.failed) == 4
    assert result.failed[0].what == "Something unexpected went wrong (ValueError)."


def test_a_second_import_finds_everything_there(project: Project, source: Path) -> None:
    first = import_folder(project.folder, source)
    again = import_folder(project.folder, source)
    assert again.new == again.duplicates == ()
    assert again.already_there == first.new
    assert len(scan_files(project)) == 3


def test_a_copy_of_a_file_is_the_same_scan(project: Project, source: Path) -> None:
    write(source / "z" / "copy of 1.npz", 1)
    result = import_folder(project.folder, source)
    assert len(result.new) == 3
    assert result.already_there == result.duplicates == ()
    assert result.n_copies == 1
    again = import_folder(project.folder, source)
    assert (len(again.already_there), again.n_copies) == (3, 1)


def test_the_same_pixels_from_another_program_are_two_scans_and_flagged(
    project: Project, source: Path
) -> None:
    first = project.import_pixels(project.add_scan(make_scan()), make_scan())
    import_folder(project.folder, source)
    write(source / "c" / "exported.npz", 1, np.uint16)
    result = import_folder(project.folder, source)
    (twice,) = result.duplicates
    assert result.new == (twice.scan,)
    assert twice.scan.sha256 == twice.first.sha256
    assert twice.scan.fingerprint != twice.first.fingerprint
    assert result.words.endswith(
        f"{twice.scan.pseudonym} has the same pixels as {twice.first.pseudonym}."
    )
    flagged = {row.scan: row.duplicate_of for row in project.worklist() if row.duplicate_of}
    assert flagged == {twice.scan: twice.first}
    assert first not in flagged
    assert len(project.worklist()) == 5, "nothing is deleted"


def test_a_scan_whose_stored_file_is_gone_is_no_duplicate(project: Project, source: Path) -> None:
    write(source / "c" / "exported.npz", 1, np.uint16)
    (twice,) = import_folder(project.folder, source).duplicates
    (project.folder / "scans" / f"{twice.first.id}.h5").unlink()
    assert not any(row.duplicate_of for row in project.worklist())


def test_a_known_scan_without_pixels_gets_them(project: Project, source: Path) -> None:
    from mirage_core.io import open_scan

    record = project.add_scan(open_scan(source / "a" / "1.npz"))
    assert not record.imported
    result = import_folder(project.folder, source)
    assert [scan.id for scan in result.already_there] == [record.id]
    assert project.scan(record.id).imported


def test_what_the_files_do_not_say_can_be_told_for_all(project: Project, source: Path) -> None:
    options = ReadOptions(spacing_mm=(0.12, 0.004, 0.011))
    result = import_folder(project.folder, source, options=options)
    assert {scan.spacing.as_mm() for scan in result.new} == {(0.12, 0.004, 0.011)}


def test_progress_rises_to_the_last_scan(project: Project, source: Path) -> None:
    seen: list[ImportProgress] = []
    import_folder(project.folder, source, report=seen.append)
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)
    assert {p.done for p in seen} == {0, 1, 2, 3, 4}
    assert {p.total for p in seen} == {4}
    assert seen[-1].fraction == 1.0
    assert seen[-1].left_s == 0


@pytest.mark.parametrize("done", range(8))
def test_a_fraction_that_was_rounded_on_its_way_is_still_so_many_scans(done: int) -> None:
    assert ImportProgress.at(float(f"{done / 7:.6f}"), 7).done == done


def stop_in(n: int) -> Callable[[], bool]:
    """Say so at the `n`-th time of asking, from 0."""
    asked = iter(range(10_000))
    return lambda: next(asked) >= n


@pytest.mark.parametrize("after", [0, 1, 3, 5, 6, 8, 13, 18])
def test_cancelling_keeps_what_is_in_and_leaves_no_half_scan(
    project: Project, source: Path, after: int
) -> None:
    result = import_folder(project.folder, source, cancelled=stop_in(after))
    rows = project.worklist()
    assert tuple(row.scan for row in rows) == result.new
    assert all(project.verify(row.scan) for row in rows)
    assert scan_files(project) == sorted(row.scan.id for row in rows)
    assert len(result.new) + len(result.failed) + result.n_left == 4
    assert result.n_left > 0
    assert not result.stopped


def test_a_scan_is_registered_with_its_pixels_or_not_at_all(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise ProjectError(project.folder, Trouble.DISK_FULL)

    monkeypatch.setattr(ScanTable, "add_stored", full)
    with pytest.raises(ProjectError, match="The disk is full"):
        import_whole(project._store, make_scan())
    assert scan_files(project) == []
    assert project.worklist() == ()


def test_pixels_stay_where_their_record_got_into_the_database_after_all(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ScanTable.add_stored

    def doubtful(self: ScanTable, *arguments: object) -> None:
        real(self, *arguments)  # type: ignore[arg-type]
        raise ProjectError(project.folder, Trouble.UNREACHABLE)

    monkeypatch.setattr(ScanTable, "add_stored", doubtful)
    with pytest.raises(ProjectError):
        import_whole(project._store, make_scan())
    (row,) = project.worklist()
    assert project.verify(row.scan)


def test_of_two_programs_that_import_a_scan_at_once_one_finds_it_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScanTable, "known", lambda *_: None)  # the other has not added it yet
    first, fresh = import_whole(project._store, make_scan())
    assert fresh
    again, fresh = import_whole(project._store, make_scan())
    assert not fresh
    assert again == first
    assert scan_files(project) == [first.id]


def test_a_full_disk_ends_the_run_and_says_so(
    project: Project, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.project import import_folder as module

    real = module.import_whole
    begun = []

    def full_at_the_second(*arguments: object) -> object:
        begun.append(arguments)
        if len(begun) == 2:
            raise ProjectError(project.folder, Trouble.DISK_FULL)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "import_whole", full_at_the_second)
    result = import_folder(project.folder, source)
    assert "The disk is full." in result.stopped
    assert (len(result.new), result.n_left) == (1, 3)


def test_a_project_for_reading_is_refused_before_anything_is_read(
    project: Project, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.project import import_folder as module

    monkeypatch.setattr(module, "open_scan", lambda *_: pytest.fail("read a scan"))
    monkeypatch.setattr("mirage_core.project.store._writable", lambda _folder: False)
    with pytest.raises(ProjectError, match="cannot be written to"):
        import_folder(project.folder, source)


def test_a_folder_that_is_not_there_is_a_sentence(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="not there"):
        import_folder(project.folder, tmp_path / "nowhere")


def test_a_worker_process_does_it(project: Project, source: Path) -> None:
    executor = LocalExecutor()
    try:
        job = submit(executor, import_scans, project.folder, find_scans(source), "ada")
        result = job.result()
    finally:
        executor.shutdown()
    assert len(result.new) == 3
    assert len(project.worklist()) == 3
    assert pickle.loads(pickle.dumps(result)) == result


def test_the_result_in_words() -> None:
    from dataclasses import replace

    from mirage_core.project.folder_import import FailedScan, FolderImport
    from tests.project.records import record

    one, other = record("1", "P0001"), record("2", "P0002")
    assert FolderImport().words == "No new scans imported."
    failed = FailedScan(Path("x"), "What.", "Hint.")
    everything = FolderImport((one,), (other, other), (FoundTwice(one, other),), (failed,), 3, 7)
    assert everything.words == (
        "1 new scan imported, 2 there already, 3 left out as a copy of another file, "
        "1 could not be read, 7 not looked at. "
        "P0001 has the same pixels as P0002."
    )
    same_patient = FoundTwice(one, replace(other, pseudonym="P0001"))
    many = FolderImport((one, one), duplicates=(same_patient,) * 5)
    assert many.words.startswith("2 new scans imported. A scan of P0001 is here twice; a scan")
    assert many.words.endswith("; and 2 more.")


def test_a_worker_that_is_killed_leaves_no_half_scan(project: Project, tmp_path: Path) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        np.savez(tmp_path / f"{seed}.npz", volume=rng.integers(0, 256, (300, 200, 200), np.uint8))
    executor = LocalExecutor()
    try:
        begun = threading.Event()
        job = submit(
            executor,
            import_scans,
            project.folder,
            find_scans(tmp_path),
            on_progress=lambda progress: begun.set() if progress.fraction > 0.4 else None,
        )
        assert begun.wait(120)
        job.cancel(grace_s=0.0)
        assert job.wait(60)
    finally:
        executor.shutdown()
    rows = project.worklist()
    assert rows
    assert all(project.verify(row.scan) for row in rows)
    whole = [path.stem for path in (project.folder / "scans").glob("*.h5")]
    assert sorted(whole) == sorted(row.scan.id for row in rows)
