"""``python -m demo_services.traffic``."""

from demo_services.server import serve
from demo_services.traffic.service import create

serve("traffic", create)
