"""Files of weights, written so that a disk that is full is called by its name."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

if TYPE_CHECKING:
    from typing_extensions import Buffer


def write_archive(content: dict[str, Any], path: Path) -> None:
    """Write `content` to `path` as ``torch.save`` does.

    Raises
    ------
    OSError
        If the disk refuses. Given a path, PyTorch raises a RuntimeError that hides why.
    """
    with _Disk(io.FileIO(path, "wb")) as disk:
        try:
            torch.save(content, disk)
        except RuntimeError:
            # It ends its archive after a write that failed too, and complains of that instead.
            if disk.refusal is None:
                raise
            raise disk.refusal from None


def write_tensors(tensors: dict[str, Tensor], path: Path, notes: Mapping[str, str]) -> None:
    """Write `tensors` to `path` as safetensors, with `notes` in its header.

    Raises
    ------
    OSError
        If the disk refuses; safetensors has an error of its own, with the number in its words.
    """
    try:
        save_file(tensors, path, metadata=dict(notes))
    except SafetensorError as error:
        told = re.search(r"\(os error (\d+)\)", str(error))
        if told is None:
            raise
        number = int(told[1])
        if os.name == "nt":
            raise OSError(0, str(error), str(path), number) from None
        raise OSError(number, os.strerror(number), str(path)) from None


class _Disk(io.BufferedWriter):
    """A file that remembers why a write to it failed."""

    refusal: OSError | None = None

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.refusal = error
            raise
