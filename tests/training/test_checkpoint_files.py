"""Checkpoint files: the last and the one before; damaged, they are refused and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mirage_core.io.atomic import ExportError
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.training import checkpoint_files
from mirage_core.training.checkpoint_files import (
    BEFORE,
    LAST,
    read_checkpoint,
    write_checkpoint,
    write_last,
)


def test_what_was_the_last_becomes_the_one_before(tmp_path: Path) -> None:
    for step in range(3):
        write_last(tmp_path, {"step": step})
    assert read_checkpoint(tmp_path / LAST)["step"] == 2
    assert read_checkpoint(tmp_path / BEFORE)["step"] == 1
    assert {file.name for file in tmp_path.iterdir()} == {LAST, BEFORE}


def test_a_disk_that_refuses_leaves_both_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(2):
        write_last(tmp_path, {"step": step})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_files, "write_archive", full)
    with pytest.raises(ExportError, match="full"):
        write_last(tmp_path, {"step": 2})
    with pytest.raises(ExportError, match="full"):
        write_checkpoint(tmp_path / "best.pt", {"step": 2})
    assert read_checkpoint(tmp_path / LAST)["step"] == 1
    assert read_checkpoint(tmp_path / BEFORE)["step"] == 0
    assert not (tmp_path / "best.pt").exists()


def test_whatever_bits_are_flipped_it_is_a_refusal_and_no_other_error(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    write_checkpoint(path, {"weights": torch.arange(3.0)})
    whole = path.read_bytes()
    refused = 0
    # What lists the entries is covered by no checksum; flipped, it asks for passwords and more.
    for at in range(whole.index(b"PK\x01\x02"), len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        path.write_bytes(flipped)
        try:
            read_checkpoint(path)
        except CheckpointError:
            refused += 1
    assert refused > 200
