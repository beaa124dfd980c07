"""Text of other programs, made safe to show on a terminal."""


def printable(text: str) -> str:
    """Return *text* on one line, with every control and format character written as its escape.

    A terminal obeys escape sequences, and a line break can forge a line of output.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """Return *text* with the same escapes, but keep its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
