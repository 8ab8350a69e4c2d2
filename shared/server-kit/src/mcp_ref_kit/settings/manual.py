"""What `--help` says."""

from argparse import ArgumentParser, HelpFormatter
from collections.abc import Iterable
from functools import partial

from mcp_ref_kit.settings.command_line import add_option
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.words import shown

_EPILOG = (
    "Each option is also an environment variable (--max-read-bytes is MCP_MAX_READ_BYTES) and a key of the file that"
    " --config names (max-read-bytes). A flag wins over the environment, that over the file, that over the default."
)


def help_text(program: str, fields: Iterable[Field], common: Iterable[str]) -> str:
    """What `--help` prints; `common` are the names of the fields that every server has."""
    fields = [field for field in fields if field.marker.table is None]
    common = set(common)
    parser = ArgumentParser(prog=program, add_help=False, usage=_usage(program, fields), epilog=_EPILOG)
    parser.formatter_class = partial(HelpFormatter, max_help_position=28, width=110)
    own = parser.add_argument_group("options of this server")
    shared = parser.add_argument_group("options of every server")
    for field in fields:
        if field.marker.positional:
            parser.add_argument(field.name, nargs="*", metavar=field.metavar, help=_help(field))
        else:
            add_option(shared if field.name in common else own, field, _help(field))
    return parser.format_help()


def _usage(program: str, fields: Iterable[Field]) -> str:
    place = next((field for field in fields if field.marker.positional), None)
    words = "" if place is None else f" [{place.metavar}{' ...' if place.many else ''}]"
    return f"{program}{words} [options]"


def _help(field: Field) -> str:
    text = "" if field.required or field.marker.flag_only else shown(field.default())
    return (f"{field.help} (default: {text})" if text else field.help).replace("%", "%%")
