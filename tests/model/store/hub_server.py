"""A hub on this computer: answers what a download asks of the real one, and fails on demand."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_CHUNK = 1 << 14
_LARGE = ".safetensors"
"""Files that a hub keeps apart and names by their SHA-256; the others it keeps in git."""


@dataclass
class Request:
    """What was asked: method, path, headers with names in lower case."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int | None:
        """First byte asked for, None if the whole file was."""
        wanted = self.headers.get("range")
        return int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else None


@dataclass
class Hub:
    """The repositories, what goes wrong next, and what was asked so far.

    Attributes
    ----------
    repos : dict
        Files by repository id and name.
    licenses : dict
        What the front matter of a repository says of its licence.
    commit : str
        The commit every revision stands for.
    cut_after : list of int
        The next answers with a file's bytes end, with the connection, after so many bytes.
    keeps_ranges : bool
        False: answers a request for a range with the whole file.
    refusal : (int, str) or None
        Status and error code of every answer about a file.
    stated_sha256 : str
        What the hub says of large files instead of their SHA-256.
    """

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licenses: dict[str, str] = field(default_factory=dict)
    commit: str = "c0" * 20
    cut_after: list[int] = field(default_factory=list)
    keeps_ranges: bool = True
    refusal: tuple[int, str] | None = None
    stated_sha256: str = ""
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """Where large files are sent from: another host, as with the real hub."""
        return f"http://localhost:{self.port}/storage"

    def fetched(self) -> list[Request]:
        """Requests for the bytes of a large file."""
        return [r for r in self.requests if r.method == "GET" and r.path.startswith("/storage/")]

    def sha256(self, content: bytes) -> str:
        return self.stated_sha256 or hashlib.sha256(content).hexdigest()


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Serve a hub until the block ends."""
    hub = Hub()

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up; a test that fails for it says so itself."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        path = self.path.split("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.requests.append(Request(self.command, path, headers))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]))
        elif parts[0] == "storage":
            self._send_file(parts[1])
        elif len(parts) >= 5 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self._refuse(404, "RepoNotFound")

    def _describe(self, repo: str) -> None:
        files = self.hub.repos.get(repo)
        if files is None:
            self._refuse(401, "RepoNotFound")
            return
        siblings: list[dict[str, Any]] = [{"rfilename": name} for name in files]
        known: dict[str, Any] = {"id": repo, "sha": self.hub.commit, "siblings": siblings}
        if repo in self.hub.licenses:
            known["cardData"] = {"license": self.hub.licenses[repo]}
        self._send(json.dumps(known).encode(), {"Content-Type": "application/json"})

    def _resolve(self, repo: str, revision: str, name: str) -> None:
        files = self.hub.repos.get(repo)
        if files is None or name not in files:
            self._refuse(404, "RepoNotFound" if files is None else "EntryNotFound")
        elif revision not in {"main", self.hub.commit}:
            self._refuse(404, "RevisionNotFound")
        elif not name.endswith(_LARGE):
            git = hashlib.sha1(files[name]).hexdigest()
            self._send(files[name], {"ETag": f'"{git}"', "X-Repo-Commit": self.hub.commit})
        elif self.hub.refusal is not None:
            self._refuse(*self.hub.refusal)
        else:
            true_sha256 = hashlib.sha256(files[name]).hexdigest()
            self.send_response(302)
            self.send_header("Location", f"{self.hub.storage}/{true_sha256}")
            self.send_header("X-Repo-Commit", self.hub.commit)
            self.send_header("X-Linked-Size", str(len(files[name])))
            self.send_header("X-Linked-ETag", f'"{self.hub.sha256(files[name])}"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send_file(self, sha256: str) -> None:
        contents = (c for files in self.hub.repos.values() for c in files.values())
        content = next(c for c in contents if hashlib.sha256(c).hexdigest() == sha256)
        start = self.hub.requests[-1].start if self.hub.keeps_ranges else None
        if start is not None and start >= len(content):
            self._refuse(416, "")
            return
        etag = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
        if start is None:
            self._send(content, etag)
        else:
            of = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._send(content[start:], {**etag, "Content-Range": of}, 206)

    def _send(self, content: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        is_file = "Accept-Ranges" in headers
        end = self.hub.cut_after.pop(0) if is_file and self.hub.cut_after else len(content)
        for start in range(0, end, _CHUNK):
            self.wfile.write(content[start : min(start + _CHUNK, end)])
        if end < len(content):
            self.close_connection = True

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
