import pytest

from sightline.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ümläut, 日本語", "plain text, ümläut, 日本語"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb", r"a\r\nb"),
        ("a\u2028b", r"a\u2028b"),
        ("\u202eexe.txt", r"\u202eexe.txt"),
        ("\udc80", r"\udc80"),
        ("a\u200bb", r"a\u200bb"),
        ("", ""),
    ],
    ids=ascii,
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_lines_keeps_line_breaks() -> None:
    assert printable_lines("one\n\x1b[31mtwo\r\n") == "one\n\\x1b[31mtwo\\r\n"
