"""``python -m demo_services.orders``."""

from demo_services.orders.service import create
from demo_services.server import serve

serve("orders", create)
