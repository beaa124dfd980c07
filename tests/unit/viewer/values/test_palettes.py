"""Colors of series as Grafana has them."""

import pytest

from sightline.viewer.values.palettes import CLASSIC, color_by_name, string_hash


@pytest.mark.parametrize(
    ("text", "expected"), [("", 5381), ("a", 177604), ("gateway", 1097106749), ("Ω", 177676)]
)
def test_a_hash_is_that_of_the_package_string_hash(text: str, expected: int) -> None:
    assert string_hash(text) == expected


def test_the_first_series_have_the_colors_of_grafana_12_4() -> None:
    assert CLASSIC[:4] == ("#73BF69", "#F2CC0C", "#5794F2", "#FF9830")
    assert len(CLASSIC) == 64


def test_a_color_by_name_is_readable_on_the_background() -> None:
    colors = {color_by_name(f"service {number}") for number in range(500)}

    assert "#052B51" not in colors
    assert len(colors) > 40
