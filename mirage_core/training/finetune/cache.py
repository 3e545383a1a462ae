"""What a frozen front makes of a view, kept in memory and on the disk, within bounds.

An entry is found by everything that decides it (weights, preparation, picture, view), so that a
stale one is never found, and is checked against its checksum when it comes from the disk: one that
was damaged is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

VERSION = 1
"""Raised when preparation or fronts change, so that entries of before are not found."""
_DIGEST_BYTES = 32
_SUFFIX = ".features"

Features = dict[str, Tensor]


def cache_key(**parts: str | int) -> str:
    """Return the name of an entry: the SHA-256 of all that decides it."""
    text = json.dumps({**parts, "version": VERSION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class FeatureCache:
    """Features by key.

    Parameters
    ----------
    folder : Path or None
        On the disk; None: memory alone. It is the cache's own.
    memory_bytes, disk_bytes : int
        What is kept at most. The memory gives up its oldest entries, the disk takes no more.

    Attributes
    ----------
    made, found, damaged : int
        Entries that had to be made; that were there; that were damaged, and so made anew.
    """

    def __init__(self, folder: Path | None, memory_bytes: int, disk_bytes: int) -> None:
        self._folder = folder if disk_bytes > 0 else None
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
        self._kept: OrderedDict[str, Features] = OrderedDict()
        self._in_memory = 0
        self._on_disk = _size_of(self._folder)
        self.made = self.found = self.damaged = 0

    def get(self, key: str, make: Callable[[], Features]) -> Features:
        """Return the features called `key`, made by `make` where they are not there."""
        if key in self._kept:
            self._kept.move_to_end(key)
            self.found += 1
            return self._kept[key]
        features = self._from_disk(key)
        if features is None:
            features = make()
            self.made += 1
            self._to_disk(key, features)
        else:
            self.found += 1
        self._keep(key, features)
        return features

    def clear(self) -> None:
        """Forget everything, on the disk too."""
        self._kept.clear()
        self._in_memory = self._on_disk = 0
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _keep(self, key: str, features: Features) -> None:
        size = _bytes(features)
        if size > self._memory_bytes:
            return
        self._kept[key] = features
        self._in_memory += size
        while self._in_memory > self._memory_bytes:
            _, old = self._kept.popitem(last=False)
            self._in_memory -= _bytes(old)

    def _from_disk(self, key: str) -> Features | None:
        if self._folder is None:
            return None
        path = self._folder / f"{key}{_SUFFIX}"
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        with contextlib.suppress(SafetensorError, ValueError):
            if hashlib.sha256(body).digest() == digest:
                return load(body)
        self.damaged += 1
        with contextlib.suppress(OSError):
            path.unlink()
            self._on_disk -= len(content)
        return None

    def _to_disk(self, key: str, features: Features) -> None:
        if self._folder is None or self._on_disk + _bytes(features) > self._disk_bytes:
            return
        body = save({name: t.contiguous() for name, t in features.items()})
        # A disk that refuses costs time, not the run.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(body).digest())
                    file.write(body)
                os.replace(name, self._folder / f"{key}{_SUFFIX}")
                self._on_disk += len(body) + _DIGEST_BYTES
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise


def _bytes(features: Features) -> int:
    return sum(t.numel() * t.element_size() for t in features.values())


def _size_of(folder: Path | None) -> int:
    if folder is None or not folder.is_dir():
        return 0
    sizes = 0
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            sizes += path.stat().st_size
    return sizes
