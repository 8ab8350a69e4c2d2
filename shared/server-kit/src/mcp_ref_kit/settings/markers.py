"""What an annotation of a settings field may say beyond its type and `arg()`. Inert data."""

from typing import Annotated, Literal

from msgspec import Struct


class Unit(Struct, frozen=True):
    """What a number counts, and so which suffixes it may carry."""

    name: Literal["bytes", "seconds"]


ByteSize = Annotated[int, Unit("bytes")]
"""A number of bytes: `262144`, `256KiB`, `5MiB`, `1GB`."""

Seconds = Annotated[float, Unit("seconds")]
"""A time: `30`, `1.5`, `500ms`, `30s`, `5m`, `1h`, `30d`."""


class Marker(Struct, frozen=True, kw_only=True):
    """How one field is given; `setting()` makes it."""

    positional: bool = False
    metavar: str | None = None
    short: str | None = None
    env: tuple[str, ...] = ()
    separator: str | None = None
    inline: bool = False
    flag_only: bool = False
    table: str | None = None


def setting(  # noqa: PLR0913  seven independent facts about a field, all optional and by keyword
    *,
    positional: bool = False,
    metavar: str | None = None,
    short: str | None = None,
    env: tuple[str, ...] = (),
    separator: str | None = None,
    inline: bool = False,
    flag_only: bool = False,
    table: str | None = None,
) -> Marker:
    """Say how a field is given, inside `Annotated[...]`, beside `arg()`.

    `positional`: without a flag, by place. `short`: a second spelling such as `-r`. `env`: variables of other
    programs that are honoured after `MCP_<FLAG>`, as `DATABASE_URL`. `separator`: splits each occurrence of a list
    flag (`a,b`) and the variable; without it a list flag is repeated and the variable is split as PATH is.
    `inline`: a Secret that stands on the command line itself, as a DSN does, and not in a file that `--x-file`
    names. `flag_only`: no variable and no config key.
    `table`: in the config file alone, as tables of this name: `[databases.NAME]` for a `dict[str, Struct]`, `[[query]]`
    for a `list[Struct]`.
    """
    return Marker(
        positional=positional,
        metavar=metavar,
        short=short,
        env=env,
        separator=separator,
        inline=inline,
        flag_only=flag_only,
        table=table,
    )
