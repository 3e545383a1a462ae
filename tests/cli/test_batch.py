"""A folder of scans: each in its own process, one bad file does not stop the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mirage_core.cli import batch
from mirage_core.cli.segment_task import SegmentTask
from mirage_core.io import ReadOptions
from mirage_core.jobs import WorkerDiedError
from mirage_core.simulate import EyeParameters, save_npz, simulate_eye
from tests.cli.dying import die_over_scan_5, hang_while_writing
from tests.cli.running import mirage, save_volume

SMALL = EyeParameters(shape=(2, 160, 96))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small eyes in folders of their own, a text file named .vol, an unrelated file."""
    folder = tmp_path_factory.mktemp("scans")
    for i, place in enumerate(("p1", "p2")):
        (folder / place).mkdir()
        save_npz(simulate_eye(SMALL, seed=i), folder / place / "eye.npz")
    (folder / "broken.vol").write_bytes(b"this is not a scan\n" * 300)
    (folder / "readme.txt").write_text("about these scans")
    return folder


def test_one_bad_file_is_reported_at_the_end(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = mirage("segment", folder, "-o", out, "--workers", 2)
    assert ran.code == 2
    assert {p.name for p in out.iterdir()} == {"p1-eye", "p2-eye"}
    assert {p.name for p in (out / "p1-eye").iterdir()} == {
        "surfaces.npz",
        "masks.npz",
        "result.json",
    }
    assert "1 of 3 scans could not be segmented" in ran.err
    last = ran.err.strip().splitlines()[-1]
    assert "broken.vol" in last
    assert "Traceback" not in ran.err


def test_json_lists_results_and_errors_in_order(folder: Path, tmp_path: Path) -> None:
    ran = mirage("segment", folder, "-o", tmp_path / "out", "--json")
    assert ran.code == 2
    assert [Path(r["result"]).name for r in ran.json["results"]] == ["p1-eye", "p2-eye"]
    assert [Path(e["path"]).name for e in ran.json["errors"]] == ["broken.vol"]


def test_when_nothing_can_be_read_no_folder_is_left(tmp_path: Path) -> None:
    for name in ("a.vol", "b.vol"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"")
    ran = mirage("segment", tmp_path / "in", "-o", tmp_path / "out")
    assert ran.code == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_without_scans_says_what_is_readable(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    ran = mirage("segment", tmp_path, "-o", tmp_path / "out")
    assert ran.code == 2
    assert "No scan was found" in ran.err
    assert ".vol" in ran.err


def tasks(folder: Path, n: int) -> list[SegmentTask]:
    return [
        SegmentTask(folder / f"{i}.npz", folder / "out" / str(i), "graph", ReadOptions())
        for i in range(n)
    ]


def test_small_files_share_a_worker_and_volumes_do_not(tmp_path: Path) -> None:
    made = tasks(tmp_path, 80)
    for task in made:
        task.source.write_bytes(b"x" * 1000)
    made[40].source.write_bytes(b"x" * batch._SHARE_BYTES)
    grouped = batch.shares(made, 2)
    assert [task for share in grouped for task in share] == made
    assert (made[40],) in grouped
    assert max(len(share) for share in grouped) == 20
    assert len(batch.shares(made[:3], 2)) == 3


def test_a_scan_that_kills_its_worker_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "segment_files", die_over_scan_5)
    made = tasks(tmp_path, 6)
    ended: dict[str, BaseException | None] = {}
    seen: list[float] = []
    batch.run_batch(made, 2, seen.append, lambda t, _, error: ended.update({t.source.name: error}))
    assert set(ended) == {task.source.name for task in made}
    assert isinstance(ended.pop("5.npz"), WorkerDiedError)
    assert set(ended.values()) == {None}
    assert seen[-1] == 6
    assert not list((tmp_path / "out").iterdir())  # what it had begun to write is gone


def test_ctrl_c_stops_the_workers_and_leaves_nothing_of_theirs(tmp_path: Path) -> None:
    for i in range(3):
        save_volume(tmp_path / f"{i}.npz", shape=(60, 300, 300))

    def interrupt(_done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run_batch(tasks(tmp_path, 3), 2, interrupt, lambda *_: None)
    assert not list((tmp_path / "out").glob("*"))


def test_a_worker_that_has_to_be_ended_by_force_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "segment_files", hang_while_writing)
    out = tmp_path / "out"
    out.mkdir()
    (out / ".mirage-of-another").mkdir()

    def interrupt(_done: float) -> None:
        if len(list(out.iterdir())) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run_batch(tasks(tmp_path, 2), 2, interrupt, lambda *_: None)
    assert [p.name for p in out.iterdir()] == [".mirage-of-another"]


def test_neither_the_waiting_command_nor_its_workers_load_what_only_the_other_needs() -> None:
    # Every import here is paid before the first worker starts, or by each worker again.
    cases = {
        "mirage_core.cli.segment, mirage_core.cli.batch, mirage_core.engines": {"scipy", "skimage"},
        "mirage_core.cli.segment_task, mirage_core.jobs.worker": {"typer", "rich"},
    }
    for modules, unwanted in cases.items():
        code = f"import sys, {modules}; print(*({unwanted!r} & set(sys.modules)))"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "", modules
