"""The download of an offer: after consent, continued where it broke off, checked at the end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import time
from pathlib import Path

from filelock import FileLock, Timeout

from mirage_core.model.store.consent import Consent
from mirage_core.model.store.copying import (
    PIECE_BYTES,
    Cancelled,
    Report,
    file_sha256,
    never,
    silent,
)
from mirage_core.model.store.errors import CancelledError, ConsentNeededError, HubError
from mirage_core.model.store.hub import Offer, gated, locate, refuse_offline
from mirage_core.model.store.transport import (
    InterruptedTransferError,
    RefusedTransferError,
    first_byte,
    open_url,
)

RETRY_AFTER_S = (0.5, 2.0, 5.0)
"""Waits before a broken connection is tried again; a try that brings bytes starts over."""

KEPT_S = 14 * 24 * 3600.0
"""How long what arrived of an unfinished download is kept."""

_MAX_TRIES = 50
_NETWORK_PIECE_BYTES = 256 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def fetch(
    offer: Offer,
    consent: Consent | None,
    folder: Path,
    report: Report = silent,
    cancelled: Cancelled = never,
    *,
    offline: bool = False,
) -> Path:
    """Download the weights of `offer` into `folder` and return the checked file.

    What arrived before a broken connection or a kill is kept there and continued by the next
    call; a cancelled download leaves nothing.

    Parameters
    ----------
    offer : Offer
    consent : Consent or None
        The agreement to `offer.terms` as they are now.
    folder : Path
        :attr:`ModelStore.downloads`, for one.
    report, cancelled
        Told the fraction done; asked between pieces.

    Raises
    ------
    ConsentNeededError, OfflineError
        Before anything is fetched.
    HubError
        If it breaks off, is refused, does not fit on the disk, or is not what was announced.
    CancelledError
    """
    if consent is None or not consent.covers(offer.terms):
        raise ConsentNeededError(
            "Nothing is downloaded before you have agreed to the terms of these weights.",
            "Read them and agree, or use --accept-terms if you know them.",
        )
    refuse_offline(offline)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_old(folder, offer)
        with FileLock(folder / f"{offer.sha256}.lock", timeout=0):
            return _fetch_alone(offer, folder, report, cancelled)
    except Timeout as error:
        raise HubError(
            "These weights are being downloaded already, by another window or command.",
            "Wait for that one.",
        ) from error
    except OSError as error:
        raise _disk_error(error, offer, folder) from error


def _fetch_alone(offer: Offer, folder: Path, report: Report, cancelled: Cancelled) -> Path:
    path = folder / f"{offer.sha256}{Path(offer.file).suffix}"
    if path.exists():  # an import that failed after the download
        if file_sha256(path, cancelled=cancelled) == offer.sha256:
            return path
        path.unlink()
    part = _Part(folder / f"{offer.sha256}.part")
    try:
        part.resume(offer.size_bytes, cancelled)
        _check_room(offer, part.size, folder)
        _receive_all(offer, part, report, cancelled)
        if part.digest.hexdigest() != offer.sha256:
            part.restart()
            raise HubError(
                f"What arrived is not the file {offer.repo} announced (its SHA-256 differs); "
                "nothing of it was kept.",
                "Try again; if it happens again, a proxy may be changing what it passes on.",
            )
    except CancelledError:
        part.restart()
        raise
    part.path.replace(path)
    return path


class _Part:
    """What has arrived of a file, and the checksum of it so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.digest = hashlib.sha256()

    def resume(self, whole: int, cancelled: Cancelled) -> None:
        """Take up what an earlier download left."""
        if not self.path.exists() or self.path.stat().st_size > whole:
            self.restart()
            return
        with self.path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                if cancelled():
                    raise CancelledError
                self.digest.update(piece)
                self.size += len(piece)

    def restart(self) -> None:
        """Forget what arrived and begin at byte 0."""
        self.path.unlink(missing_ok=True)
        self.size = 0
        self.digest = hashlib.sha256()


def _receive_all(offer: Offer, part: _Part, report: Report, cancelled: Cancelled) -> None:
    in_vain = 0
    report(part.size / max(offer.size_bytes, 1))
    for _ in range(_MAX_TRIES):
        if part.size == offer.size_bytes:
            return
        before = part.size
        try:
            _receive(offer, part, report, cancelled)
        except RefusedTransferError as error:
            if error.status in (401, 403):
                raise gated(offer.repo, offer.endpoint) from error
            raise HubError(
                f"The hub did not send {offer.file} of {offer.repo} (status {error.status}).",
                "Try again later.",
            ) from error
        except InterruptedTransferError:
            in_vain = 0 if part.size > before else in_vain + 1
            if in_vain > len(RETRY_AFTER_S):
                break
            if in_vain:
                _wait(RETRY_AFTER_S[in_vain - 1], cancelled)
    raise HubError(
        f"The connection broke off: {_mb(part.size)} of {_mb(offer.size_bytes)} MB of "
        f"{offer.repo} have arrived and are kept.",
        "Do the same again later; the download goes on from there.",
    )


def _receive(offer: Offer, part: _Part, report: Report, cancelled: Cancelled) -> None:
    """Ask once for what is missing and keep what arrives.

    Raises
    ------
    InterruptedTransferError
        If it ended too early.
    RefusedTransferError, CancelledError, OSError
    """
    url, headers = locate(offer)  # anew each time: addresses of the storage hold for an hour
    with open_url(url, headers, part.size) as response:
        if first_byte(response) != part.size:
            part.restart()
        with part.path.open("ab") as file:
            while part.size < offer.size_bytes:
                if cancelled():
                    raise CancelledError
                piece = _read(response, min(_NETWORK_PIECE_BYTES, offer.size_bytes - part.size))
                file.write(piece)
                part.digest.update(piece)
                part.size += len(piece)
                report(part.size / offer.size_bytes)
            file.flush()
            os.fsync(file.fileno())


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    # Apart from writing, so that a broken line and a full disk can be told from each other.
    try:
        piece = response.read1(most)
    except (OSError, http.client.HTTPException) as error:
        raise InterruptedTransferError(type(error).__name__) from error
    if not piece:
        raise InterruptedTransferError("ended early")
    return piece


def _wait(seconds: float, cancelled: Cancelled) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancelled():
            raise CancelledError
        time.sleep(min(0.1, seconds))


def _check_room(offer: Offer, here: int, folder: Path) -> None:
    # The download and, for a moment, the copy in the store beside it.
    needed = 2 * offer.size_bytes - here
    if shutil.disk_usage(folder).free < needed:
        raise _too_full(offer, folder, needed)


def _too_full(offer: Offer, folder: Path, needed: int) -> HubError:
    return HubError(
        f"The disk is too full for {offer.repo}: {_mb(needed)} MB are needed.",
        "Free some space and do the same again; what has arrived is kept.",
        folder,
    )


def _disk_error(error: OSError, offer: Offer, folder: Path) -> HubError:
    if error.errno in _FULL:
        return _too_full(offer, folder, offer.size_bytes)
    return HubError(
        f"The download cannot be written: {error.strerror or type(error).__name__}.",
        "Check the folder of the models and its drive.",
        folder,
    )


def _clear_old(folder: Path, offer: Offer) -> None:
    """Remove what downloads left that nobody took up again."""
    limit = time.time() - KEPT_S
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if not path.name.startswith(offer.sha256) and path.stat().st_mtime < limit:
                path.unlink()


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f}" if n_bytes < 10e6 else f"{n_bytes / 1e6:.0f}"
