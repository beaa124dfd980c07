"""Text of other programs, escaped for a terminal."""


def printable(text: str) -> str:
    """Return *text* on one line, with control and format characters escaped.

    A terminal executes escape sequences, and a line break can forge a line of output.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def printable_lines(text: str) -> str:
    """Return *text* with the same escapes and its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
