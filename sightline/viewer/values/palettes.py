"""Grafana's palettes for series: the classic one in order, and by a hash of the name.

Source: @grafana/data 12.4, ``createVisualizationColors`` and ``fieldColor`` (dark theme).
"""

from typing import Final

_SHADES: Final = ("dark-", "semi-dark-", "", "light-", "super-light-")
_HUES: Final = {
    "red": ("#C4162A", "#E02F44", "#F2495C", "#FF7383", "#FFA6B0"),
    "orange": ("#FA6400", "#FF780A", "#FF9830", "#FFB357", "#FFCB7D"),
    "yellow": ("#E0B400", "#F2CC0C", "#FADE2A", "#FFEE52", "#FFF899"),
    "green": ("#37872D", "#56A64B", "#73BF69", "#96D98D", "#C8F2C2"),
    "blue": ("#1F60C4", "#3274D9", "#5794F2", "#8AB8FF", "#C0D8FF"),
    "purple": ("#8F3BB8", "#A352CC", "#B877D9", "#CA95E5", "#DEB6F2"),
}
NAMED: Final = {
    f"{shade}{hue}": color
    for hue, colors in _HUES.items()
    for shade, color in zip(_SHADES, colors, strict=True)
} | {"text": "#CCCCDC", "transparent": "transparent", "gray": "#8E8E9A", "grey": "#8E8E9A"}
"""Colors by Grafana's name."""

_BY_SHADE: Final = (
    *("green", "semi-dark-yellow", "blue", "orange", "red", "purple"),
    *("dark-green", "dark-yellow", "dark-blue", "dark-orange", "dark-red", "dark-purple"),
    *("super-light-green", "super-light-yellow", "super-light-blue"),
    *("super-light-orange", "super-light-red", "super-light-purple"),
)
CLASSIC: Final = (
    *(NAMED[name] for name in _BY_SHADE),
    *("#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477", "#B7DBAB", "#F4D598"),
    *("#70DBED", "#F9BA8F", "#F29191", "#82B5D8", "#E5A8E2", "#AEA2E0", "#629E51", "#E5AC0E"),
    *("#64B0C8", "#E0752D", "#BF1B00", "#0A50A1", "#962D82", "#614D93", "#9AC48A", "#F2C96D"),
    *("#65C5DB", "#F9934E", "#EA6460", "#5195CE", "#D683CE", "#806EB7", "#3F6833", "#967302"),
    *("#2F575E", "#99440A", "#58140C", "#052B51", "#511749", "#3F2B5B", "#E0F9D7", "#FCEACA"),
    *("#CFFAFF", "#F9E2D2", "#FCE2DE", "#BADFF4", "#F9D9F9", "#DEDAF7"),
)
"""Colors in order of the series, which repeat."""

_BACKGROUND: Final = "#181b1f"
_CONTRAST: Final = 3.0
"""Least contrast with the background of a panel. Source: ``contrastThreshold``."""


def color_by_name(name: str) -> str:
    """Return the color of a series whose color mode is ``palette-classic-by-name``."""
    return _READABLE[string_hash(name) % len(_READABLE)]


def string_hash(text: str) -> int:
    """Return the hash of the package ``string-hash``, over UTF-16 units from the last on."""
    found = 5381
    units = text.encode("utf-16-le", "surrogatepass")
    for place in range(len(units) - 2, -1, -2):
        found = (found * 33) & 0xFFFFFFFF ^ int.from_bytes(units[place : place + 2], "little")
    return found


_LINEAR: Final = 0.03928
"""Largest part of a color that is linear. Source: WCAG 2, relative luminance."""


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _luminance(css: str) -> float:
    parts = (int(css[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (one / 12.92 if one <= _LINEAR else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    red, green, blue = linear
    return round(0.2126 * red + 0.7152 * green + 0.0722 * blue, 3)


_READABLE: Final = tuple(one for one in CLASSIC if _contrast(one, _BACKGROUND) >= _CONTRAST)
