"""What every benchmark prints, and how the results become docs/performance.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

MARK = "BENCH "


@dataclass(frozen=True)
class Result:
    """One row of the table.

    Attributes
    ----------
    what : str
        What was measured.
    bar : str
        The bar it is held against, in words.
    ours, peer : str
        The two figures, with units.
    peer_name : str
    ratio : float or None
        How many times better than the peer; None where the bar is absolute.
    reached : bool
        Whether the bar was reached in this run.
    """

    what: str
    bar: str
    ours: str
    peer_name: str
    peer: str
    ratio: float | None
    reached: bool


def emit(result: Result) -> None:
    """Print `result` for people, and as one JSON line for the collecting command."""
    ratio = "" if result.ratio is None else f"; ratio {result.ratio:.2f}"
    word = "reached" if result.reached else "NOT reached"
    print(
        f"{result.what}: {result.ours}; {result.peer_name}: {result.peer}{ratio} "
        f"(bar: {result.bar}; {word})"
    )
    print(MARK + json.dumps(asdict(result)), flush=True)


def parse(output: str) -> list[dict[str, Any]]:
    """Return the results that a benchmark printed."""
    return [json.loads(line[len(MARK) :]) for line in output.splitlines() if line.startswith(MARK)]
