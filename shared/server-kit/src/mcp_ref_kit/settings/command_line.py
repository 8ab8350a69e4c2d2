"""From arguments to texts per field: argparse, without its abbreviations and its silent overwriting."""

from argparse import SUPPRESS, Action, ArgumentError, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.words import suggestion


def parse(fields: Iterable[Field], arguments: Sequence[str]) -> dict[str, list[str]]:
    """The texts given for each field, by its name; fields that were not given are absent.

    Raises:
        SettingsError: an unknown, abbreviated, doubled or unfinished flag, or a word too many.
    """
    fields = [field for field in fields if field.marker.table is None]
    parser = _parser(fields)
    flags, rest = _split(arguments)
    try:
        namespace, words = parser.parse_known_args(flags)
    except ArgumentError as error:
        raise SettingsError(_sentence(error)) from None
    given: dict[str, list[str]] = vars(namespace)
    _place(fields, given, _words(words, fields) + rest)
    return given


class _Once(Action):
    """Store one text; a second one is a mistake, not a correction."""

    def __call__(
        self,
        parser: ArgumentParser,  # noqa: ARG002  the signature is argparse's
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if hasattr(namespace, self.dest):
            raise SettingsError(f"`{option_string}` is given twice.")
        setattr(namespace, self.dest, [values])


class _Switch(_Once):
    """A flag without a value, or its opposite (`const`), once."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,  # noqa: ARG002  the signature is argparse's
        option_string: str | None = None,
    ) -> None:
        super().__call__(parser, namespace, "false" if option_string == self.const else "true", option_string)


def _parser(fields: Iterable[Field]) -> ArgumentParser:
    parser = ArgumentParser(prog="", add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=SUPPRESS)
    parser.formatter_class = partial(HelpFormatter, width=80)  # unasked, it imports shutil to measure the terminal
    for field in fields:
        if not field.marker.positional:
            add_option(parser, field)
    return parser


def add_option(parser: Any, field: Field, help_line: str | None = None) -> None:
    """Let a parser, or a group of one, know a field's flags."""
    names = [name for name in (field.marker.short, *_spellings(field)) if name]
    if field.is_switch:
        parser.add_argument(*names, dest=field.name, action=_Switch, const=field.opposite, help=help_line)
        return
    action: Any = "append" if field.many else _Once
    parser.add_argument(*names, dest=field.name, metavar=field.metavar, action=action, help=help_line)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before `--`, where flags count, and what stands after it."""
    if "--" not in arguments:
        return list(arguments), []
    place = list(arguments).index("--")
    return list(arguments[:place]), list(arguments[place + 1 :])


def _words(words: list[str], fields: Iterable[Field]) -> list[str]:
    flags = [name for field in fields if not field.marker.positional for name in _spellings(field)]
    for word in words:
        if word.startswith("-") and word != "-":
            raise SettingsError(f"There is no option `{word.partition('=')[0]}`{suggestion(word, flags)}")
    return words


def _spellings(field: Field) -> list[str]:
    return [name for name in (field.flag, field.opposite) if name]


def _place(fields: Iterable[Field], given: dict[str, list[str]], words: list[str]) -> None:
    field = next((field for field in fields if field.marker.positional), None)
    if field is None or (not field.many and len(words) > 1):
        surplus = words[1:] if field else words
        if surplus:
            raise SettingsError(f"`{surplus[0]}` is an argument too many.")
    if field is not None and words:
        given[field.name] = words


def _sentence(error: ArgumentError) -> str:
    name = (error.argument_name or "").rpartition("/")[2]
    if "expected" in str(error.message):
        return f"`{name}` needs a value."
    return f"`{name}` takes no value."
