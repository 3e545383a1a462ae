"""Results and failures in words. Imports neither typer nor rich, which workers do not need."""

from __future__ import annotations

from collections.abc import Mapping

GIVE_SPACING = "The spacing is given in mm: --spacing DB,DZ,DX."


def counted(n: int, noun: str) -> str:
    """Return ``"1 file"``, ``"2 files"``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def describe(error: BaseException) -> dict[str, str] | None:
    """Return what, hint and path of an error that users can act on; None for any other."""
    # Readers, exporters, projects and commands share this shape without sharing a class.
    what = getattr(error, "what", None)
    if isinstance(what, str):
        described = {"what": what, "hint": str(getattr(error, "hint", ""))}
        path = getattr(error, "path", getattr(error, "folder", None))
        return described | ({"path": str(path)} if path is not None else {})
    from mirage_core.scan import SpacingUnknownError

    if isinstance(error, SpacingUnknownError):
        return {"what": str(error), "hint": GIVE_SPACING}
    return None


def sentence(described: Mapping[str, str]) -> str:
    """Return a described error as text: the path where it adds something, what, and the hint."""
    path, what, hint = (described.get(k, "") for k in ("path", "what", "hint"))
    place = f"{path}: " if path and path not in what else ""
    return f"{place}{what} {hint}".rstrip()
