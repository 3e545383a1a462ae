"""A file that HDF5 can write to while the disk runs full."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any


class SteadyFile(io.RawIOBase):
    """A new file for ``h5py.File(file, "w")`` that keeps its failures to itself.

    HDF5 does not survive a write that fails: the process crashes when the file is closed.
    Here the first failure is kept, everything after it is dropped, and :meth:`check` raises it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x+b", buffering=0)
        self._at = 0
        self._size = 0
        self._failure: OSError | None = None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def check(self) -> None:
        """Raise what went wrong so far; call it between pieces of work and at the end.

        Raises
        ------
        OSError
        """
        if self._failure is not None:
            raise self._failure

    def write(self, data: Any) -> int:
        """Write `data` here."""
        left = memoryview(data).cast("B")
        at, self._at = self._at, self._at + len(left)
        self._size = max(self._size, self._at)
        while left and self._failure is None:
            try:
                self._file.seek(at)
                written = self._file.write(left) or 0
            except OSError as error:
                self._failure = error
            else:
                at, left = at + written, left[written:]
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from here; what was dropped or never written is zero."""
        into = memoryview(buffer).cast("B")
        try:
            self._file.seek(self._at)
            n = self._file.readinto(into) or 0
        except OSError as error:
            self._failure = self._failure or error
            n = 0
        into[n:] = bytes(len(into) - n)
        self._at += len(into)
        return len(into)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to `offset`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return where it is."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Give the file a size."""
        self._size = self._at if size is None else size
        if self._failure is None:
            try:
                self._file.truncate(self._size)
            except OSError as error:
                self._failure = error
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""
