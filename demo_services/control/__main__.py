"""``python -m demo_services.control``."""

from demo_services.control.service import create
from demo_services.server import serve

serve("control", create)
