"""`Environment` and the syntax of `.env`."""

from pathlib import Path

import pytest

from sightline.environment import Environment, read_env_file
from sightline.errors import ConfigurationError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("export NAME = value", "value"),
        ("NAME=value # comment", "value"),
        ("NAME=value#fragment", "value#fragment"),
        ('NAME="a b # no comment"', "a b # no comment"),
        ("NAME='a b'", "a b"),
        ('NAME="two\\nlines"', "two\nlines"),
        ("NAME=${OTHER}/path", "other/path"),
        ("NAME=${UNSET:-default}", "default"),
        ("NAME=", ""),
    ],
)
def test_a_line_has_the_syntax_of_compose(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"OTHER=other\n{line}\n", encoding="utf-8")

    assert read_env_file(path)["NAME"] == value


def test_a_reference_prefers_the_environment(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("HOST=file\nURL=http://${HOST}\n", encoding="utf-8")

    environment = Environment.read({"HOST": "environ"}, env_file=path)

    assert environment.text("URL") == "http://environ"


def test_a_name_alone_sets_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("NAME\n", encoding="utf-8")

    assert read_env_file(path) == {}


def test_an_invalid_line_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# ports\nGATEWAY_PORT=8000\nUSERS PORT=8001\n", encoding="utf-8")

    with pytest.raises(
        ConfigurationError, match=r"\.env:3: 'USERS PORT=8001': expected NAME=value"
    ):
        read_env_file(path)
