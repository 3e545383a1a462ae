"""In which turn labels are renamed. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.project.label_set import LabelSet


def in_turn(pairs: list[tuple[str, str]], known: LabelSet) -> list[tuple[str, str]]:
    """Return `pairs` so that none takes a name that is still another's, as far as that can be."""
    left, turn = list(pairs), []
    taken = {name.casefold() for name in known.names}
    while left:
        pair = next((p for p in left if p[1].casefold() not in taken - {p[0].casefold()}), left[0])
        left.remove(pair)
        turn.append(pair)
        taken = (taken - {pair[0].casefold()}) | {pair[1].casefold()}
    return turn
