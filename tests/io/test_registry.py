"""open_scan: which reader is asked, and one clear sentence when none can."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mirage_core.io import (
    ReadError,
    ReaderSpec,
    find_scans,
    is_readable,
    open_scan,
    readers,
    register,
    supported_suffixes,
)
from mirage_core.io import registry as registry_module
from mirage_core.io.export_result import write_result
from mirage_core.scan import ArrayPixels, Masks, Scan, Surfaces
from tests.helpers.vol_writer import write_vol

IMAGE = np.random.default_rng(7).integers(0, 256, (20, 30), dtype=np.uint8)


def png(path: Path) -> Path:
    Image.fromarray(IMAGE).save(path, format="PNG")
    return path


def refusal(path: Path) -> str:
    assert not is_readable(path)
    with pytest.raises(ReadError) as caught:
        open_scan(path)
    assert caught.value.path == path
    assert caught.value.hint
    return str(caught.value)


def test_an_image_named_vol_is_called_what_it_is(tmp_path: Path) -> None:
    assert refusal(png(tmp_path / "scan.vol")).startswith("This file is named .vol but is a PNG")


def test_a_text_named_tif_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("patient;eye\n1;OD\n")
    assert "named .tif but is plain text" in refusal(tmp_path / "a.tif")


def test_a_vol_named_png_is_called_what_it_is(tmp_path: Path) -> None:
    write_vol(tmp_path / "a.vol", IMAGE[None])
    (tmp_path / "a.vol").rename(tmp_path / "a.png")
    assert "is a Heidelberg .vol scan" in refusal(tmp_path / "a.png")


def test_noise_named_vol_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vol").write_bytes(bytes(range(256)) * 40)
    assert "not a scan of a known format" in refusal(tmp_path / "a.vol")


@pytest.mark.parametrize("suffix", [".vol", ".tif", ".npz", ".npy", ".png", ".jpg", ".xyz"])
def test_empty_files_are_called_empty(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    assert "is empty (0 bytes)" in refusal(path)


def test_known_formats_without_a_reader_say_what_to_export(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 100)
    assert "Export the scan as .vol" in refusal(tmp_path / "a.dcm")
    (tmp_path / "a.e2e").write_bytes(b"CMDb" + b"\0" * 100)
    assert "Heidelberg Eye Explorer" in refusal(tmp_path / "a.e2e")


def test_content_is_enough_where_the_suffix_says_nothing(tmp_path: Path) -> None:
    path = png(tmp_path / "exported")
    assert is_readable(path)
    assert np.array_equal(open_scan(path).b_scan(0), IMAGE)


def test_a_missing_file_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    assert "not there" in refusal(tmp_path / "gone.vol")
    assert "holds no B-scan images" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_a_locked_file_is_said(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png")
    path.chmod(0)
    assert "permission" in refusal(path)


def test_a_pipe_or_device_is_refused_without_waiting(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes on this system")
    os.mkfifo(tmp_path / "a.vol")
    assert "This .vol file" in refusal(tmp_path / "a.vol")


def test_messages_never_hold_the_files_name(tmp_path: Path) -> None:
    folder = tmp_path / "Doe_John"
    folder.mkdir()
    for name in ("Doe_John.vol", "Doe_John.tif", "19450321.doe", "Doe_John"):
        (folder / name).write_bytes(b"\x00\x01 Doe")
        text = refusal(folder / name)
        with pytest.raises(ReadError) as caught:
            open_scan(folder / name)
        for shown in (text, repr(caught.value), str(caught.value.args)):
            assert "doe" not in shown.lower()
            assert "1945" not in shown


def test_an_error_travels_between_processes(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        open_scan(tmp_path / "gone.vol")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.path, again.what, again.hint) == (
        caught.value.path,
        caught.value.what,
        caught.value.hint,
    )
    assert str(again) == str(caught.value)


def test_whatever_a_reader_does_only_read_errors_come_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_module, "_READERS", list(readers()))
    path = tmp_path / "a.odd"
    path.write_bytes(b"odd")
    for error in (ValueError("Doe"), MemoryError(), RecursionError(), OSError(5, "Doe"), KeyError):

        def fail(path: Path, error: object = error) -> Scan:
            raise error  # type: ignore[misc]

        register(ReaderSpec("odd", "Odd", (".odd",), lambda p: p.suffix == ".odd", fail))
        with pytest.raises(ReadError) as caught:
            open_scan(path)
        assert "Doe" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_registered_reader_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_READERS", list(readers()))
    path = tmp_path / "a.odd"
    path.write_bytes(b"odd")
    scan = Scan(ArrayPixels(IMAGE[None]))
    register(ReaderSpec("odd", "Odd", (".odd",), lambda p: p.suffix == ".odd", lambda _: scan))
    assert ".odd" in supported_suffixes()
    assert np.array_equal(open_scan(path).b_scan(0), IMAGE)


def test_the_formats_of_the_manual_are_offered() -> None:
    assert {".vol", ".tif", ".tiff", ".npy", ".npz", ".png", ".jpg"} <= set(supported_suffixes())


def test_a_folder_of_scans_is_listed_in_natural_order(tmp_path: Path) -> None:
    for name in ("10.vol", "2.vol"):
        write_vol(tmp_path / name, IMAGE[None])
    (tmp_path / "3.vol").touch()  # damaged scans are listed: a batch has to report them
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.vol").touch()
    eye = tmp_path / "eye"
    eye.mkdir()
    for number in range(3):
        png(eye / f"{number}.png")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for number in range(3):
        Image.fromarray(IMAGE[: 10 + number]).save(mixed / f"{number}.png")
        Image.fromarray(IMAGE[: 10 + number]).save(mixed / f"{number}_mask.png")
    result = tmp_path / "result"
    result.mkdir()
    surfaces = Surfaces(np.zeros((1, 1, 8), np.float32), ("ILM",))
    write_result(result, surfaces, surfaces.values, Masks(IMAGE[None]), {})
    project = tmp_path / "project" / "scans"
    project.mkdir(parents=True)
    (project.parent / "project.db").touch()
    (project / "1.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    found = [path.relative_to(tmp_path).as_posix() for path in find_scans(tmp_path)]
    assert found == ["2.vol", "3.vol", "10.vol", "eye", *(f"mixed/{i}.png" for i in range(3))]
    assert find_scans(eye) == [eye]
    assert find_scans(tmp_path / "2.vol") == [tmp_path / "2.vol"]
    with pytest.raises(ReadError):
        find_scans(tmp_path / "gone")
