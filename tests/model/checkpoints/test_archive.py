"""Archives: wherever the disk runs full, it is the disk's own error that is raised."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mirage_core.model.checkpoints.archive import write_archive, write_tensors

resource = pytest.importorskip("resource", reason="a limit for files is not of this system")

CONTENT = {"weights": torch.arange(4000.0), "step": 3}


def test_an_archive_is_read_by_pytorch(tmp_path: Path) -> None:
    write_archive(CONTENT, tmp_path / "a.pt")
    read = torch.load(tmp_path / "a.pt", weights_only=True)
    assert torch.equal(read["weights"], CONTENT["weights"])
    assert read["step"] == 3


def archive(path: Path) -> None:
    write_archive(CONTENT, path)


def tensors(path: Path) -> None:
    write_tensors({"weights": torch.arange(4000.0)}, path, {"format": "pt"})


@pytest.mark.parametrize("write", [archive, tensors])
def test_wherever_the_disk_runs_full_it_is_said(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "written"
    write(path)
    rooms = range(0, path.stat().st_size, 97)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    refused = 0
    for room in rooms:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with pytest.raises(OSError) as raised:
                write(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        refused += raised.value.errno == errno.EFBIG
    assert refused == len(rooms) > 100
