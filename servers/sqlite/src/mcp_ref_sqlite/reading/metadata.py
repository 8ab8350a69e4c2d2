"""What the operator says about tables and columns in a file of the form that Datasette reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.json import decode

from mcp_protocol.errors import SettingsError

_MOST_BYTES = 1024 * 1024


class TableNotes(Struct, frozen=True):
    """The descriptions of one database."""

    tables: Mapping[str, Mapping[str, Any]]

    def hides(self, table: str) -> bool:
        """Whether a table is left out of lists."""
        return self.tables.get(table, {}).get("hidden") is True

    def description(self, table: str) -> str | None:
        """What a table is."""
        return _text(self.tables.get(table, {}).get("description"))

    def columns(self, table: str) -> Mapping[str, str]:
        """What its columns are."""
        return {
            name: text
            for name, value in _table(self.tables.get(table, {}), "columns").items()
            if (text := _text(value))
        }


def load(path: Path | None) -> Mapping[str, TableNotes]:
    """The descriptions by database.

    Raises:
        SettingsError: the file cannot be read, or is no such JSON.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        document = decode(data) if len(data) <= _MOST_BYTES else None
    except OSError as error:
        raise SettingsError(f"`--metadata` names a file that cannot be read: {error.strerror}.") from None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SettingsError(f"`--metadata` names a file that is no JSON object of at most {_MOST_BYTES} bytes.")
    named = _table(cast("Mapping[str, Any]", document), "databases")
    return {name: TableNotes(_tables(value)) for name, value in named.items()}


def _tables(database: Any) -> Mapping[str, Mapping[str, Any]]:
    found = _table(database, "tables")
    return {name: _table(found, name) for name in found}


def _table(value: Any, key: str) -> Mapping[str, Any]:
    found = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
