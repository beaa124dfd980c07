"""``python -m demo_services.users``."""

from demo_services.server import serve
from demo_services.users.service import create

serve("users", create)
