"""Teaching in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mirage_viewer.teaching.runs import RunRequest

NOT_MEASURED = "What was gained was not measured, so it is not suggested."
GO_ON_LATER = "What was learnt so far is kept: go on from there, or begin anew."
NO_BETTER = "This model does not beat its parent."


def counted(n: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 scan", "3 scans"."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def interrupted(request: RunRequest) -> str:
    """Return which run was interrupted."""
    return (
        f"{request.base_title}, taught with {counted(request.n_b_scans, 'B-scan')}, begun on "
        f"{request.begun_at:%d %B at %H:%M}; it goes on from its last checkpoint."
    )


def failure(error: Exception) -> str:
    """Return in a sentence why a run ended that should not have."""
    from mirage_core.jobs import WorkerDiedError

    if isinstance(error, WorkerDiedError | MemoryError):
        return "Teaching ended unexpectedly; perhaps the computer ran out of memory."
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return f"Teaching failed: {reason}"


_SAME = 0.02
"""Share by which an error must change to be called better or worse."""


@dataclass(frozen=True, slots=True)
class GainLine:
    """One line of the table of results.

    Attributes
    ----------
    name : str
        The structure, and what is measured of it.
    before, after : str
        Figures with their 95 % confidence intervals.
    um : str
        Both in µm, where all scales are known.
    better : bool or None
        None where there is nothing to compare, or the error is as good as the same.
    n_b_scans : int
    """

    name: str
    before: str
    after: str
    um: str
    better: bool | None
    n_b_scans: int


def gain_lines(gain: Mapping[str, Any]) -> tuple[GainLine, ...]:
    """Return the table of a gain, as its event tells it."""
    return tuple(_line(s) for s in gain["structures"] if s["kind"] != "region")


def _line(s: Mapping[str, Any]) -> GainLine:
    before, after = s["before"], s["after"]
    is_error = s["kind"] == "surface"
    was, now = before["value"], after["value"]
    better = None
    if was is not None and now is not None:
        old, new = (was, now) if is_error else (1 - was, 1 - now)
        better = new < old if abs(new - old) > _SAME * old else None
    digits = 2 if is_error else 3
    return GainLine(
        f"{s['name']}, {'px' if is_error else 'Dice'}",
        _figure(before, digits),
        _figure(after, digits),
        _um(s.get("before_um"), s.get("after_um")),
        better,
        int(s["n_b_scans"]),
    )


def _figure(interval: Mapping[str, Any], digits: int) -> str:
    if interval["value"] is None:
        return "–"
    value = f"{interval['value']:.{digits}f}"
    if interval["low"] is None:
        return value
    return f"{value} ({interval['low']:.{digits}f}–{interval['high']:.{digits}f})"


def _um(before: float | None, after: float | None) -> str:
    if after is None:
        return ""
    return f"{after:.1f}" if before is None else f"{before:.1f} → {after:.1f}"


def memory(n_bytes: int | None, gpu_bytes: int | None) -> str:
    """Return what a run holds, empty if nobody knows."""
    parts = []
    if n_bytes:
        parts.append(f"{n_bytes / 2**30:.1f} GB of memory")
    if gpu_bytes:
        parts.append(f"{gpu_bytes / 2**30:.1f} GB on the graphics card")
    return ", ".join(parts)


def error_change(before: float, after: float, *, surfaces: bool) -> str:
    """Return how far off a held-out B-scan was and is: in px, or 1 less Dice without surfaces."""
    digits, unit = (1, " px") if surfaces else (2, " (1 − Dice)")
    was, now = (f"{x:.{digits}f}" if x == x else "–" for x in (before, after))
    return f"{was} → {now}{unit}"


def status(fraction: float, left_s: float | None) -> str:
    """Return how far a run is, for the status bar."""
    left = f", {duration(left_s)} left" if left_s is not None else ""
    return f"Teaching {fraction:.0%}".replace("%", " %") + left


def duration(seconds: float) -> str:
    """Return a time for people: "a few seconds", "40 s", "3 min", "2 h 10 min"."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
