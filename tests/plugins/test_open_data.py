"""Open data come by download when the user agrees, whole and unchanged or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from napari_mirage import open_data
from napari_mirage.open_data import HEIDELBERG_VOLUME, OpenFile, layers_of_open_file
from tests.helpers.vol_writer import write_vol

pytest.importorskip("pooch", reason="comes with the napari extra")
VOLUME = np.random.default_rng(3).integers(0, 200, (4, 60, 80), dtype=np.uint8)


@pytest.fixture
def asked_for() -> list[str]:
    return []


@pytest.fixture
def served(tmp_path: Path, asked_for: list[str]) -> Iterator[OpenFile]:
    """Return a file that a server on this computer has."""
    content = write_vol(tmp_path / "eye.vol", VOLUME).read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_for.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield OpenFile(
        "an eye",
        "this computer",
        "none",
        f"http://127.0.0.1:{server.server_port}/eye.vol",
        hashlib.sha256(content).hexdigest(),
        len(content) // 1000,
    )
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))
    for name in ("HF_HUB_OFFLINE", "MIRAGE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data" / "open_data"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(open_data, "notify", said.append)
    return said


def yes(question: str) -> bool:
    return True


def test_it_is_asked_for_once_and_read(served: OpenFile, asked_for: list[str]) -> None:
    for _ in range(2):
        (volume, options, kind), *_ = layers_of_open_file(served, yes)
        assert kind == "image"
        np.testing.assert_array_equal(np.asarray(volume), VOLUME)
        assert options["metadata"]["mirage"]["path"].endswith("eye.vol")
    assert asked_for == ["/eye.vol"]


def test_nothing_is_asked_of_the_server_before_the_user_agrees(
    served: OpenFile, asked_for: list[str], own_data: Path, told: list[str]
) -> None:
    questions: list[str] = []

    def no(question: str) -> bool:
        questions.append(question)
        return False

    assert layers_of_open_file(served, no) == []
    assert asked_for == []
    assert told == []
    assert not own_data.exists()
    assert served.terms in questions[0]
    assert served.url in questions[0]


def test_another_file_than_it_should_be_is_not_kept(
    served: OpenFile, own_data: Path, told: list[str]
) -> None:
    assert layers_of_open_file(replace(served, sha256="0" * 64), yes) == []
    assert "not the file it should be" in told[0]
    assert not (own_data / "eye.vol").exists()


def test_a_server_that_is_not_there_is_a_sentence(
    served: OpenFile, own_data: Path, told: list[str]
) -> None:
    nobody = replace(served, url="http://127.0.0.1:9/eye.vol")
    assert layers_of_open_file(nobody, yes) == []
    assert "could not be downloaded" in told[0]
    assert not (own_data / "eye.vol").exists()


def test_offline_nothing_is_asked(
    served: OpenFile, asked_for: list[str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert layers_of_open_file(served, yes) == []
    assert asked_for == []
    assert "offline" in told[0]


def test_what_the_manifest_offers_names_one_version_and_its_terms() -> None:
    assert "/main/" not in HEIDELBERG_VOLUME.url
    assert "/master/" not in HEIDELBERG_VOLUME.url
    assert len(HEIDELBERG_VOLUME.sha256) == 64
    assert HEIDELBERG_VOLUME.terms
