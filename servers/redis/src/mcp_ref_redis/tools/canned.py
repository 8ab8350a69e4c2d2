"""The operator's own commands as tools: values become arguments, or parts of one, and never a word more."""

from collections.abc import Mapping
from typing import Any

from mcp_protocol import Context, SettingsError
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.program.cli import Cannery
from mcp_ref_redis.access.gate import Gate
from mcp_ref_redis.state import State, reached
from mcp_ref_redis.tools.raw import MOST_COMMANDS, Replies, judged_vector, run_judged

# What is no `write` query goes the way of read-only mode, whatever the mode is.
_READING = Gate("read-only")


async def run(ctx: Context[State], query: Canned, values: Mapping[str, Any], cursor: str | None) -> Replies:
    """Run the commands of a query with these values, in one round trip."""
    del cursor  # a reply has no pages
    filled = [[_filled(word, values) for word in command] for command in query.commands or ()]
    async with reached(ctx, query.database, needs="read-write" if query.write else "read-only") as db:
        gate = db.gate if query.write else _READING
        judged = [await judged_vector(ctx, db, vector, gate) for vector in filled]
        return await run_judged(ctx, db, judged)


def check(query: Canned) -> None:
    """Refuse what cannot work, whatever the database is.

    Raises:
        SettingsError: in one sentence.
    """
    commands = query.commands
    if commands is None or not commands or not all(commands) or len(commands) > MOST_COMMANDS:
        raise SettingsError(f"The query `{query.name}` needs `commands`: 1 to {MOST_COMMANDS} lists of words.")
    for parameter in query.params:
        mark = f"{{{parameter.name}}}"
        if any(mark in command[0] for command in commands):
            raise SettingsError(f"The query `{query.name}` uses {mark} as a command; it can only be an argument.")
        if not any(mark in word for command in commands for word in command):
            raise SettingsError(f"The query `{query.name}` has a parameter `{parameter.name}` that it does not use.")


def _filled(word: str, values: Mapping[str, Any]) -> bytes:
    """A word with the values in the places of their names; a value is not looked at again."""
    parts = word.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        filled.append(f"{_text(values[name])}{rest}" if brace and name in values else f"{{{part}")
    return "".join(filled).encode()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


CANNERY = Cannery(run=run, returns=Replies, check=check)
