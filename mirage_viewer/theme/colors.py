"""The two palettes. Every text and background that meet keep a contrast of 4.5:1 (WCAG 2 AA)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colors:
    """One theme's colours as ``#rrggbb``."""

    name: str
    window: str
    panel: str
    raised: str
    hover: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    info: str
    warning: str
    error: str
    good: str
    info_panel: str
    warning_panel: str
    error_panel: str
    image: str
    """Around images: dark in both themes, so that eyes adapted to a B-scan stay adapted."""

    def text_pairs(self) -> tuple[tuple[str, str], ...]:
        """Return every (text, background) pair that the style sheet puts together."""
        plain = [
            (text, ground)
            for text in (self.text, self.muted)
            for ground in (self.window, self.panel, self.raised)
        ]
        return (
            *plain,
            (self.text, self.hover),
            (self.text, self.selection),
            (self.on_accent, self.accent),
            (self.on_accent, self.accent_hover),
            (self.warning, self.panel),
            (self.error, self.panel),
            (self.good, self.panel),
            (self.info, self.panel),
            (self.warning, self.window),
            (self.error, self.window),
            (self.good, self.window),
            (self.text, self.info_panel),
            (self.text, self.warning_panel),
            (self.text, self.error_panel),
        )


DARK = Colors(
    name="dark",
    window="#15181d",
    panel="#1d2127",
    raised="#292e37",
    hover="#353b46",
    border="#3b424e",
    text="#e9ecf1",
    muted="#aab2bf",
    disabled="#6d7684",
    accent="#58b0ff",
    accent_hover="#7cc2ff",
    on_accent="#06121f",
    selection="#24486b",
    info="#7cc2ff",
    warning="#ffc861",
    error="#ff958c",
    good="#6fd99a",
    info_panel="#1d3850",
    warning_panel="#473713",
    error_panel="#522424",
    image="#0a0b0d",
)

LIGHT = Colors(
    name="light",
    window="#eef1f5",
    panel="#fbfcfd",
    raised="#e6eaf0",
    hover="#d8dfe8",
    border="#bcc5d1",
    text="#181d25",
    muted="#4a5464",
    disabled="#8f99a8",
    accent="#0a5db0",
    accent_hover="#084b90",
    on_accent="#ffffff",
    selection="#cfe3f8",
    info="#0a5db0",
    warning="#7a4d00",
    error="#a81e1e",
    good="#12693a",
    info_panel="#d9eafb",
    warning_panel="#fdeecb",
    error_panel="#fbdcda",
    image="#0a0b0d",
)

THEMES: dict[str, Colors] = {c.name: c for c in (DARK, LIGHT)}


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
