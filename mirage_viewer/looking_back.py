"""Looking back: the scan as it was at a moment of its history. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk


def look_back(desk: Desk, n_done: int, b: int, structures: tuple[str, ...] | None) -> None:
    """Show the scan as it was after its first `n_done` edits in effect.

    Parameters
    ----------
    desk : Desk
    n_done : int
    b : int
        A B-scan that the last of them touched, -1 for none. It is gone to unless the last of them
        touched the B-scan shown: what is shown and brought back is what the change was made to.
    structures : tuple of str or None
        What can be brought back, None for all of the B-scan.
    """
    if desk.open_scan is None or not desk.editable:
        return
    done = desk.open_scan.session.history.done
    if b >= 0 and n_done > 0 and desk.b not in done[n_done - 1].b_scans:
        desk.show_b_scan(b)
    if n_done < len(done):
        desk.offers.look_back(desk.open_scan, n_done, lambda: desk.b, structures)
    else:
        desk.offers.forget()  # that is now
