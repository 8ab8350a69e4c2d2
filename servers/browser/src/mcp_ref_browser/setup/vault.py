"""The operator's secrets: names that a model may type by, each bound to origins. Read once, at the start."""

from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.origins import Destination, OriginPattern, parsed
from mcp_ref_kit.network import NetworkFault, WebUrl

SHORTEST = 6
PREFIX = "secret:"
_MOST_BYTES = 256 * 1024


class Held(Struct, frozen=True):
    """One secret; never shown."""

    name: str
    value: str
    origins: tuple[OriginPattern, ...]


class Vault:
    """The secrets by name."""

    def __init__(self, held: list[Held]) -> None:
        self._held = {one.name: one for one in held}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, for whoever must hide them."""
        return [(one.name, one.value) for one in self._held.values()]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._held)

    def named(self, text: str) -> bool:
        """Whether a text to type stands for a secret."""
        return bool(self._held) and text.startswith(PREFIX)

    def reveal(self, text: str, url: str) -> str:
        """The value for a text such as `secret:NAME`, on a page of this URL.

        Raises:
            BrowserError: `secret_denied`: there is none of that name for that page.
        """
        held = self._held.get(text.removeprefix(PREFIX))
        if held is None or not _is_for(held, url):
            raise BrowserError(
                "That secret does not exist, or may not be typed on this page.",
                code="secret_denied",
                hint="Secrets are bound to origins by whoever runs this server.",
            )
        return held.value


def _is_for(held: Held, url: str) -> bool:
    try:
        where = Destination.of(WebUrl.parse(url.partition("#")[0]))
    except NetworkFault:
        return False
    return any(origin.matches(where) for origin in held.origins)


def read_vault(path: Path | None) -> Vault:
    """The secrets of a file: `[NAME]` with `value` and `origins`.

    Raises:
        SettingsError: it cannot be read, or a secret is too short or bound to nothing.
    """
    if path is None:
        return Vault([])
    import tomllib  # noqa: PLC0415  only those who have a file pay for its parser

    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode()
        table = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise SettingsError("`--secrets` names a file that cannot be read as TOML.") from error
    return Vault([_held(name, entry) for name, entry in table.items()])


def _held(name: str, entry: Any) -> Held:
    fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    value, origins = fields.get("value"), fields.get("origins")
    if not isinstance(value, str) or len(value) < SHORTEST:
        raise SettingsError(f"The secret {name} in `--secrets` needs a `value` of at least {SHORTEST} characters.")
    listed = [origin for origin in cast("list[Any]", origins) if isinstance(origin, str)] if origins else []
    try:
        patterns = parsed(listed)
    except ValueError as error:
        raise SettingsError(f"The secret {name} in `--secrets`: {error}.") from error
    if not patterns:
        raise SettingsError(f"The secret {name} in `--secrets` needs `origins`, the places where it may be typed.")
    return Held(name, value, patterns)
