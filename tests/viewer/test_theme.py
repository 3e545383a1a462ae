"""Both themes can be read, and every icon is there in both."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QApplication

from mirage_viewer.theme import ICONS, THEMES, Colors, apply_theme, contrast_ratio, icon


@pytest.mark.parametrize("colors", [*THEMES.values()], ids=lambda c: c.name)
def test_text_stands_out_from_its_ground(colors: Colors) -> None:
    weak = {pair: contrast_ratio(*pair) for pair in colors.text_pairs()}
    assert {p: r for p, r in weak.items() if r < 4.5} == {}


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast_ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [*ICONS])
def test_every_icon_draws_something_inside_its_frame(qtbot: object, name: str) -> None:
    apply_theme("dark")
    image = icon(name).pixmap(48, 48).toImage()
    alpha = [[image.pixelColor(x, y).alpha() for x in range(48)] for y in range(48)]
    assert sum(map(sum, alpha)) > 255 * 40
    assert max(alpha[0]) < 255
    assert max(alpha[-1]) < 255


def test_icons_take_the_theme_s_colour(qtbot: object) -> None:
    def darkest() -> int:
        image = icon("stop").pixmap(48, 48).toImage()
        return image.pixelColor(24, 24).lightness()

    apply_theme("dark")
    on_dark = darkest()
    apply_theme("light")
    assert on_dark > 200 > 60 > darkest()


@pytest.mark.parametrize("name", [*THEMES])
def test_the_style_sheet_is_complete(qtbot: object, name: str) -> None:
    apply_theme(name)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert "$" not in app.styleSheet()
