"""What an edit changes: blocks of values that can leave memory and come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, overload
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import B_AXIS, Annotation, Target

if TYPE_CHECKING:
    from mirage_core.annotate.shelf import Shelf

_OBJECTS_BYTES = 512
"""What the objects of one patch take beside its values: two arrays, origin, the patch itself."""


@dataclass(frozen=True, eq=False, slots=True)
class Patch:
    """A block of one target array before and after an edit.

    Attributes
    ----------
    target : Target
    origin : tuple of int
        Index of the block's first element, one number per axis of the target array.
    old, new : array
        The block's values, same shape and dtype, as many axes as the target.
    """

    target: Target
    origin: tuple[int, ...]
    old: NDArray[np.generic]
    new: NDArray[np.generic]

    def __post_init__(self) -> None:
        if self.old.shape != self.new.shape or self.old.dtype != self.new.dtype:
            raise ValueError("old and new values of a patch must match in shape and type")
        if len(self.origin) != self.old.ndim:
            raise ValueError("a patch needs one origin index per axis")

    @property
    def where(self) -> tuple[slice, ...]:
        """Slices of the block in the target array."""
        return tuple([slice(o, o + n) for o, n in zip(self.origin, self.old.shape, strict=True)])

    @property
    def b_scans(self) -> range:
        """B-scans the block covers."""
        axis = B_AXIS[self.target]
        return range(self.origin[axis], self.origin[axis] + self.old.shape[axis])

    def apply(self, annotation: Annotation) -> None:
        """Write the new values."""
        annotation.array(self.target)[self.where] = self.new

    def revert(self, annotation: Annotation) -> None:
        """Write the old values back."""
        annotation.array(self.target)[self.where] = self.old


class UnreadableEditError(Exception):
    """What an edit changed is no longer in memory and cannot be read where it is kept.

    Whoever asked for it changed nothing. Undo and redo work again once it can be read.

    Attributes
    ----------
    what, hint : str
        What happened and what to do, for people.
    """

    def __init__(self, hint: str) -> None:
        self.what = (
            "What an earlier change did cannot be read from the project, so this was not done."
        )
        self.hint = hint
        super().__init__(hint)

    def __str__(self) -> str:
        return f"{self.what} {self.hint}"


class PatchSource(Protocol):
    """Where the patches of one edit are kept for good."""

    def fetch(self) -> tuple[Patch, ...]:
        """Return them as they were kept, to the last bit; from any thread.

        Raises
        ------
        UnreadableEditError
        """
        ...


class Patches(Sequence[Patch]):
    """The patches of one edit, in order.

    What is light is always there: how many there are, which B-scans and arrays they change,
    and how much memory they take. The patches themselves are in memory until a journal keeps
    them durably and a :class:`~mirage_core.annotate.shelf.Shelf` needs the room; whoever looks
    at them then gets them from the journal, at the cost of reading and decoding them. Several
    threads may do so at once.

    Attributes
    ----------
    b_scans : tuple of int
        B-scans they change, ascending.
    targets : frozenset of Target
        Arrays they change.
    n_bytes : int
        Memory they take, in bytes.

    Raises
    ------
    UnreadableEditError
        From whatever needs the patches themselves, if they were released and cannot be read.
    """

    __slots__ = (
        "_claimed",
        "_length",
        "_patches",
        "_shelf",
        "_source",
        "b_scans",
        "n_bytes",
        "targets",
    )

    def __init__(self, patches: Iterable[Patch]) -> None:
        held = tuple(patches)
        self._patches: tuple[Patch, ...] | None = held
        self._length = len(held)
        self._source: PatchSource | None = None
        self._shelf: ref[Shelf] | None = None
        self._claimed = False
        self.b_scans = tuple(sorted({b for patch in held for b in patch.b_scans}))
        self.targets = frozenset([patch.target for patch in held])
        self.n_bytes = sum([2 * p.old.nbytes + _OBJECTS_BYTES for p in held])

    @classmethod
    def stored(
        cls,
        source: PatchSource,
        length: int,
        b_scans: tuple[int, ...],
        targets: frozenset[Target],
        n_bytes: int,
    ) -> Self:
        """Return patches that `source` keeps and that nobody has looked at yet."""
        self = cls.__new__(cls)
        self._patches, self._source, self._length = None, source, length
        self._shelf, self._claimed = None, False
        self.b_scans, self.targets, self.n_bytes = b_scans, targets, n_bytes
        return self

    @property
    def in_memory(self) -> bool:
        """True while looking at them costs nothing."""
        return self._patches is not None

    @property
    def source(self) -> PatchSource | None:
        """What gives them back; None while they are in memory only."""
        return self._source

    def kept_by(self, source: PatchSource) -> None:
        """Note that `source` gives them back from now on; the first that is noted stays."""
        if self._source is None:
            self._source = source

    def claim(self) -> bool:
        """Take them into one session's history; False if they are in one already.

        What one journal gives back must not be counted on by the history of another.
        """
        if self._claimed:
            return False
        self._claimed = True
        return True

    def load(self) -> tuple[Patch, ...]:
        """Return them, read from where they are kept if they were released."""
        patches = self._patches
        if patches is None:
            assert self._source is not None
            patches = self._source.fetch()
        shelf = self._shelf() if self._shelf is not None else None
        if shelf is not None:
            shelf.used(self, patches)
        return patches

    def put_on(self, shelf: Shelf) -> bool:
        """Let `shelf` say how long they stay in memory; False if another one does."""
        mine = self._shelf() if self._shelf is not None else None
        if mine is None:
            self._shelf = ref(shelf)
        return mine is None

    def hold(self, patches: tuple[Patch, ...]) -> None:
        """Keep what was fetched."""
        self._patches = patches

    def release(self) -> None:
        """Let go of them until they are looked at again; never of what could be lost."""
        if self._source is not None:
            self._patches = None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Patch: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Patch]: ...
    def __getitem__(self, index: int | slice) -> Patch | Sequence[Patch]:
        return self.load()[index]

    def __iter__(self) -> Iterator[Patch]:
        return iter(self.load())

    def __reversed__(self) -> Iterator[Patch]:
        return reversed(self.load())
