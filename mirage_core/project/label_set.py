"""What scans and B-scans of a project can be labelled as, and what somebody labelled one as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_MOST = 100


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of a project, one set for its scans and B-scans.

    Attributes
    ----------
    names : tuple of str
        In the order they are offered in; empty where nobody has chosen any.
    multi_label : bool
        Several may hold at once, or none of them; else one excludes the others.

    Raises
    ------
    ValueError
        If a name is empty or twice there, whatever its case.
    """

    names: tuple[str, ...] = ()
    multi_label: bool = False

    def __post_init__(self) -> None:
        if len(self.names) > _MOST:
            raise ValueError(f"There are {len(self.names)} labels; {_MOST} are enough.")
        if any(not name or name != " ".join(name.split()) for name in self.names):
            raise ValueError("A label needs a name, without spaces around it.")
        if len({name.casefold() for name in self.names}) < len(self.names):
            raise ValueError("Two labels have the same name.")

    @classmethod
    def of(cls, names: Iterable[str], multi_label: bool = False) -> LabelSet:
        """Return the set of `names` as somebody typed them: trimmed, empty ones left out."""
        tidy = (" ".join(name.split()) for name in names)
        return cls(tuple(name for name in tidy if name), multi_label)

    def checked(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return `labels`, each once, in the order of the set.

        Raises
        ------
        ValueError
            If one is not in the set, or several are given where one excludes the others.
        """
        given = set(labels)
        unknown = sorted(given - set(self.names))
        if unknown:
            known = ", ".join(self.names) or "none yet"
            raise ValueError(f"The project has no label {unknown[0]!r}; its labels are: {known}.")
        if not self.multi_label and len(given) != 1:
            raise ValueError("Give one label: in this project one excludes the others.")
        return tuple(name for name in self.names if name in given)


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody labelled a scan or a B-scan as.

    Attributes
    ----------
    scan_id : str
    annotator : str
        Whose opinion it is.
    b_scan : int or None
        None: the scan as a whole.
    labels : tuple of str
        In the order of the set; empty: looked at, and none of them holds.
    time : datetime
        UTC, when it was given.
    """

    scan_id: str
    annotator: str
    b_scan: int | None
    labels: tuple[str, ...]
    time: datetime
