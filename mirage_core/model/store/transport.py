"""HTTP for the bytes of a file: the hub's own library forgets what arrived when a line breaks.

Measured with huggingface_hub 2.4.0: a download that broke off begins again at byte 0, within a
call and from call to call, and what arrives is not checked against its SHA-256.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from functools import cache
from urllib.parse import urlsplit

from mirage_core import __version__
from mirage_core.model.store.errors import HubError

TIMEOUT_S = 20.0
_MAX_TEXT_BYTES = 256 * 1024


class InterruptedTransferError(Exception):
    """The connection broke, or the other side is busy: worth another try."""


class RefusedTransferError(Exception):
    """The other side will not send the file; `status` says how it put it."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


def open_url(url: str, headers: dict[str, str], start: int = 0) -> http.client.HTTPResponse:
    """Ask for `url` from byte `start` on; the answer may begin at 0 all the same.

    Raises
    ------
    InterruptedTransferError, RefusedTransferError
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise RefusedTransferError(0)
    request = urllib.request.Request(url)
    for name, value in headers.items():
        # Left behind when the answer sends us to another host.
        request.add_unredirected_header(name, value)
    request.add_header("User-Agent", f"mirage-viewer/{__version__}")
    request.add_header("Accept-Encoding", "identity")
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_tls())
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (408, 416, 429) or error.code >= 500:
            raise InterruptedTransferError(f"status {error.code}") from error
        raise RefusedTransferError(error.code) from error
    except (OSError, http.client.HTTPException) as error:
        raise InterruptedTransferError(type(error).__name__) from error
    assert isinstance(response, http.client.HTTPResponse)
    return response


def first_byte(response: http.client.HTTPResponse) -> int:
    """Return which byte of the file an answer begins with."""
    stated = response.headers.get("Content-Range", "")
    if response.status != http.HTTPStatus.PARTIAL_CONTENT or not stated.startswith("bytes "):
        return 0
    number = stated.removeprefix("bytes ").split("-")[0]
    return int(number) if number.isdecimal() else 0


def read_text(url: str, headers: dict[str, str]) -> str:
    """Return a small text file; of a long one its beginning, saying where the rest is.

    Raises
    ------
    HubError
        If it cannot be had.
    """
    try:
        with open_url(url, headers) as response:
            content = response.read(_MAX_TEXT_BYTES + 1)
    except (InterruptedTransferError, RefusedTransferError, OSError) as error:
        raise HubError(
            "The text of the terms could not be read from the hub.", "Try again later."
        ) from error
    text = content[:_MAX_TEXT_BYTES].decode("utf-8", errors="replace")
    return text if len(content) <= _MAX_TEXT_BYTES else f"{text}\n\n(It goes on at {url})"


@cache
def _tls() -> ssl.SSLContext:
    try:
        # Trusts what the operating system trusts, a hospital's proxy included.
        import truststore
    except ImportError:
        return ssl.create_default_context()
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
