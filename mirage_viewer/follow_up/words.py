"""What is said of two visits: what changed, and how they were brought together. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.measure.followup import Change
    from mirage_core.measure.registration import Registration
    from mirage_core.scan import Scan

_DIGITS = {"um": 0, "mm3": 3, "mm2": 2, "mm": 2, "nL": 1}
_STRETCHED = 1.0005
"""From here on more than turn, scale and shift brings the images together."""
_MOST_TURNED_DEG = 180.0


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A line of the table of changes.

    Attributes
    ----------
    cells : tuple of str
        Structure, region, figure, first, later, change, unit, shares approved, note.
    keys : tuple of str or float
        By which each column is sorted; NaN where there is no figure.
    """

    cells: tuple[str, ...]
    keys: tuple[str | float, ...]


def change_lines(changes: Iterable[Change], titles: dict[str, str]) -> tuple[ChangeLine, ...]:
    """Return the table of changes.

    Parameters
    ----------
    changes : iterable of Change
    titles : dict of str to str
        Of mask classes, by name.
    """
    from mirage_core.measure.report_tables import unit_word

    lines = []
    for c in changes:
        name = titles.get(c.structure, c.structure.replace("..", " to "))
        digits = _DIGITS.get(c.unit, 2)
        cells = (
            name,
            c.region,
            c.figure,
            _plain(c.first, digits),
            _plain(c.second, digits),
            "–" if c.change != c.change else signed(c.change, digits),
            unit_word(c.unit),
            _shares(c.first_approved, c.second_approved),
            c.note,
        )
        least = min(c.first_approved, c.second_approved)
        keys = (name, c.region, c.figure, c.first, c.second, c.change, c.unit, least, c.note)
        lines.append(ChangeLine(cells, keys))
    return tuple(lines)


def signed(value: float, digits: int) -> str:
    """Return a change with its sign; one that rounds to nothing has none."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")


def how_words(registration: Registration | None) -> str:
    """Return who brought the visits together, in a few words."""
    from mirage_core.measure.registration import RegistrationSource

    if registration is None:
        return "not brought together"
    return {
        RegistrationSource.VESSELS: "found by the vessels",
        RegistrationSource.CONFIRMED: "found by the vessels, confirmed by a person",
        RegistrationSource.USER: "adjusted by hand",
    }[registration.source]


def registration_words(registration: Registration, first: Scan, second: Scan) -> tuple[str, ...]:
    """Return what was found, a line each: turn, scale, shift, what is left over, and the kind."""
    from mirage_core.measure.followup import nominal_scale
    from mirage_core.measure.placing import shift_px

    assert first.slo is not None
    assert second.slo is not None
    scale = nominal_scale(first, second)
    rows, cols = shift_px(registration.matrix, first.slo.shape, second.slo.shape, scale)
    mm = first.geometry.slo_mm_per_px
    sizes, unit = (mm, "mm") if mm is not None else ((1.0, 1.0), "px")
    digits = 2 if mm is not None else 1
    down, right = rows * sizes[0], cols * sizes[1]
    left = registration.residual_px * sizes[0]
    stretch = registration.stretch
    return (
        f"Turned by {signed(registration.rotation_deg, 2)}°",
        f"Scaled by {registration.scale / scale:.3f}",
        f"Shifted by {abs(right):.{digits}f} {unit} {'right' if right >= 0 else 'left'}, "
        f"{abs(down):.{digits}f} {unit} {'down' if down >= 0 else 'up'}",
        f"Left over: {left:.3f} {unit}" if left == left else "Left over: could not be seen",
        "Rigid: turn, scale and shift alone"
        if stretch < _STRETCHED
        else f"Affine: stretched by {100 * (stretch - 1):.1f} % one way",
    )


def _shares(first: float, second: float) -> str:
    """Return how much a human approved at each visit; rounded down, so that 100 % is all."""
    words = [f"{int(100 * share + 1e-6)} %" if share == share else "–" for share in (first, second)]
    return " / ".join(words) if words[0] != words[1] else words[0]


def _plain(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:.{digits}f}"
