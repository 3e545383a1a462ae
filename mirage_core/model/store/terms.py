"""Under which terms weights may be used: what is known, what is stated, what we go by."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict


class Terms(BaseModel):
    """Terms of one set of weights, as they are shown and as they are kept in a card.

    Attributes
    ----------
    id : str
        ``mirage-published``, ``unknown``, ``own``, ``hub:owner/name``.
    title : str
        A few words for a table.
    summary : str
        What they mean, in plain words.
    notice : str
        Said whenever the weights are passed on.
    stated : str
        What the hub's repository says its licence is, in its own words; empty if nothing.
    text : str
        The licence text that came with the weights; empty if none did.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    title: str
    summary: str
    notice: str
    stated: str = ""
    text: str = ""

    @property
    def shown(self) -> str:
        """All that is put before a user who is asked to agree."""
        stated = f"The repository states: {self.stated}." if self.stated else ""
        return "\n\n".join(x for x in (self.summary, self.notice, stated, self.text) if x)

    @property
    def text_sha256(self) -> str:
        """SHA-256 of :attr:`shown`: an agreement holds for these words only."""
        return hashlib.sha256(self.shown.encode()).hexdigest()


PUBLISHED = Terms(
    id="mirage-published",
    title="CC BY-NC-ND 4.0 (the stricter reading)",
    summary=(
        "The weights of MIRAGE have been published under CC BY-NC-ND 4.0 and, later, under "
        "CC BY 4.0. This program goes by the stricter of the two: you may use them for research "
        "that is not commercial if you name the authors, and you may pass them on only unchanged. "
        "Weights that you fine-tune from them stay with you."
    ),
    notice=(
        "Weights of MIRAGE: name the authors (Morano et al., npj Digital Medicine 2025); no "
        "commercial use; fine-tuned weights stay local. If CC BY 4.0 covers your copy, you may do "
        "more: its text decides."
    ),
)
"""Terms of the weights the authors of MIRAGE published."""

UNKNOWN = Terms(
    id="unknown",
    title="unknown",
    summary="Terms unknown: ask whoever gave you the file.",
    notice="Terms unknown: ask whoever gave you the file before you pass it on.",
)
"""Terms of a file of which nothing is known."""

OWN = Terms(
    id="own",
    title="your own",
    summary="Trained here from random weights: they are yours.",
    notice="Weights can give away something of the images they were trained on: ask your data "
    "protection officer before you pass them on.",
)
"""Terms of weights that were trained here and come from no one else's."""


def hub_terms(repo: str, *, published: bool, stated: str, text: str) -> Terms:
    """Return the terms of a repository of the hub.

    Parameters
    ----------
    repo : str
        ``owner/name``.
    published : bool
        Whether it is one of the repositories of MIRAGE's authors.
    stated, text : str
        Its licence in its own words, and the licence text it holds; empty if none.
    """
    if published:
        return PUBLISHED.model_copy(update={"stated": stated, "text": text})
    if stated or text:
        summary = f"The terms of {repo} are its owner's; read them below before you agree."
        notice = f"Weights from {repo}: its owner's terms hold for whoever gets them."
    else:
        summary = f"Terms unknown: {repo} states none. Ask its owner."
        notice = f"Terms unknown: ask the owner of {repo} before you pass the weights on."
    return Terms(
        id=f"hub:{repo}",
        title=stated or ("see its text" if text else "unknown"),
        summary=summary,
        notice=notice,
        stated=stated,
        text=text,
    )
