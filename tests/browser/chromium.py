"""The distribution's own browser, kept quiet."""

import shutil

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
"""The browser itself asks nobody anything; CI runs as root, which its sandbox refuses."""


def program() -> str:
    """Path of chromium.

    Raises:
        LookupError: It is not on PATH; says how to get it.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise LookupError("chromium: not on PATH. Debian: apt install chromium")
    return found
