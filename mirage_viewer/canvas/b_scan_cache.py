"""B-scans decoded ahead of the viewer, so that stepping does not wait for the disk. No Qt."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Scan

U8 = NDArray[np.uint8]


class BScanCache:
    """The last few B-scans of one scan and its neighbours-to-be.

    Parameters
    ----------
    scan : Scan
    capacity : int
        B-scans kept in memory.
    """

    def __init__(self, scan: Scan, capacity: int = 12) -> None:
        self._scan = scan
        self._capacity = capacity
        self._kept: OrderedDict[int, U8] = OrderedDict()
        self._coming: dict[int, Future[None]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="decode-ahead")
        self._finalizer = weakref.finalize(self, _stop, self._pool)

    def get(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey ``[z, x]``; raises what the scan's reader raises."""
        with self._lock:
            image = self._kept.get(b)
            if image is not None:
                self._kept.move_to_end(b)
                return image
            coming = self._coming.get(b)
        if coming is not None and not coming.cancel():
            coming.result()
            with self._lock:
                image = self._kept.get(b)
            if image is not None:
                return image
        image = self._scan.b_scan(b)
        self._keep(b, image)
        return image

    def ahead(self, b_scans: Iterable[int]) -> None:
        """Decode `b_scans` in the background, nearest first; those out of range are ignored.

        What was asked for before and has not begun is dropped: the viewer has moved on.
        """
        wanted = [b for b in b_scans if 0 <= b < self._scan.n_b_scans]
        with self._lock:
            for b, future in list(self._coming.items()):
                if future.cancel():
                    del self._coming[b]
            wanted = [b for b in wanted if b not in self._kept and b not in self._coming]
            for b in wanted:
                self._coming[b] = self._pool.submit(self._decode, b)

    def holds(self, b: int) -> bool:
        """Return whether B-scan `b` is in memory."""
        with self._lock:
            return b in self._kept

    def close(self) -> None:
        """Stop decoding; what is in memory stays available."""
        self._finalizer()

    def _decode(self, b: int) -> None:
        try:
            self._keep(b, self._scan.b_scan(b))
        except Exception:
            # Whoever asks for this B-scan gets the error again, where it can be shown.
            return
        finally:
            with self._lock:
                self._coming.pop(b, None)

    def _keep(self, b: int, image: U8) -> None:
        with self._lock:
            self._kept[b] = image
            self._kept.move_to_end(b)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)


def _stop(pool: ThreadPoolExecutor) -> None:
    pool.shutdown(wait=False, cancel_futures=True)


def why(error: Exception) -> str:
    """Return what went wrong in words for a person.

    Errors of the operating system carry the file's name, which can identify a patient; only
    their reason is taken.
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(error) or type(error).__name__
