"""Database that ``DATABASE_URL`` names."""

from collections.abc import Callable

from demo_services.database.pool import Database
from demo_services.database.sqlite import SQLite
from demo_services.database.statement import Driver
from instrumentation import Telemetry


def open_database(
    place: str,
    telemetry: Telemetry,
    *,
    name: str,
    password: Callable[[], str | None] = lambda: None,
) -> Database:
    """Return the database at *place*: the path of a SQLite file, or a URL of PostgreSQL.

    Args:
        place: The URL of PostgreSQL requires the extra ``postgresql``.
        telemetry: Returned by ``instrument()``.
        name: Name of the pool in metrics.
        password: Returns the password for PostgreSQL, or None for that in the URL. It is called
            for each new connection, so that the password can change.

    Raises:
        UnusableDatabaseError: The database cannot be opened.
    """
    return Database(_driver(place, password), telemetry, name=name)


def _driver(place: str, password: Callable[[], str | None]) -> Driver:
    if not place.startswith("postgresql:"):
        return SQLite(place)
    from demo_services.database.postgresql import PostgreSQL

    return PostgreSQL(place, password)
