"""``python -m sightline.viewer``: serve the dashboards until told to stop."""

import os
import sys

import uvicorn

from sightline.errors import SightlineError
from sightline.request_deadline import http_protocol
from sightline.viewer.model.settings import Settings
from sightline.viewer.pages.web import application


def main() -> int:
    """Serve; exit status 1 when the settings are wrong."""
    try:
        settings = Settings.from_env(os.environ)
    except SightlineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    uvicorn.run(
        application(settings),
        host=settings.host,
        port=settings.port,
        http=http_protocol(),
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
