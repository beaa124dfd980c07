"""SQL statements, their values and the errors of a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel

from demo_services.latency import Latency

Value = int | float | str | None
Row = tuple[Value, ...]

Model = TypeVar("Model", bound=BaseModel)


class UnusableDatabaseError(Exception):
    """The database cannot be opened or filled, so the service does not start."""


class UnavailableError(Exception):
    """The database did not run a statement: no free connection, a locked file, a full disk.

    The statement itself is correct, so a retry can succeed.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL statement with its simulated duration."""

    operation: Literal["DELETE", "INSERT", "SELECT", "UPDATE"]
    """First word of the statement. Source: semantic conventions, ``db.operation.name``."""
    table: str
    sql: str
    """Text with a question mark for each value."""
    latency: Latency
    recorded: bool = True
    """False for a poll in the background, whose span would be a trace of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Tables of a service, and rows that a new database contains."""

    tables: str
    """``CREATE`` statements. ``IDENTITY`` is replaced by the type of a primary key that counts."""
    insert: str = ""
    """Statement that adds one of *rows* unless it exists."""
    rows: Sequence[Row] = ()


class Connection(Protocol):
    """Connection to a database, used by one caller at a time."""

    @property
    def usable(self) -> bool:
        """False after a failure, or while a transaction is open."""

    async def run(self, sql: str, parameters: Row) -> list[Row]:
        """Run one statement and return its rows.

        Raises:
            UnavailableError: The database did not run it.
        """

    async def close(self) -> None:
        """Close the connection, which rolls back an open transaction."""


class Driver(Protocol):
    """Kind of database that a pool connects to."""

    @property
    def system(self) -> str:
        """Source: semantic conventions, ``db.system.name``."""

    @property
    def limit(self) -> int:
        """Maximum number of open connections."""

    @property
    def writers(self) -> int:
        """Maximum number of transactions at the same time."""

    @property
    def begin(self) -> str:
        """Statement that starts a transaction which writes."""

    def prepare(self, schema: Schema) -> None:
        """Create the tables and rows of *schema* that do not exist. Called before the first loop.

        Raises:
            UnusableDatabaseError: The database cannot be opened or filled.
        """

    async def connect(self) -> Connection:
        """Open a connection.

        Raises:
            UnavailableError: The database does not answer.
        """


def to_model(model: type[Model], columns: Sequence[str], row: Row) -> Model:
    """Return *row*, whose values are those of *columns*, as a *model*."""
    return model.model_validate(dict(zip(columns, row, strict=True)))
