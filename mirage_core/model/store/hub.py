"""The hub: which file a name stands for, how large it is, and under which terms."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from mirage_core.model.store.card import HubOrigin
from mirage_core.model.store.errors import HubError, OfflineError
from mirage_core.model.store.terms import Terms, hub_terms
from mirage_core.model.store.transport import read_text

DEFAULT_ENDPOINT = "https://huggingface.co"
DEFAULT_FILE = "model.safetensors"

KNOWN = {"mirage-base": "j-morano/MIRAGE-Base", "mirage-large": "j-morano/MIRAGE-Large"}
"""Repositories of the authors' weights, by the names this program gives them."""

LOCAL_FILE_HINT = "If you have the weights as a file, import that: it works without the network."

_REPO = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$", re.ASCII)
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_TEXTS = ("LICENSE", "LICENSE.md", "LICENSE.txt", "README.md")
_TIMEOUT_S = 15.0
_YES = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A file of weights the hub has; nothing of it is fetched yet.

    Attributes
    ----------
    repo : str
        ``owner/name``.
    revision : str
        The commit, so that what is fetched is what was shown.
    file : str
    size_bytes : int
    sha256 : str
        Of the file, as the hub states it.
    terms : Terms
    endpoint : str
    """

    repo: str
    revision: str
    file: str
    size_bytes: int
    sha256: str
    terms: Terms
    endpoint: str

    @property
    def origin(self) -> HubOrigin:
        """Where it comes from, for the card."""
        return HubOrigin(
            repo=self.repo, revision=self.revision, file=self.file, endpoint=self.endpoint
        )

    @property
    def title(self) -> str:
        """What the model is called unless the user says otherwise."""
        return self.repo.split("/")[1].replace("-", " ")


def is_offline(offline: bool = False) -> bool:
    """Return whether the network may not be used: asked for, or by an environment variable."""
    names = ("MIRAGE_OFFLINE", "HF_HUB_OFFLINE")
    return offline or any(os.environ.get(name, "").lower() in _YES for name in names)


def refuse_offline(offline: bool) -> None:
    """Raise OfflineError if the network may not be used."""
    if is_offline(offline):
        raise OfflineError(
            "The program is set to stay offline, so nothing is downloaded.", LOCAL_FILE_HINT
        )


def repo_of(name: str) -> str:
    """Return the repository a name stands for.

    Raises
    ------
    HubError
        If it is neither a known name nor ``owner/name``.
    """
    if name.lower() in KNOWN:
        return KNOWN[name.lower()]
    if not _REPO.match(name) or ".." in name:
        raise HubError(
            f"There are no weights called {name!r}.",
            f"Known are {' and '.join(KNOWN)}; any other repository is given as owner/name.",
        )
    return name


def look_up(
    name: str,
    *,
    file: str = DEFAULT_FILE,
    revision: str = "main",
    endpoint: str | None = None,
    offline: bool = False,
) -> Offer:
    """Ask the hub what `name` stands for, and for the text of its terms; fetch no weights.

    Parameters
    ----------
    name : str
        A key of :data:`KNOWN`, or ``owner/name``.
    file, revision : str
        Which file of the repository, at which branch, tag or commit.
    endpoint : str, optional
        Address of the hub; else that in ``HF_ENDPOINT``, else the public one.
    offline : bool
        Refuse; ``MIRAGE_OFFLINE=1`` and ``HF_HUB_OFFLINE=1`` do as well.

    Raises
    ------
    OfflineError
    HubError
        If it has no such file, keeps it from us, or cannot be reached.
    """
    refuse_offline(offline)
    repo = repo_of(name)
    address = _address(endpoint)
    hub = _hub_library()
    with _hub_errors(repo, file, revision, address):
        api = hub.HfApi(endpoint=address, token=_token(hub))
        info = api.model_info(repo, revision=revision, timeout=_TIMEOUT_S)
        commit = str(info.sha)
        names = {s.rfilename for s in info.siblings or ()}
        stated = _plain(_stated(info.card_data))
        located = _metadata(hub, address, repo, file, commit)
    sha256, size = str(located.etag), located.size
    if not size or not _SHA256.match(sha256):
        raise HubError(
            f"The hub states no SHA-256 for {file} of {repo}: what arrives could not be checked.",
            "Get the file in another way and import it.",
        )
    source = next((t for t in _TEXTS if t in names), None)
    text = ""
    if source is not None:
        url = hub.hf_hub_url(repo, source, revision=commit, endpoint=address)
        text = _without_front_matter(_plain(read_text(url, _authorization(hub))))
    terms = hub_terms(repo, published=repo in KNOWN.values(), stated=stated, text=text)
    return Offer(repo, commit, file, size, sha256, terms, address)


def locate(offer: Offer) -> tuple[str, dict[str, str]]:
    """Return where the bytes of an offer are sent from now, and the headers to ask with.

    Raises
    ------
    HubError
    """
    hub = _hub_library()
    with _hub_errors(offer.repo, offer.file, offer.revision, offer.endpoint):
        located = _metadata(hub, offer.endpoint, offer.repo, offer.file, offer.revision)
    url = str(located.location)
    # A large file is sent from a storage of its own, which has no business with the user's token.
    own = url.startswith(f"{offer.endpoint}/")
    return url, _authorization(hub) if own else {}


def _hub_library() -> ModuleType:
    import huggingface_hub
    from huggingface_hub import constants

    # Without it every request tells the hub which frameworks are installed here.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


def _token(hub: ModuleType) -> str | bool:
    """Return the token the user logged in with, else False, which sends none."""
    token: str | None = hub.get_token()
    return token or False


def _authorization(hub: ModuleType) -> dict[str, str]:
    token = _token(hub)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _metadata(hub: ModuleType, address: str, repo: str, file: str, revision: str) -> Any:
    url = hub.hf_hub_url(repo, file, revision=revision, endpoint=address)
    return hub.get_hf_file_metadata(url, token=_token(hub), timeout=_TIMEOUT_S)


def _address(endpoint: str | None) -> str:
    address = (endpoint or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    if not address.startswith(("https://", "http://")):
        raise HubError(
            f"{address!r} is no address of a hub.", "Give one that begins with https://."
        )
    return address


@contextmanager
def _hub_errors(repo: str, file: str, revision: str, address: str) -> Iterator[None]:
    """Turn the hub library's errors into one sentence each."""
    from huggingface_hub import errors

    # Its own errors share a base with those of the HTTP library below it, and which library that
    # is differs between its versions.
    no_answer: tuple[type[BaseException], ...] = (*errors.HfHubHTTPError.__bases__, OSError)
    try:
        yield
    except errors.GatedRepoError as error:
        raise gated(repo, address) from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(
            f"The hub has no repository {repo} that is open to you.",
            "Check the name; if it is private, log in with: hf auth login.",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(
            f"{repo} has no revision {revision!r}.", "Leave it out for the newest."
        ) from error
    except errors.EntryNotFoundError as error:
        raise HubError(f"{repo} has no file {file!r}.", "Name another one of its files.") from error
    except errors.HFValidationError as error:
        raise HubError(f"{repo!r} is no name of a repository.", "Give it as owner/name.") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        if status in (401, 403):
            raise gated(repo, address) from error
        raise HubError(
            f"The hub at {address} answered with an error ({status}).", "Try again later."
        ) from error
    except no_answer as error:
        raise unreachable(address) from error


def gated(repo: str, address: str) -> HubError:
    """Return the error for a repository that wants a login or its owner's leave."""
    return HubError(
        f"{repo} gives its files only to people its owner has let in.",
        f"Ask for access at {address}/{repo}, log in with: hf auth login, and try again.",
    )


def unreachable(address: str) -> HubError:
    """Return the error for a hub that does not answer."""
    return HubError(
        f"The hub at {address} cannot be reached.", f"Check the network. {LOCAL_FILE_HINT}"
    )


def _stated(card_data: object) -> str:
    stated = getattr(card_data, "license", None)
    if isinstance(stated, list):
        stated = ", ".join(map(str, stated))
    return stated if isinstance(stated, str) else ""


def _plain(text: str) -> str:
    """Return `text` without control characters, which a terminal would obey."""
    return "".join(c for c in text.replace("\r\n", "\n") if c.isprintable() or c in "\n\t").strip()


def _without_front_matter(text: str) -> str:
    if text.startswith("---\n") and "\n---" in text[4:]:
        return text.split("\n---", 1)[1].lstrip("-").strip()
    return text
