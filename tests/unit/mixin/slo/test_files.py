"""Files that are damaged, hostile or unusual."""

from pathlib import Path

import pytest

from sightline.cli import main
from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import SloError

SLO = '{service: shop, name: a, objective: 99.9, sli: {http: {errors: "5.."}}}'
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x00\x01\xff", ":1: expected UTF-8"),
        ("slos:\n- {service: caf\xe9}".encode("latin-1"), ":2: expected UTF-8"),
        (b"slos:\n- {service: a\x00b}", ":2: expected no character '\\x00'"),
        (b"slos:\n- {service: shop, name: a, objec", ":2: expected ',' or '}'"),
        (b'slos:\n- service: shop\n  name: "a', ":3: found unexpected end of stream"),
        (b"slos: &a\n- *a", ":1: expected at most 60 nested levels"),
        (b"slos:\n- &a\n  <<: *a", ":2: expected at most 60 nested levels"),
        (b"slos: " + b"[" * 5000, ":1: expected at most 60 nested levels"),
        (BOMB.encode(), "and 100000 values, aliases included"),
        (b"slos:\n- {<<: 3}", ":2: expected a mapping or list of mappings for merging"),
        (b"? [a]\n: b", ":1: expected a text as the key"),
        (b"slos: !own x", ":1: expected no tag, found !own"),
        (b'a: 1\nslos: ["\\ud800"]', ":2: expected characters that UTF-8 can encode"),
        (f"slos: [{SLO}]".replace("99.9", "1/0").encode(), ":1: objective: expected a number"),
        (f"slos: [{SLO}]".replace("99.9", "1e999999").encode(), ":1: objective: expected a number"),
        (f"slos: [{SLO}]".replace("shop", "'a`b'").encode(), 'without any of { } % " \\ `'),
        (
            f"slos: [{SLO}]".replace("shop", "''").encode(),
            "service: expected a text, found an empty",
        ),
    ],
)
def test_a_file_that_is_not_usable_is_rejected_with_its_line(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "slos.yaml"
    file.write_bytes(content)

    with pytest.raises(SloError) as raised:
        reading.read(file)

    assert str(raised.value).startswith(f"{file}:")
    assert problem in str(raised.value)


def test_a_merge_key_gives_defaults(tmp_path: Path) -> None:
    file = tmp_path / "slos.yaml"
    file.write_text(f"slos:\n- &one {SLO}\n- {{<<: *one, name: b}}\n")

    first, second = reading.read(file)

    assert (first.name, second.name) == ("a", "b")
    assert first.indicator == second.indicator


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_the_command_names_what_is_no_file_and_exits_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["slo", "build", str(tmp_path / name)]) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(tmp_path) in printed.err


def test_two_files_must_not_define_one_objective(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(f"slos:\n- {SLO}\n")
    two.write_text(f"labels: {{team: a}}\nslos:\n- {SLO}\n")

    with pytest.raises(SloError) as raised:
        reading.read_all([one, two])

    assert f"{two}:3: shop/a is defined twice, first at {one}:2: " in str(raised.value)
