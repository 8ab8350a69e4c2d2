"""What is used of the driver, as types: asyncpg itself is imported at the first connection only."""

from collections.abc import AsyncIterable, Callable, Generator, Sequence
from typing import Any, Protocol

Record = Sequence[Any]


class TypeName(Protocol):
    """A type of a column or parameter."""

    @property
    def oid(self) -> int:
        """Its number."""
        ...

    @property
    def name(self) -> str:
        """Its name; of an array with `[]`."""
        ...

    @property
    def kind(self) -> str:
        """`scalar`, `array`, `composite`, `range` or `multirange`."""
        ...

    @property
    def schema(self) -> str:
        """Where it lives."""
        ...


class Attribute(Protocol):
    """A column of a result."""

    @property
    def name(self) -> str:
        """As the statement calls it."""
        ...

    @property
    def type(self) -> TypeName:
        """Its type; of a domain the type beneath."""
        ...


class Portal(Protocol):
    """An open portal that can be moved."""

    async def fetch(self, n: int) -> list[Record]:
        """The next rows."""
        ...

    async def forward(self, n: int) -> int:
        """Pass over rows inside the engine."""
        ...


class OpenCursor(Protocol):
    """What `cursor` gives: a portal, when it is awaited."""

    def __await__(self) -> Generator[Any, None, Portal]:
        """Bind it."""
        ...


class Prepared(Protocol):
    """A prepared statement."""

    def get_parameters(self) -> tuple[TypeName, ...]:
        """Its parameters as the engine types them."""
        ...

    def get_attributes(self) -> tuple[Attribute, ...]:
        """Its columns."""
        ...

    def get_statusmsg(self) -> str | None:
        """The command tag of its last run."""
        ...

    def cursor(self, *args: Any) -> OpenCursor:
        """A portal, inside a transaction."""
        ...

    async def fetch(self, *args: Any) -> list[Record]:
        """All rows."""
        ...

    async def executemany(self, args: Sequence[Sequence[Any]]) -> None:
        """Run it for each."""
        ...


class Notice(Protocol):
    """A message of the engine beside the result."""

    @property
    def message(self) -> str:
        """Its words."""
        ...


class Connection(Protocol):
    """One session of the engine."""

    def cursor(self, query: str, *args: Any) -> OpenCursor:
        """A portal of a statement that stays prepared, inside a transaction."""
        ...

    async def execute(self, query: str) -> str:
        """Run statements of ours by the simple protocol; a caller's text never comes here."""
        ...

    async def prepare(self, query: str, *, name: str | None = None) -> Prepared:
        """Let the engine parse a statement."""
        ...

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows of a statement of ours."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row of a statement of ours."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of a statement of ours."""
        ...

    async def copy_from_query(self, query: str, *args: Any, output: Any, **options: Any) -> str:
        """Stream `COPY (query) TO STDOUT`."""
        ...

    async def copy_to_table(self, table_name: str, *, source: AsyncIterable[bytes], **options: Any) -> str:
        """Stream `COPY table FROM STDIN`."""
        ...

    async def reload_schema_state(self) -> None:
        """Forget what was known of types and statements."""
        ...

    async def add_listener(self, channel: str, callback: Callable[..., Any]) -> None:
        """LISTEN."""
        ...

    def add_log_listener(self, callback: Callable[[Any, Notice], Any]) -> None:
        """Hear notices."""
        ...

    def add_termination_listener(self, callback: Callable[[Any], Any]) -> None:
        """Hear of its end."""
        ...

    def is_in_transaction(self) -> bool:
        """What the engine said last."""
        ...

    def is_closed(self) -> bool:
        """Whether it is of no more use."""
        ...

    def terminate(self) -> None:
        """Close the socket at once."""
        ...

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109  the driver's own signature
        """Say goodbye."""
        ...

    def get_server_pid(self) -> int:
        """The backend's process."""
        ...

    def get_server_version(self) -> Any:
        """Version with `major`."""
        ...


class Driver(Protocol):
    """The module of the driver."""

    async def connect(self, dsn: str, *, server_settings: dict[str, str], statement_cache_size: int) -> Connection:
        """Open a session."""
        ...
