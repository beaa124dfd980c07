"""``python -m demo_services.gateway``."""

from demo_services.gateway.service import create
from demo_services.server import serve

serve("gateway", create)
