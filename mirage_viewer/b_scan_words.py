"""B-scans in words, for people, who count from 1. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_NAMED = 6


def short_list(b_scans: Sequence[int]) -> str:
    """Return B-scans in short form, "B-scan 7" or "B-scans 7, 9–12"; of many runs the first few.

    Parameters
    ----------
    b_scans : sequence of int
        Counted from 0; in any order.
    """
    runs: list[tuple[int, int]] = []
    for b in sorted(set(b_scans)):
        if runs and b == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], b
        else:
            runs.append((b, b))
    words = [_run(*run) for run in runs[:_MOST_NAMED]]
    if len(runs) > _MOST_NAMED:
        words.append(f"… {_run(*runs[-1])}")
    noun = "B-scan" if len(set(b_scans)) == 1 else "B-scans"
    return f"{noun} {', '.join(words)}"


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first + 1)
    joint = "–" if last > first + 1 else ", "
    return f"{first + 1}{joint}{last + 1}"
