"""PyTorch's own files, read without running anything that stands in them.

Such a file is a pickle, and a pickle is a program. ``weights_only`` lets it call what makes
tensors; beyond that :data:`ALLOWED` names what the published checkpoints need. Everything else
is refused before the first tensor is made.
"""

from __future__ import annotations

import argparse
import inspect
import pathlib
import pickle
import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mirage_core.model.checkpoints.errors import CheckpointError, listed

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""First bytes of files written before PyTorch 1.6: one pickle after the other, not mappable."""

MAX_PICKLE_BYTES = 64 * 1024**2
"""What describes the tensors takes some 100 kB; bounds what a bad file makes us parse."""

_PIECE_BYTES = 1024**2
_FOLDER = 0x10
"""Attribute of an entry of a zip archive that is a folder."""

# What `zipfile` raises on flipped bits: they may ask for a password or another way of packing.
_TORN = (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, struct.error, zlib.error)

COPY_AGAIN = "Copy or download the file again from where it came."

# What numpy's scalars are unpickled by; where it lies changed with numpy 2.
_NUMPY_SCALAR = np.float64(0).__reduce__()[0]

# Paths become plain text without a disk behind it: a file written on Windows opens on Linux,
# and the other way round.
_PATHS = [
    (flavour, f"{module}.{name}")
    for flavour, names in (
        (pathlib.PurePosixPath, ("PosixPath", "PurePosixPath")),
        (pathlib.PureWindowsPath, ("WindowsPath", "PureWindowsPath")),
    )
    for name in names
    for module in ("pathlib", "pathlib._local")  # the latter as Python 3.13 writes it
]
# The classes of dtypes, called Float64DType and so on, are what numpy.dtype(...) is of.
_DTYPES = [
    kind
    for _, kind in inspect.getmembers(np.dtypes, inspect.isclass)
    if issubclass(kind, np.dtype) and kind is not np.dtypes.ObjectDType
]
ALLOWED: list[Any] = [
    argparse.Namespace,
    *_PATHS,
    (np.dtype, "numpy.dtype"),
    *_DTYPES,
    (_NUMPY_SCALAR, "numpy.core.multiarray.scalar"),
    (_NUMPY_SCALAR, "numpy._core.multiarray.scalar"),
]
"""What a file may name beyond what makes tensors: (object, name in the file) or the object."""

_REFUSED = re.compile(r"GLOBAL (\S+)")

# PyTorch keeps the allow-list for the whole process.
_lock = threading.Lock()


def read_pickled(path: Path, *, mapped: bool = True) -> Mapping[str, Any]:
    """Return the dictionary in a ``.pth`` file; its tensors lie on the CPU.

    Parameters
    ----------
    path : Path
    mapped : bool
        Leave tensors on the disk until they are used. Not possible for files written before
        PyTorch 1.6, which are read whole.

    Raises
    ------
    CheckpointError
        If the file is damaged, asks for anything beyond the allow-list, or holds no dictionary.
    """
    is_zip = _check_container(path)
    with _lock, torch.serialization.safe_globals(ALLOWED):
        if is_zip:
            _refuse_foreign_names(path)
        try:
            content = torch.load(
                path, map_location="cpu", weights_only=True, mmap=mapped and is_zip
            )
        except MemoryError as error:
            raise CheckpointError(
                path,
                "The checkpoint does not fit into the free memory of this computer.",
                "Close other programs and try again.",
            ) from error
        except pickle.UnpicklingError as error:
            name = _REFUSED.search(str(error))
            raise _refused(path, [name.group(1)] if name else []) from error
        except Exception as error:
            raise _damaged(path, type(error).__name__) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(
            path,
            f"The file holds a {type(content).__name__}, not a checkpoint.",
            "Choose a file that holds a model's weights by name.",
        )
    return content


def refuse_changed_bytes(path: Path) -> None:
    """Compare what a zip of PyTorch's holds with its checksums, which PyTorch itself does not.

    Raises
    ------
    CheckpointError
        If they differ.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.CRC == 0:  # PyTorch was told to leave checksums out
                    continue
                with archive.open(entry) as file:
                    while file.read(_PIECE_BYTES):
                        pass
    except _TORN as error:
        raise _damaged(path, "its checksums differ") from error
    except OSError as error:
        raise _damaged(path, error.strerror or type(error).__name__) from error


def _refuse_foreign_names(path: Path) -> None:
    try:
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception as error:
        raise _damaged(path, type(error).__name__) from error
    if foreign:
        raise _refused(path, sorted(foreign))


def _refused(path: Path, names: list[str]) -> CheckpointError:
    asked = listed(names) or "something"
    return CheckpointError(
        path,
        f"The checkpoint asks for {asked}, which files of weights may not use; nothing of it was "
        "run.",
        "Get it from its authors as safetensors, or do not use it.",
    )


def _check_container(path: Path) -> bool:
    """Return whether the file is a zip, as PyTorch writes them; refuse what is no checkpoint."""
    with path.open("rb") as file:
        start = file.read(len(LEGACY_MAGIC))
    if start == LEGACY_MAGIC:
        return False
    if not start.startswith(ZIP_MAGIC):
        raise CheckpointError(
            path,
            "The file is no checkpoint: it is neither a PyTorch file nor safetensors.",
            "Choose a .pth, .pt or .safetensors file.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise CheckpointError(
            path, "The checkpoint is cut short or damaged.", COPY_AGAIN
        ) from error
    _check_entries(path, entries)
    return True


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    parts = [name.partition("/")[2] for name in names]
    if parts.count("data.pkl") != 1 or len(set(names)) < len(names):
        raise CheckpointError(
            path,
            "The file is a zip archive, but no checkpoint.",
            "If it holds one, unpack it and choose the .pth or .safetensors file.",
        )
    if "constants.pkl" in parts:
        raise CheckpointError(
            path,
            "The file holds a program (TorchScript), not a checkpoint.",
            "Choose a file that holds a model's weights by name.",
        )
    if any(entry.external_attr & _FOLDER for entry in entries):
        # PyTorch would read nothing and return memory that was never filled.
        raise CheckpointError(path, "The checkpoint's list of entries is damaged.", COPY_AGAIN)
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or sum(entry.file_size for entry in entries) > path.stat().st_size:
        # PyTorch stores its entries as they are; packed ones can be of any size once unpacked.
        raise CheckpointError(
            path,
            "The file is a packed zip archive, which checkpoints are not.",
            "Save the checkpoint again with torch.save, or get it as safetensors.",
        )
    if entries[parts.index("data.pkl")].file_size > MAX_PICKLE_BYTES:
        raise CheckpointError(
            path, "The checkpoint's list of tensors is too large to be one.", COPY_AGAIN
        )


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(path, f"The checkpoint is cut short or damaged ({reason}).", COPY_AGAIN)
