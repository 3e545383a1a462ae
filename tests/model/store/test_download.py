"""A download: only after consent, continued where it broke off, checked, or not there at all."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from mirage_core.model.store import download
from mirage_core.model.store.consent import Consent
from mirage_core.model.store.download import fetch
from mirage_core.model.store.errors import (
    CancelledError,
    ConsentNeededError,
    HubError,
    OfflineError,
)
from mirage_core.model.store.hub import Offer, look_up
from mirage_core.model.store.terms import Terms
from tests.model.store.hub_fixture import REPO
from tests.model.store.hub_server import Hub

BREAKS_FOR_GOOD = [0] * 3
"""More answers without a byte than are tried again."""


def agreed(terms: Terms) -> Consent:
    return Consent(terms_id=terms.id, text_sha256=terms.text_sha256, given=datetime.now(UTC))


@pytest.fixture
def offer(hub: Hub) -> Offer:
    return look_up("mirage-base")


@pytest.fixture
def content(hub: Hub) -> bytes:
    content = hub.repos[REPO]["model.safetensors"]
    assert len(content) > 900_000  # several pieces
    return content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


def kept(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return sorted(p.suffix for p in folder.iterdir() if p.suffix != ".lock")


def test_the_file_arrives_whole_with_progress(offer: Offer, content: bytes, folder: Path) -> None:
    told: list[float] = []
    path = fetch(offer, agreed(offer.terms), folder, told.append)
    assert path.read_bytes() == content
    assert kept(folder) == [".safetensors"]
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 3


@pytest.mark.parametrize("given", ["nothing", "other terms", "an older text"])
def test_without_consent_to_these_very_terms_nothing_is_fetched(
    given: str, offer: Offer, hub: Hub, folder: Path
) -> None:
    consent = {
        "nothing": None,
        "other terms": agreed(offer.terms.model_copy(update={"id": "hub:o/n"})),
        "an older text": agreed(offer.terms.model_copy(update={"text": "Older."})),
    }[given]
    with pytest.raises(ConsentNeededError, match="agreed to the terms"):
        fetch(offer, consent, folder)
    assert hub.fetched() == []
    assert not folder.exists()


def test_offline_nothing_is_fetched(offer: Offer, hub: Hub, folder: Path) -> None:
    with pytest.raises(OfflineError):
        fetch(offer, agreed(offer.terms), folder, offline=True)
    assert hub.fetched() == []


def test_a_line_that_breaks_once_is_taken_up_again_at_the_byte(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    hub.cut_after = [400_000, 100_000]
    path = fetch(offer, agreed(offer.terms), folder)
    assert path.read_bytes() == content
    assert [r.start for r in hub.fetched()] == [None, 400_000, 500_000]


def test_a_line_that_stays_broken_is_said_and_the_next_download_goes_on_from_there(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    hub.cut_after = [400_000, *BREAKS_FOR_GOOD]
    with pytest.raises(HubError, match=r"broke off: 0\.4 of 1\.0 MB"):
        fetch(offer, agreed(offer.terms), folder)
    assert kept(folder) == [".part"]
    hub.requests.clear()
    hub.cut_after.clear()
    told: list[float] = []
    path = fetch(offer, agreed(offer.terms), folder, told.append)
    assert path.read_bytes() == content
    assert [r.start for r in hub.fetched()] == [400_000]
    assert told[0] == pytest.approx(400_000 / len(content))


def test_a_server_that_ignores_ranges_is_listened_to_from_the_start(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    hub.cut_after = [400_000]
    hub.keeps_ranges = False
    assert fetch(offer, agreed(offer.terms), folder).read_bytes() == content
    assert [r.start for r in hub.fetched()] == [None, 400_000]


def test_another_file_than_announced_is_not_kept(offer: Offer, hub: Hub, folder: Path) -> None:
    hub.stated_sha256 = "ab" * 32
    announced = look_up("mirage-base")
    with pytest.raises(HubError, match="SHA-256 differs"):
        fetch(announced, agreed(announced.terms), folder)
    assert kept(folder) == []


def test_a_part_that_was_changed_meanwhile_is_found_out(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    folder.mkdir()
    (folder / f"{offer.sha256}.part").write_bytes(b"!" * 1000)
    with pytest.raises(HubError, match="SHA-256 differs"):
        fetch(offer, agreed(offer.terms), folder)
    assert fetch(offer, agreed(offer.terms), folder).read_bytes() == content


def test_a_cancelled_download_leaves_nothing(offer: Offer, hub: Hub, folder: Path) -> None:
    told: list[float] = []
    with pytest.raises(CancelledError):
        fetch(offer, agreed(offer.terms), folder, told.append, lambda: len(told) > 2)
    assert 0 < told[-1] < 1
    assert kept(folder) == []


def test_a_stopped_program_keeps_what_arrived(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(offer, agreed(offer.terms), folder, stop)
    assert kept(folder) == [".part"]
    assert fetch(offer, agreed(offer.terms), folder).read_bytes() == content
    start = hub.fetched()[-1].start
    assert start is not None
    assert start > 0.4 * len(content)


def test_a_whole_file_from_before_is_checked_and_not_fetched_again(
    offer: Offer, hub: Hub, content: bytes, folder: Path
) -> None:
    path = fetch(offer, agreed(offer.terms), folder)
    fetch(offer, agreed(offer.terms), folder)
    assert len(hub.fetched()) == 1
    path.write_bytes(b"!" * len(content))
    assert fetch(offer, agreed(offer.terms), folder).read_bytes() == content


@pytest.mark.parametrize(
    ("refusal", "words"),
    [((403, "GatedRepo"), "let in"), ((404, "EntryNotFound"), "no file"), ((500, ""), "error")],
)
def test_a_refusal_is_said_in_a_sentence(
    refusal: tuple[int, str], words: str, offer: Offer, hub: Hub, folder: Path
) -> None:
    hub.refusal = refusal
    with pytest.raises(HubError, match=words):
        fetch(offer, agreed(offer.terms), folder)
    assert kept(folder) == []


def test_a_disk_without_room_is_said_before_anything_is_fetched(
    offer: Offer, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 1000))
    with pytest.raises(HubError, match=r"too full .*: 2\.0 MB are needed"):
        fetch(offer, agreed(offer.terms), folder)
    assert hub.fetched() == []


def test_a_disk_that_fills_up_meanwhile_is_said_and_no_fault_of_the_line(
    offer: Offer, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HubError, match="disk is too full"):
        fetch(offer, agreed(offer.terms), folder)
    assert len(hub.fetched()) == 1


def test_two_downloads_of_the_same_weights_do_not_mix(offer: Offer, folder: Path) -> None:
    folder.mkdir()
    with (
        FileLock(folder / f"{offer.sha256}.lock"),
        pytest.raises(HubError, match="being downloaded already"),
    ):
        fetch(offer, agreed(offer.terms), folder)


def test_the_user_s_token_goes_to_the_hub_and_not_to_its_storage(
    offer: Offer, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    hub.requests.clear()
    fetch(offer, agreed(offer.terms), folder)
    assert [r.headers.get("authorization") for r in hub.requests] == ["Bearer hf_mine", None]
    assert hub.fetched() == hub.requests[1:]


def test_what_nobody_took_up_again_is_removed_after_two_weeks(offer: Offer, folder: Path) -> None:
    folder.mkdir()
    for name, age_s in (("old.part", download.KEPT_S + 60), ("young.part", 60.0)):
        (folder / name).write_bytes(b"x")
        then = time.time() - age_s
        os.utime(folder / name, (then, then))
    fetch(offer, agreed(offer.terms), folder)
    assert not (folder / "old.part").exists()
    assert (folder / "young.part").exists()
