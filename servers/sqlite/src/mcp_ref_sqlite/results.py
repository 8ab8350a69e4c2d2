"""What tools answer with: the top level is exact, what is inside of lists is described in a few words."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from mcp_protocol import Output
from mcp_ref_kit.db.rows.envelope import Truncation, Untrusted
from mcp_ref_kit.db.rows.formats import as_json
from mcp_ref_sqlite.reading.words import Status

Data = TypeVar("Data", bound=Struct)


class Objects(Struct, frozen=True, kw_only=True):
    """objects: name, type, and by `detail` columns, rows, ddl."""

    objects: Sequence[Any]
    next_cursor: str | None
    truncated: bool
    truncation: Truncation | None
    untrusted: Untrusted = True


class Described(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parts that were asked for."""

    name: str
    type: str
    table: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    columns: Sequence[Any] | UnsetType = UNSET
    indexes: Sequence[Any] | UnsetType = UNSET
    foreign_keys: Sequence[Any] | UnsetType = UNSET
    referenced_by: Sequence[Any] | UnsetType = UNSET
    triggers: Sequence[Any] | UnsetType = UNSET
    ddl: str | UnsetType = UNSET
    sample: Any = UNSET
    untrusted: bool


class Explained(Struct, frozen=True, kw_only=True):
    """tree: id, parent, detail, depth."""

    tree: Sequence[Any]
    uses_index: list[str]
    full_scans: list[str]
    temp_btrees: int
    advice: list[str]
    bytecode: Sequence[Any] | UnsetType = UNSET
    untrusted: Untrusted = True


class Matches(Struct, frozen=True, kw_only=True):
    """matches: table, rowid, column, snippet, rank."""

    matches: Sequence[Any]
    searched: list[str]
    skipped: list[str]
    truncated: bool
    truncation: Truncation | None
    untrusted: Untrusted = True


class Health(Struct, frozen=True, kw_only=True):
    """checks: name, status, summary, items, fix_sql."""

    status: Status
    checks: Sequence[Any]
    size_bytes: int
    page_count: int
    freelist_pages: int
    wal_bytes: int
    journal_mode: str
    sqlite_version: str
    untrusted: Untrusted = True


class Executed(Struct, frozen=True, kw_only=True):
    """What a statement changed; rows: a page as of query, where it returns some."""

    changes: int
    last_insert_rowid: int | None
    rows: Any = UNSET
    schema_changed: bool
    dry_run: bool
    elapsed_ms: float
    untrusted: Untrusted = True


class Batch(Struct, frozen=True, kw_only=True):
    """results: changes, last_insert_rowid."""

    results: Sequence[Any]
    committed: bool
    failed_index: int | None
    elapsed_ms: float


class Profile(Struct, frozen=True, kw_only=True):
    """columns: name, types, nulls, distinct_est, min, max, mean, top, max_len."""

    rows: int | None
    sampled: int
    columns: Sequence[Any]
    untrusted: Untrusted = True


class Advice(Struct, frozen=True, kw_only=True):
    """suggestions: ddl, reason, plan_before, plan_after, helps; redundant: index, covered_by."""

    suggestions: Sequence[Any]
    redundant: Sequence[Any]
    untrusted: Untrusted = True


class Imported(Struct, frozen=True, kw_only=True):
    """errors: row, message."""

    inserted: int
    skipped: int
    errors: Sequence[Any]
    elapsed_ms: float


class BackedUp(Struct, frozen=True, kw_only=True):
    """The copy, below the operator's directory."""

    file: str
    bytes: int
    pages: int
    resource_uri: str | None = None


class Noted(Struct, frozen=True):
    """How many insights there are."""

    count: int


class Kept(Struct, frozen=True, kw_only=True):
    """What was done, and the size of the file before and after."""

    done: list[str]
    before_bytes: int
    after_bytes: int


class Listing(Struct, frozen=True):
    """The names of the tables."""

    tables: list[str]
    untrusted: Untrusted = True


def shown(data: Data) -> Output[Data]:
    """Data with its text: JSON that holds no control character, since names in a database may."""
    return Output(data, as_json(data).decode())
