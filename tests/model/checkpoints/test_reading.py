"""Files of weights are read without running anything; what is no such file gets one sentence."""

from __future__ import annotations

import argparse
import os
import pathlib
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.reading import Container, read_state

OLD = {"_use_new_zipfile_serialization": False}


class MakesFile:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, int]]:
        return os.mkdir, (self.path, 0o700)


def saved(path: Path, content: object, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


def sentence(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_state(path)
    assert caught.value.path == path
    assert caught.value.hint
    assert str(path) not in str(caught.value)
    return caught.value.what


@pytest.mark.parametrize("options", [{}, OLD], ids=["zip", "before-1.6"])
def test_nothing_in_a_file_is_run(
    tmp_path: Path, options: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    made = tmp_path / "made"
    path = saved(
        tmp_path / "a.pth", {"model": {"w": torch.ones(1)}, "args": MakesFile(made)}, **options
    )
    what = sentence(path)
    assert f"asks for {os.name if os.name == 'nt' else 'posix'}.mkdir" in what
    assert not made.exists()
    # The file is what it is meant to be: read without care, it makes the folder.
    torch.load(path, weights_only=False)
    assert made.exists()


def test_a_module_that_was_saved_whole_is_refused_by_name(tmp_path: Path) -> None:
    assert "torch.nn.modules.linear.Linear" in sentence(
        saved(tmp_path / "a.pth", torch.nn.Linear(2, 2))
    )


@pytest.mark.parametrize("options", [{}, OLD], ids=["zip", "before-1.6"])
def test_settings_of_published_files_are_read(tmp_path: Path, options: dict[str, bool]) -> None:
    args = argparse.Namespace(
        data_path=pathlib.PurePosixPath("SEG/AROI"),
        output=pathlib.Path("here"),
        lr=np.float64(1e-4),
        n=np.int64(3),
        flag=np.bool_(True),
        dtype=np.dtype("float32"),
        mapping={0: 0, np.int64(85): 1},
    )
    content = {"model": {"w": torch.arange(3.0)}, "epoch": "best", "args": args}
    raw = read_state(saved(tmp_path / "a.pth", content, **options))
    assert torch.equal(raw.state["w"], torch.arange(3.0))
    assert raw.extra["epoch"] == "best"
    assert raw.args["lr"] == 1e-4
    assert raw.args["flag"]
    assert raw.args["mapping"] == {0: 0, 85: 1}
    assert raw.args["dtype"] == np.float32
    assert raw.args["data_path"] == pathlib.PurePosixPath("SEG/AROI")
    assert raw.container is (Container.LEGACY if options else Container.PICKLE)


def renamed_in_pickle(path: Path, old: bytes, new: bytes) -> Path:
    """Rewrite the pickle in a ``.pth`` with another name of a global in it."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            if name.endswith("data.pkl"):
                assert old in content
                content = content.replace(old, new)
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"cpathlib\nPosixPath", pathlib.PurePosixPath),
        (b"cpathlib\nWindowsPath", pathlib.PureWindowsPath),
        (b"cpathlib._local\nPosixPath", pathlib.PurePosixPath),
        (b"cpathlib._local\nPureWindowsPath", pathlib.PureWindowsPath),
    ],
)
def test_paths_of_any_system_and_python_open_on_any_other(
    tmp_path: Path, name: bytes, kind: type
) -> None:
    content = {
        "model": {"w": torch.ones(1)},
        "args": argparse.Namespace(p=pathlib.PurePosixPath("a", "b")),
    }
    path = saved(tmp_path / "a.pth", content)
    old = b"cpathlib\nPurePosixPath"
    if sys.version_info[:2] == (3, 13):
        old = b"cpathlib._local\nPurePosixPath"
    found = read_state(renamed_in_pickle(path, old, name)).args["p"]
    assert type(found) is kind
    assert found.parts == ("a", "b")


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_scalars_of_numpy_1_and_2_are_read(tmp_path: Path, module: bytes) -> None:
    content = {"model": {"w": torch.ones(1)}, "args": argparse.Namespace(lr=np.float32(0.5))}
    path = saved(tmp_path / "a.pth", content)
    written = b"numpy._core.multiarray" if np.__version__ >= "2" else b"numpy.core.multiarray"
    path = renamed_in_pickle(path, written, module)
    assert read_state(path).args["lr"] == 0.5


def test_weights_stay_on_the_disk_until_they_are_used(tmp_path: Path) -> None:
    weights = {"w": torch.arange(1000.0)}
    for path in (saved(tmp_path / "a.pth", {"model": weights}), tmp_path / "b.safetensors"):
        if path.suffix == ".safetensors":
            save_file(weights, path)
        mapped = read_state(path).state["w"]
        # A private map: what is changed in memory changes no file.
        mapped.add_(1)
        assert torch.equal(read_state(path).state["w"], weights["w"])
        maps = Path("/proc/self/maps")
        if maps.exists():
            assert str(path) in maps.read_text()
            del mapped
            copied = read_state(path, mapped=False).state["w"]
            assert torch.equal(copied, weights["w"])
            assert str(path) not in maps.read_text()


def test_safetensors_are_told_by_content_and_keep_their_notes(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    save_file({"b": torch.ones(2), "a": torch.zeros(3)}, path, metadata={"heads": "3"})
    raw = read_state(path)
    assert set(raw.state) == {"a", "b"}
    assert raw.extra == {"heads": "3"}
    assert raw.container is Container.SAFETENSORS


def test_weights_may_be_the_whole_dictionary(tmp_path: Path) -> None:
    raw = read_state(saved(tmp_path / "a.pt", {"w": torch.ones(2)}))
    assert set(raw.state) == {"w"}
    assert raw.args == {}


def whole(tmp_path: Path) -> bytes:
    return saved(tmp_path / "whole.pth", {"model": {"w": torch.ones(999)}}).read_bytes()


def packed(tmp_path: Path) -> bytes:
    path = tmp_path / "packed.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(10**7))
        archive.writestr("a/version", "3")
    return path.read_bytes()


def large_list(tmp_path: Path) -> bytes:
    path = tmp_path / "list.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", bytes(65 * 2**20))
    return path.read_bytes()


def other_zip(tmp_path: Path) -> bytes:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.jpg", "x")
    return path.read_bytes()


def twice(tmp_path: Path) -> bytes:
    path = saved(tmp_path / "twice.pth", {"model": {"w": torch.ones(1)}})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("twice/data.pkl", "x")
    return path.read_bytes()


def large_header(tmp_path: Path) -> bytes:
    return struct.pack("<Q", 2**60) + b"{}"


def cut_safetensors(tmp_path: Path) -> bytes:
    path = tmp_path / "cut.safetensors"
    save_file({"w": torch.ones(100)}, path)
    return path.read_bytes()[:-10]


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.pth", lambda _: b"", "is empty"),
        ("a.pth", lambda _: b"hello world", "is no checkpoint"),
        ("a.pth", lambda _: pickle.dumps({"model": 1}), "is no checkpoint"),
        ("a.pth", lambda p: whole(p)[: len(whole(p)) // 2], "cut short"),
        ("a.pth", lambda p: whole(p)[:-30], "cut short"),
        ("a.pth", packed, "packed zip archive"),
        ("a.pth", large_list, "too large"),
        ("a.pth", other_zip, "no checkpoint"),
        ("a.pth", twice, "no checkpoint"),
        ("a.safetensors", lambda _: b"hello world", "no safetensors file"),
        ("a.safetensors", large_header, "no safetensors file"),
        ("a.safetensors", cut_safetensors, "cut short"),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: Callable[[Path], bytes], part: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content(tmp_path))
    what = sentence(path)
    assert part in what
    assert what.count(". ") == 0


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (torch.ones(3), "holds a Tensor"),
        ({"epoch": 3}, "it holds epoch"),
        ({}, "it holds nothing"),
        ({"model": {"w": 3}}, "'w' is a int"),
        ({"model": {1: torch.ones(1)}}, "goes by 1, which is no name"),
        ({"model": {"w": torch.ones(1).expand(10**12)}}, "'w' are of a kind"),
        ({"model": {"w": torch.ones(2).to_sparse()}}, "'w' are of a kind"),
        ({"model": {"w": torch.ones(2, device="meta")}}, "'w' are of a kind"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_holds_no_plain_tensors_by_name_is_refused(
    tmp_path: Path, content: object, part: str
) -> None:
    assert part in sentence(saved(tmp_path / "a.pth", content))


def test_a_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/data.pkl", "a/constants.pkl", "a/code/__torch__.py"):
            archive.writestr(name, "x")
    assert "TorchScript" in sentence(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no such file" in sentence(tmp_path / "none.pth")
    assert "folder" in sentence(tmp_path)


def test_every_cut_of_a_file_gives_its_sentence(tmp_path: Path) -> None:
    content = whole(tmp_path)
    path = tmp_path / "a.pth"
    for size in range(1, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:size])
        assert sentence(path)


def test_errors_survive_a_trip_between_processes(tmp_path: Path) -> None:
    error = CheckpointError(tmp_path, "It is wrong.", "Do better.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.path, copy.what, copy.hint) == (tmp_path, "It is wrong.", "Do better.")
    assert str(copy) == "It is wrong. Do better."


def test_an_entry_that_became_a_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bent.pth"
    torch.save({"model": {"a": torch.ones(3)}}, path)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 38] |= 0x10  # external attributes in the directory at the end
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="entries is damaged"):
        read_state(path)
