"""From a file of weights to tensors by name, whichever format, on the disk until they are used."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mirage_core.model.checkpoints.errors import CheckpointError, listed
from mirage_core.model.checkpoints.pickled import (
    COPY_AGAIN,
    LEGACY_MAGIC,
    ZIP_MAGIC,
    read_pickled,
)
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.header import is_safetensors, read_header

STATE_KEYS = ("model", "state_dict", "teacher")
"""Under which of its keys a dictionary holds the weights; else it is itself the weights."""


class Container(StrEnum):
    """How a file keeps tensors."""

    PICKLE = "PyTorch"
    LEGACY = "PyTorch before 1.6"
    SAFETENSORS = "safetensors"


@dataclass(frozen=True, eq=False)
class RawCheckpoint:
    """What a file holds, before anything is made of it.

    Attributes
    ----------
    path : Path
    container : Container
    state : dict of str to tensor
        Weights by name. Those of a mapped file are private: changing one changes no file.
    extra : dict
        What else is in the file: ``args``, ``epoch`` and so on, or the notes of safetensors.
    """

    path: Path
    container: Container
    state: dict[str, Tensor]
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def args(self) -> dict[str, Any]:
        """The settings the weights were trained with; empty if the file has none."""
        args = self.extra.get("args")
        if isinstance(args, argparse.Namespace):
            return dict(vars(args))
        return {str(k): v for k, v in args.items()} if isinstance(args, Mapping) else {}


def read_state(path: Path | str, *, mapped: bool = True) -> RawCheckpoint:
    """Read a ``.pth``, ``.pt`` or ``.safetensors`` file; its content decides, not its suffix.

    Parameters
    ----------
    path : Path or str
    mapped : bool
        Leave tensors on the disk until they are used. False for a file on a drive that may
        vanish: a mapped file that is cut short takes the process down.

    Raises
    ------
    CheckpointError
        If the file is missing, empty, damaged, no checkpoint, or asks for more than weights may.
    """
    path = Path(path)
    start = _start(path)
    if start.startswith(ZIP_MAGIC) or start == LEGACY_MAGIC or not _may_be_safetensors(path):
        content = read_pickled(path, mapped=mapped)
        container = Container.LEGACY if start == LEGACY_MAGIC else Container.PICKLE
        state, extra = _split(path, content)
        return RawCheckpoint(path, container, _checked(path, state), extra)
    state, notes = _read_safetensors(path, mapped)
    return RawCheckpoint(path, Container.SAFETENSORS, state, dict(notes))


def _start(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise CheckpointError(
                path, "This is a folder, not a checkpoint.", "Choose the file of weights in it."
            )
        with path.open("rb") as file:
            start = file.read(len(LEGACY_MAGIC))
    except FileNotFoundError as error:
        raise CheckpointError(
            path, "There is no such file.", "Check its name, and that its drive is connected."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(
            path, f"The checkpoint cannot be read: {reason}.", "Check the drive and your rights."
        ) from error
    if not start:
        raise CheckpointError(path, "The file is empty.", COPY_AGAIN)
    return start


def _may_be_safetensors(path: Path) -> bool:
    # A damaged .safetensors file gets a sentence about what is wrong with it as such.
    return path.suffix.lower() == ".safetensors" or is_safetensors(path)


def _read_safetensors(path: Path, mapped: bool) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    try:
        header = read_header(path)
        if not header.tensors:
            raise CheckpointError(path, "The file holds no tensors.", COPY_AGAIN)
        with safe_open(path, framework="pt", device="cpu") as file:
            state = {name: file.get_tensor(name) for name in header.tensors}
    except CheckpointError:
        raise
    except ModelStoreError as error:
        raise CheckpointError(path, error.what, error.hint) from error
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            path, f"The file of weights is damaged ({type(error).__name__}).", COPY_AGAIN
        ) from error
    if not mapped:
        state = {name: tensor.clone() for name, tensor in state.items()}
    return state, header.metadata


def _split(path: Path, content: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return the weights, and what else there is."""
    for key in STATE_KEYS:
        inner = content.get(key)
        if isinstance(inner, Mapping) and inner:
            return inner, {str(k): v for k, v in content.items() if k != key}
    if not any(isinstance(value, Tensor) for value in content.values()):
        keys = listed(str(key) for key in content) or "nothing"
        raise CheckpointError(
            path,
            f"The file holds no weights under {', '.join(STATE_KEYS)}; it holds {keys}.",
            "Choose a file that holds a model's weights by name.",
        )
    return content, {}


def _checked(path: Path, state: Mapping[Any, Any]) -> dict[str, Tensor]:
    checked: dict[str, Tensor] = {}
    for name, value in state.items():
        wrong = ""
        if not isinstance(name, str):
            wrong = f"A weight goes by {str(name)[:80]}, which is no name."
        elif not isinstance(value, Tensor):
            wrong = f"Among the weights {name[:80]!r} is a {type(value).__name__}, no tensor."
        if wrong:
            raise CheckpointError(
                path, wrong, "Choose a file that holds a model's weights by name."
            )
        if not _is_plain(value):
            raise CheckpointError(
                path,
                f"The weights {name[:80]!r} are of a kind that models here do not have.",
                "Save them again as plain floating-point tensors.",
            )
        checked[name] = value.detach()
    return checked


def _is_plain(tensor: Tensor) -> bool:
    """Return whether `tensor` is dense, on the CPU, and not larger than what the file holds."""
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
