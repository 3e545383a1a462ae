"""Bland-Altman plots as a picture file. Needs matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.measure.bland_altman import Estimate
from mirage_core.measure.figures import by_hand_words, unit_words
from mirage_core.measure.thickness_agreement import ThicknessAgreement, Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT_SUFFIXES = (".pdf", ".png", ".svg")
_COLUMNS = 3
_PANEL_INCH = (4.6, 3.2)
_FOOT_INCH = 0.75
_DPI = 150
_BLUE, _RED = "#0072b2", "#d55e00"
"""Of Okabe and Ito: told apart by colour-blind eyes."""


def write_plot(
    file: BinaryIO,
    suffix: str,
    found: Sequence[ThicknessAgreement],
    names: tuple[str, str],
    heading: str = "",
) -> None:
    """Write one panel for each layer.

    Parameters
    ----------
    file : binary file
    suffix : str
        One of :data:`PLOT_SUFFIXES`.
    found : sequence of ThicknessAgreement
        At least one.
    names : (str, str)
        Who the first and the second are.
    heading : str
        Stands over all, e.g. the pseudonym of the scan.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(_COLUMNS, len(found))
    rows = -(-len(found) // columns)
    width, height = columns * _PANEL_INCH[0], rows * _PANEL_INCH[1] + _FOOT_INCH
    above_foot = (0, _FOOT_INCH / height, 1, 1 - _FOOT_INCH / height)
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=above_foot))
    FigureCanvasAgg(figure)
    if heading:
        figure.suptitle(heading, fontsize=10, weight="bold")
    for i, layer in enumerate(found):
        draw_bland_altman(figure.add_subplot(rows, columns, i + 1), layer, names)
    notes = dict.fromkeys(unit_words(layer) for layer in found)
    bars = "Bars: 95 % confidence of bias and limits of agreement."
    if any(layer.analysis.proportional for layer in found):
        bars += " Dotted: the difference changes with thickness."
    foot = [*notes, bars, RESEARCH_USE_ONLY]
    text = "\n".join(line for note in foot for line in textwrap.wrap(note, int(width * 18)))
    figure.text(0.1 / width, 0.08 / height, text, fontsize=6.5, color="0.3", va="bottom")
    kind = suffix.lower().lstrip(".")
    # The same plot is the same file: neither date nor random names.
    metadata = {"pdf": {"CreationDate": None, "Creator": None}, "svg": {"Date": None}}.get(kind)
    with rc_context({"svg.hashsalt": "bland-altman"}):
        figure.savefig(file, format=kind, dpi=_DPI, metadata=metadata)


def draw_bland_altman(axes: Axes, layer: ThicknessAgreement, names: tuple[str, str]) -> None:
    """Draw differences over means with bias, limits of agreement and their confidence."""
    found = layer.analysis
    axes.scatter(found.means, found.differences, s=16, color=_BLUE, alpha=0.75, lw=0, zorder=3)
    axes.axhline(0, color="0.6", lw=0.6)
    for words, line, style in (
        ("bias + 1.96 SD", found.upper, "--"),
        ("bias", found.bias, "-"),
        ("bias − 1.96 SD", found.lower, "--"),
    ):
        _draw_line(axes, words, line, style)
    if found.proportional:
        middle = float(found.means.mean())
        ends = [float(found.means.min()), float(found.means.max())]
        at = [found.bias.value + found.slope.value * (x - middle) for x in ends]
        axes.plot(ends, at, color=_BLUE, lw=1, ls=":", zorder=2)
    plural = f"{found.n} {layer.unit.value}{'' if found.n == 1 else 's'}"
    where = ", central subfield" if layer.unit is Unit.EYE else ""
    title = f"{layer.title}{where}: {plural}\n{by_hand_words(layer)}"
    axes.set_title(title, fontsize=8, loc="left")
    axes.set_xlabel(f"mean of {names[0]} and {names[1]}, µm", fontsize=7)
    axes.set_ylabel(f"{names[0]} − {names[1]}, µm", fontsize=7)
    axes.tick_params(labelsize=6)
    axes.margins(x=0.12, y=0.18)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw_line(axes: Axes, words: str, line: Estimate, style: str) -> None:
    """Draw a line across, and beside the axes its confidence and value."""
    if line.value != line.value:
        return
    axes.axhline(line.value, color=_RED, lw=1, ls=style)
    beside = axes.get_yaxis_transform()
    text = f"{words}\n{_signed(line.value)}"
    if line.low == line.low:
        axes.errorbar(
            1.02,
            line.value,
            [[line.value - line.low], [line.high - line.value]],
            transform=beside,
            color=_RED,
            lw=1,
            capsize=2,
            clip_on=False,
        )
        text += f"\n{_signed(line.low)} to {_signed(line.high)}"
    axes.text(1.04, line.value, text, transform=beside, fontsize=6, color="0.2", va="center")


def _signed(value: float) -> str:
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text
