"""Looking a model up: what it is, under which terms; no weights, no telemetry, no token unasked."""

from __future__ import annotations

import socket

import pytest

from mirage_core.model.store.errors import HubError, OfflineError
from mirage_core.model.store.hub import KNOWN, look_up, repo_of
from mirage_core.model.store.terms import PUBLISHED
from tests.model.store.hub_fixture import LICENCE, REPO
from tests.model.store.hub_server import Hub
from tests.model.store.models import sha256, weights


def test_a_known_name_is_looked_up_with_size_checksum_and_commit(hub: Hub) -> None:
    offer = look_up("mirage-base")
    content = hub.repos[REPO]["model.safetensors"]
    assert (offer.repo, offer.file, offer.revision) == (REPO, "model.safetensors", hub.commit)
    assert (offer.size_bytes, offer.sha256) == (len(content), sha256(content))
    assert offer.title == "MIRAGE Base"
    assert offer.origin.endpoint == hub.endpoint


def test_both_published_sizes_have_a_name() -> None:
    assert {repo_of(n) for n in KNOWN} == {"j-morano/MIRAGE-Base", "j-morano/MIRAGE-Large"}


def test_looking_up_fetches_no_weights(hub: Hub) -> None:
    look_up("mirage-base")
    assert hub.fetched() == []
    assert [r.path.split("/")[-1] for r in hub.requests if r.method == "GET"] == ["main", "LICENSE"]


def test_all_that_is_shown_is_of_one_commit(hub: Hub) -> None:
    look_up("mirage-base")
    described, *files = hub.requests
    assert described.path.endswith("/main")
    assert [r.path.split("/")[-2] for r in files] == [hub.commit] * 2


def test_the_published_terms_come_with_the_licence_text_and_what_the_repository_states(
    hub: Hub,
) -> None:
    terms = look_up("mirage-base").terms
    assert terms.id == PUBLISHED.id
    assert PUBLISHED.summary in terms.shown
    assert "The repository states: cc-by-4.0." in terms.shown
    assert LICENCE.decode().strip() in terms.shown


def test_without_a_licence_file_the_readme_is_shown_without_its_front_matter(hub: Hub) -> None:
    del hub.repos[REPO]["LICENSE"]
    assert look_up("mirage-base").terms.text == "# About"


def test_another_repository_has_its_owner_s_terms(hub: Hub) -> None:
    hub.repos["someone/else"] = {"w.safetensors": weights(), "LICENSE": b"Do as you like."}
    hub.licenses["someone/else"] = "mit"
    terms = look_up("someone/else", file="w.safetensors").terms
    assert terms.id == "hub:someone/else"
    assert (terms.stated, terms.text) == ("mit", "Do as you like.")


def test_a_repository_that_states_no_terms_is_said_to_state_none(hub: Hub) -> None:
    hub.repos["someone/else"] = {"model.safetensors": weights()}
    assert "someone/else states none" in look_up("someone/else").terms.shown


def test_a_text_cannot_command_the_terminal_and_a_long_one_is_cut(hub: Hub) -> None:
    hub.repos[REPO]["LICENSE"] = b"\x1b[2J\x07Be kind.\r\n" + b"x" * 300_000
    text = look_up("mirage-base").terms.text
    assert text.startswith("[2JBe kind.\nxxx")
    assert "It goes on at http" in text[-200:]


def test_no_request_tells_of_this_computer_or_its_user(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up("mirage-base")
    for request in hub.requests:
        assert "authorization" not in request.headers
        assert "torch" not in request.headers["user-agent"]


def test_a_token_is_sent_when_the_user_has_set_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    look_up("mirage-base")
    assert {r.headers.get("authorization") for r in hub.requests} == {"Bearer hf_mine"}


@pytest.mark.parametrize("variable", ["MIRAGE_OFFLINE", "HF_HUB_OFFLINE", ""])
def test_offline_nothing_is_asked_and_a_local_file_is_offered(
    variable: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv(variable, "1")
    with pytest.raises(OfflineError, match="offline") as refused:
        look_up("mirage-base", offline=not variable)
    assert "as a file, import that" in refused.value.hint
    assert hub.requests == []


@pytest.mark.parametrize("name", ["mirage-giant", "a/b/c", "../x", "a b/c", "", "o/..", "-o/n"])
def test_a_name_that_is_none_is_answered_with_those_known(name: str, hub: Hub) -> None:
    with pytest.raises(HubError, match="mirage-base and mirage-large"):
        look_up(name)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "some/one"}, "no repository some/one"),
        ({"name": REPO, "file": "other.safetensors"}, "no file 'other.safetensors'"),
        ({"name": REPO, "file": "README.md"}, "no SHA-256"),
        ({"name": REPO, "endpoint": "ftp://hub"}, "no address of a hub"),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_a_sentence(
    asked: dict[str, str], words: str, hub: Hub
) -> None:
    with pytest.raises(HubError, match=words) as refused:
        look_up(**asked)  # type: ignore[arg-type]
    assert refused.value.hint


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, "GatedRepo"), "people its owner has let in"),
        ((403, "GatedRepo"), "people its owner has let in"),
        ((403, ""), "people its owner has let in"),
        ((404, "RevisionNotFound"), "no revision"),
        ((503, ""), r"answered with an error \(503\)"),
    ],
)
def test_a_refusal_is_said_in_a_sentence(refusal: tuple[int, str], words: str, hub: Hub) -> None:
    hub.refusal = refusal
    with pytest.raises(HubError, match=words) as refused:
        look_up("mirage-base")
    assert refused.value.hint


def test_without_a_network_a_local_file_is_offered(hub: Hub) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(HubError, match="cannot be reached") as refused:
        look_up("mirage-base", endpoint=closed)
    assert "as a file, import that" in refused.value.hint
