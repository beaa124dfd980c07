"""Bus that ``BUS_URL`` names."""

from demo_services.events.bus import Bus
from demo_services.events.log import EventLog


def open_bus(place: str) -> Bus:
    """Return the bus at *place*, a SQLite file, which is opened at the first use."""
    return EventLog(place)
