"""KeyHand: a pointer that keys move and that draws with the tool in hand."""

from __future__ import annotations

from typing import ClassVar, Protocol
from weakref import ref

from psygnal import Signal

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.tools.base import Point


class Board(Protocol):
    """What a hand draws on."""

    @property
    def runner(self) -> ToolRunner | None:
        """Who takes presses, None where nothing can be drawn."""
        ...

    @property
    def crosshair(self) -> tuple[float, float]:
        """Image point ``(z, x)`` px of the crosshair."""
        ...

    def point_at(self, z: float, x: float) -> tuple[float, float]:
        """Put crosshair and pointer at an image point, or the nearest there is; return it."""
        ...

    def stop_pointing(self) -> None:
        """Take the pointer away."""
        ...


class KeyHand:
    """The pointer of one canvas that keys move, a whole pixel at a time.

    It begins at the crosshair and takes it along. While it is down, moves are a drag.

    Parameters
    ----------
    board : Board
        Held weakly: a widget in a cycle would be deleted whenever garbage is collected.

    Signals
    -------
    kept_changed(bool)
        The tool stays down without a key, or no more.
    """

    kept_changed: ClassVar[Signal] = Signal(bool)

    def __init__(self, board: Board) -> None:
        self._seen = ref(board)
        self._at: Point | None = None
        self.down = False
        self.kept = False

    @property
    def _board(self) -> Board:
        board = self._seen()
        assert board is not None  # it is the only one that calls
        return board

    @property
    def shown(self) -> bool:
        """True from the first move by keys until the mouse is used."""
        return self._at is not None

    def move(self, dz: int, dx: int) -> None:
        """Go down by `dz` px and right by `dx`."""
        z, x = self._at if self._at is not None else self._board.crosshair
        self._at = Point(*self._board.point_at(round(z) + dz, round(x) + dx))
        runner = self._board.runner
        if runner is not None and runner.tool is not None:
            (runner.move if self.down else runner.hover)(self._at)

    def press(self, *, against: bool = False, keep: bool = False) -> bool:
        """Press the tool where the pointer is; return whether there is one to press.

        Parameters
        ----------
        against : bool
            As with the key held that turns a stroke around.
        keep : bool
            Whether it stays down when the key is let go, until :meth:`lift`.
        """
        runner = self._board.runner
        if self._at is None or runner is None or runner.tool is None:
            return False
        if not self.down:
            self._be(down=True, kept=keep)
            runner.press(self._at, against)
        return True

    def lift(self) -> None:
        """Let the tool go where the pointer is."""
        if self.down:
            self._be(down=False, kept=False)
            if self._board.runner is not None and self._at is not None:
                self._board.runner.release(self._at)

    def forget(self) -> None:
        """The stroke ended by itself."""
        self._be(down=False, kept=False)

    def hide(self) -> None:
        """Give way to the mouse; a stroke in hand is let go first."""
        self.lift()
        if self._at is not None:
            self._at = None
            self._board.stop_pointing()

    def _be(self, *, down: bool, kept: bool) -> None:
        changed = kept is not self.kept
        self.down, self.kept = down, kept
        if changed:
            self.kept_changed.emit(kept)
