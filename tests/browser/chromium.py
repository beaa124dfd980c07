"""Browser of the distribution, without background requests."""

import shutil

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
"""Flags against requests of the browser itself. Its sandbox does not work for root, as in CI."""


def program() -> str:
    """Return the path of chromium.

    Raises:
        LookupError: It is not on PATH.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise LookupError("chromium: not on PATH. Debian: apt install chromium")
    return found
