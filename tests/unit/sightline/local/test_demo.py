from pathlib import Path

from sightline.local.demo import read_calls


def test_a_table_lists_the_called_services_of_each_service(tmp_path: Path) -> None:
    table = tmp_path / "services.toml"
    table.write_text('[calls]\nshop = ["stock"]\nstock = []\n')

    assert read_calls(table) == {"shop": ("stock",), "stock": ()}


def test_outside_a_checkout_there_are_no_services(tmp_path: Path) -> None:
    assert read_calls(tmp_path / "services.toml") == {}
