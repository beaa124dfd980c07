from pathlib import Path

from sightline.local.demo import places, read_calls


def test_a_table_lists_the_called_services_of_each_service(tmp_path: Path) -> None:
    table = tmp_path / "services.toml"
    table.write_text('[calls]\nshop = ["stock"]\nstock = []\n')

    assert read_calls(table) == {"shop": ("stock",), "stock": ()}


def test_outside_a_checkout_there_are_no_services(tmp_path: Path) -> None:
    assert read_calls(tmp_path / "services.toml") == {}


def test_a_service_keeps_its_data_in_files_whatever_database_url_says() -> None:
    environ = {"DATABASE_URL": "postgresql://production/main"}

    assert places(environ, "users", Path("/data")) == {
        "DATABASE_URL": "sqlite:////data/users.db",
        "BUS_URL": "sqlite:////data/bus.db",
    }


def test_a_service_uses_the_servers_that_sightline_was_told() -> None:
    environ = {
        "SIGHTLINE_DATABASE_URL": "postgresql://127.0.0.1:5432/",
        "SIGHTLINE_BUS_URL": "nats://127.0.0.1:4222",
    }

    assert places(environ, "users", Path("/data")) == {
        "DATABASE_URL": "postgresql://127.0.0.1:5432/users",
        "BUS_URL": "nats://127.0.0.1:4222",
    }
