"""What helps a grader beyond drawing, and how one learns which of it pays."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum


class Aid(StrEnum):
    """What helps the grader beyond strokes."""

    PULL = "pull"
    SNAP = "snap"
    FILL = "fill"
    POCKET = "pocket"
    TIDY = "tidy"
    PROPAGATE = "propagate"
    INTERPOLATE = "interpolate"


FOR_SURFACES = frozenset({Aid.PULL, Aid.SNAP, Aid.PROPAGATE, Aid.INTERPOLATE})
FOR_MASKS = frozenset({Aid.FILL, Aid.POCKET, Aid.TIDY, Aid.PROPAGATE, Aid.INTERPOLATE})

_PATIENCE = 2
_PATIENCE_WITH_ALL = 4


class Trust:
    """Which aids are still worth a try on which structure.

    An aid that failed twice more often than it helped on a structure is left alone there from then
    on, and everywhere once it failed four times more often on all of them. Having helped long ago
    buys no more patience than that. What failed to reach so far is next asked to reach half as far.
    """

    def __init__(self, aids: frozenset[Aid]) -> None:
        self._aids = aids
        self._patience: defaultdict[tuple[Aid, str], int] = defaultdict(lambda: _PATIENCE)
        self._with_all = dict.fromkeys(aids, _PATIENCE_WITH_ALL)
        self._reach: dict[tuple[Aid, str], int] = {}

    def worth(self, aid: Aid, structure: str, far: int = 0) -> bool:
        """Return whether the grader would try `aid` over so many B-scans."""
        key = aid, structure
        near = far <= self._reach.get(key, far)
        return aid in self._aids and near and min(self._patience[key], self._with_all[aid]) > 0

    def learn(self, aid: Aid, structure: str, *, helped: bool, far: int = 0) -> None:
        """Remember how it went."""
        key, step = (aid, structure), 1 if helped else -1
        self._patience[key] = min(self._patience[key] + step, _PATIENCE)
        self._with_all[aid] = min(self._with_all[aid] + step, _PATIENCE_WITH_ALL)
        if far and not helped:
            self._reach[key] = far // 2


def sets_for(*, surfaces: bool, masks: bool) -> tuple[frozenset[Aid], ...]:
    """Return the sets of aids to compare: none, each alone, all together."""
    useful: frozenset[Aid] = frozenset()
    if surfaces:
        useful |= FOR_SURFACES
    if masks:
        useful |= FOR_MASKS
    return frozenset(), *(frozenset({aid}) for aid in Aid if aid in useful), useful
