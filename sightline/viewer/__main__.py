"""``python -m sightline.viewer``: serve the dashboards until a signal arrives."""

import os
import sys

import uvicorn

from sightline.errors import SightlineError
from sightline.request_deadline import http_protocol
from sightline.viewer.model.settings import Settings
from sightline.viewer.pages.web import application


def main() -> int:
    """Serve; return 1 if the settings are invalid."""
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
