"""What a server does instead of serving: report, or print its surface or a host's configuration."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol.server.app import Server
from mcp_ref_kit.findings import Check
from mcp_ref_kit.logs import Redactor
from mcp_ref_kit.options import CommonSettings, Host
from mcp_ref_kit.origin import program_name, started_by, without_option
from mcp_ref_kit.output import say
from mcp_ref_kit.program import Program
from mcp_ref_kit.report import findings
from mcp_ref_kit.report import table as report_table
from mcp_ref_kit.settings import Field
from mcp_ref_kit.settings.manual import help_text
from mcp_ref_kit.snippets import Start, snippet
from mcp_ref_kit.surface import as_json

_CONFIG_FLAG = "--print-config"


class Invocation(Struct, frozen=True):
    """What the process was started with."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


def tell(server: Server[Any, Any], table: Mapping[str, Field], *, wants_help: bool) -> int:
    """Print the help, or the version."""
    if wants_help:
        fields = [_naming_toolsets(server, field) for field in table.values()]
        return say(help_text(program_name(), fields, CommonSettings.__struct_fields__))
    return say(f"{server.name} {server.info.version}\n")


def perform(program: Program, invocation: Invocation, check: Check | None) -> int:
    """Do the one thing that was asked for; the exit code."""
    if program.common.check:
        return _report(program, check)
    host = program.common.print_config
    if host is not None:
        return _print_config(program, host, invocation)
    return say(as_json(program.server) + "\n")


def _naming_toolsets(server: Server[Any, Any], field: Field) -> Field:
    """The field itself; that of the toolsets with their names, the usual ones marked."""
    if field.name != "toolsets":
        return field
    names = ", ".join(f"{toolset.name}*" if toolset.default else toolset.name for toolset in server.toolsets)
    return replace(field, help=f"{field.help} There are {names} (* default).")


def _report(program: Program, check: Check | None) -> int:
    found = asyncio.run(findings(program, check))
    redact = Redactor(program.secrets)
    say(redact(report_table(program, found)) + "\n")
    return 0 if all(one.works for one in found) else 1


def _print_config(program: Program, host: Host, invocation: Invocation) -> int:
    redact = Redactor(program.secrets)
    command, *first = started_by()
    arguments = [*first, *without_option(invocation.arguments, _CONFIG_FLAG)]
    variables = _variables(program, invocation.environment)
    start = Start(
        name=program.server.name,
        command=command,
        arguments=[redact(argument) for argument in arguments],
        variables={name: redact(text) for name, text in variables.items()},
        url=program.endpoint if program.common.transport == "http" else None,
    )
    say(snippet(host, start) + "\n")
    if any(redact(text) != text for text in (*arguments, *variables.values())):
        sys.stderr.write(f"{program.server.name}: a password is masked; give it in a file or a variable of its own.\n")
    for note in _notes(program, arguments):
        sys.stderr.write(f"{program.server.name}: {note}\n")
    return 0


def _variables(program: Program, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that decided a setting, without those that hold a secret."""
    hidden = _hidden(program)
    sources = program.loaded.sources.values()
    return {source: environment[source] for source in sources if source in environment and source not in hidden}


def _hidden(program: Program) -> list[str]:
    secret = [name for name, field in program.table.items() if field.secret]
    sources = (program.loaded.sources[name] for name in secret)
    return [source for source in sources if source.isupper() and not source.endswith("_FILE")]


def _notes(program: Program, arguments: Sequence[str]) -> list[str]:
    notes = [f"{name} holds a secret and is left out; set it where the host can read it." for name in _hidden(program)]
    relative = [argument for argument in arguments if not Path(argument).is_absolute() and Path(argument).exists()]
    return notes + [f"{path} is a relative path, and a host starts in a directory of its own." for path in relative]
