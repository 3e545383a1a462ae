"""An export happens wholly or not at all, and says in one sentence why it did not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mirage_core.annotate import State
from mirage_core.io.atomic import ExportError, atomic_file, atomic_folder
from mirage_core.io.export_request import ExportRequest, safe_stem, unique_stems
from mirage_core.io.exporting import MARKER, export, exporter_names, make_exporter
from tests.io.exported_eye import make_annotation, make_scan

CHOSEN = {State.APPROVED, State.EDITED}


def request(name: str = "eye", states: set[State] = CHOSEN) -> ExportRequest:
    scan = make_scan()
    return ExportRequest.by_states(scan, make_annotation(scan), states, name)


def entries(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.parametrize("name", exporter_names())
def test_every_exporter_leaves_exactly_its_target_behind(name: str, tmp_path: Path) -> None:
    done = export(make_exporter(name), [request()], tmp_path / "a" / "out")
    assert entries(tmp_path / "a") == {"out"}
    assert done.files
    assert all(p.is_file() for p in done.files)
    assert done.n_b_scans == 3


@pytest.mark.parametrize("name", exporter_names())
def test_an_existing_export_is_replaced_only_when_asked(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    export(make_exporter(name), [request("first")], target)
    before = entries(target)
    with pytest.raises(ExportError, match="exists already"):
        export(make_exporter(name), [request("second")], target)
    assert entries(target) == before
    export(make_exporter(name), [request("second")], target, overwrite=True)
    assert not list(target.rglob("*first*"))
    assert entries(tmp_path) == {"out"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_the_user_is_never_replaced(overwrite: bool, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(ExportError, match="holds other files"):
        export(make_exporter("png"), [request()], tmp_path / "thesis", overwrite=overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_an_empty_folder_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(make_exporter("csv"), [request()], tmp_path / "out")
    assert entries(tmp_path / "out") == {"eye.csv", MARKER}


@pytest.mark.parametrize("name", exporter_names())
def test_a_full_disk_leaves_nothing_and_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(make_exporter(name), [request("old")], tmp_path / "out")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for target in ("out", "new"):
        with pytest.raises(ExportError, match="disk is full") as caught:
            export(make_exporter(name), [request()], tmp_path / target, overwrite=True)
        assert caught.value.hint
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert entries(tmp_path) == {"out"}


def test_a_folder_that_cannot_be_swapped_in_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(make_exporter("csv"), [request("old")], tmp_path / "out")
    rename = os.rename

    def refuse_new(source: Path, target: Path) -> None:
        if Path(source).name == "new":
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse_new)
    with pytest.raises(ExportError, match="read-only"):
        export(make_exporter("csv"), [request()], tmp_path / "out", overwrite=True)
    assert entries(tmp_path / "out") == {"old.csv", MARKER}


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="read-only"):
        export(make_exporter("csv"), [request()], tmp_path / "out")


def test_a_read_only_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("mirage_core.io.atomic.tempfile.mkdtemp", refuse)
    with pytest.raises(ExportError, match="read-only"):
        export(make_exporter("csv"), [request()], tmp_path / "deep" / "er" / "out")
    assert entries(tmp_path) == set()


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError):
        export(make_exporter("csv"), [request()], tmp_path / "file" / "out")
    with pytest.raises(ExportError, match="is a file"):
        export(make_exporter("csv"), [request()], tmp_path / "file")


class StopError(Exception):
    pass


@pytest.mark.parametrize("name", exporter_names())
def test_cancelling_leaves_nothing(name: str, tmp_path: Path) -> None:
    def stop(_fraction: float) -> None:
        raise StopError

    with pytest.raises(StopError):
        export(make_exporter(name), [request()], tmp_path / "a" / "out", report=stop)
    assert entries(tmp_path) == set()


@pytest.mark.parametrize("name", exporter_names())
def test_progress_rises_to_one(name: str, tmp_path: Path) -> None:
    seen: list[float] = []
    export(make_exporter(name), [request(), request()], tmp_path / "out", report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize("name", exporter_names())
def test_nothing_chosen_is_an_error_not_an_empty_export(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing to export"):
        export(make_exporter(name), [request(states={State.VENDOR})], tmp_path / "out")
    assert entries(tmp_path) == set()


def test_one_scan_may_become_one_file(tmp_path: Path) -> None:
    done = export(make_exporter("csv"), [request()], tmp_path / "mine.csv")
    assert done.files == (tmp_path / "mine.csv",)
    assert entries(tmp_path) == {"mine.csv"}
    with pytest.raises(ExportError, match="exists already"):
        export(make_exporter("csv"), [request()], tmp_path / "mine.csv")
    with pytest.raises(ExportError, match="do not fit into one file"):
        export(make_exporter("csv"), [request(), request()], tmp_path / "ours.csv")


def test_equal_pseudonyms_are_kept_apart(tmp_path: Path) -> None:
    done = export(make_exporter("hdf5"), [request("E1"), request("e1")], tmp_path / "out")
    assert {p.name for p in done.files} == {"E1.h5", "e1-2.h5"}


def test_stems_are_fit_for_every_file_system() -> None:
    assert safe_stem("Eye 1: ../../etc") == "Eye-1-etc"
    assert safe_stem("a_b") == "a-b"
    assert safe_stem("") == "scan"
    assert safe_stem("ÄÖ") == "scan"
    assert safe_stem("con") == "scan-con"
    assert len(safe_stem("x" * 300)) == 60
    assert unique_stems(["a", "A", "a", "a-2"]) == ["a", "A-2", "a-3", "a-2-2"]


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean 'nifti'"):
        make_exporter("nfti")


def test_requests_that_do_not_fit_their_scan_are_refused() -> None:
    scan = make_scan()
    annotation = make_annotation(scan)
    for b_scans in ((4,), (-1,), (1, 0), (0, 0)):
        with pytest.raises(ValueError):
            ExportRequest(scan, annotation, b_scans, "eye")
    with pytest.raises(ValueError, match="do not belong"):
        ExportRequest(make_scan(3), annotation, (0,), "eye")


def test_a_single_file_is_written_wholly_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"

    def stop_halfway() -> None:
        with atomic_file(target) as fresh:
            fresh.write_text("half")
            raise StopError

    with pytest.raises(StopError):
        stop_halfway()
    assert entries(tmp_path) == set()
    with atomic_file(target) as fresh:
        fresh.write_text("whole")
    assert target.read_text() == "whole"
    with pytest.raises(ExportError, match="is a folder"), atomic_file(tmp_path):
        pass


def test_a_folder_without_a_marker_is_never_replaceable(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("")
    with (
        pytest.raises(ExportError, match="holds other files"),
        atomic_folder(tmp_path / "out", overwrite=True),
    ):
        pass
