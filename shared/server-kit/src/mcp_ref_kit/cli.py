"""`main = cli(server)`: a server as a program, from its arguments to its exit code."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from mcp_protocol.server.app import Server
from mcp_protocol.server.dispatch import Middleware
from mcp_ref_kit.descriptors import fill
from mcp_ref_kit.faults import settings_error_in
from mcp_ref_kit.findings import Check
from mcp_ref_kit.launch import on_stdio
from mcp_ref_kit.logs import Stderr, configure, redact
from mcp_ref_kit.program import Making, Program, read, table_of, without_use
from mcp_ref_kit.settings import parse

_log = logging.getLogger(__name__)

Tailor = Callable[[Server[Any, Any], Any], Server[Any, Any]]
Layers = Callable[[Any], Iterable[Middleware]]

FAILED = 1
BAD_SETTING = 2
INTERRUPTED = 130  # as shells report SIGINT


def cli(  # noqa: PLR0913  one parameter for each thing that an author says once
    server: Server[Any, Any],
    *,
    check: Check | None = None,
    without: Iterable[str] = (),
    tailor: Tailor | None = None,
    layers: Layers | None = None,
    reloads: Iterable[str] = (),
    sockets: bool = False,
) -> "Command":
    """Make a program of a server.

    `check` says what works, for `--check` and `GET /ready`; `without` names common settings that it does not have.
    `tailor` makes of the server and its settings the one that is run, with tools from the config file; `layers` are
    what runs around its calls; `reloads` names settings that are read again from the config file at SIGHUP;
    `sockets` says that the tools speak to an engine through them.
    """
    making = Making(
        check=check,
        without=frozenset(without) | without_use(server),
        tailor=tailor,
        layers=layers,
        reloads=tuple(reloads),
        sockets=sockets,
    )
    return Command(server, making)


class Command:
    """One server as a program; calling it ends the process."""

    def __init__(self, server: Server[Any, Any], making: Making) -> None:
        """Read the table of settings once; a settings class that cannot work fails here, at import."""
        self._server = server
        self._making = making
        self._table = table_of(server, making.without)

    def __call__(self) -> NoReturn:
        """Run with the arguments and the environment of the process, and end it."""
        sys.exit(self.run(sys.argv[1:], os.environ))

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run until the client or a signal ends it; the exit code."""
        fill()
        stderr = Stderr()
        try:
            return self._run(arguments, environment, stderr)
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001  the last boundary: a sentence for the operator, the rest for the log
            bad = settings_error_in(error)
            if bad is None:
                _log.exception("the server failed")
                return FAILED
            stderr.write(redact(f"{self._server.name}: {bad}\n").encode("utf-8", "backslashreplace"))
            return BAD_SETTING

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str], stderr: Stderr) -> int:
        flags = parse(self._table.values(), arguments)
        if "help" in flags or "version" in flags:
            from mcp_ref_kit.actions import tell  # noqa: PLC0415  a serving process does without

            return tell(self._server, self._table, wants_help="help" in flags)
        program = read(self._server, self._table, flags, environment, self._making)
        configure(program.common.log_level, program.common.log_format, program.secrets, stream=stderr)
        _warn(program, arguments)
        if program.acts:
            from mcp_ref_kit.actions import Invocation, perform  # noqa: PLC0415  a serving process does without

            return perform(program, Invocation(arguments, environment), self._making.check)
        if program.common.transport == "http":
            from mcp_ref_kit.http import on_http  # noqa: PLC0415  nothing of HTTP on the way to stdio

            on_http(program, stderr)
        else:
            on_stdio(program, stderr)
        return 0


def _warn(program: Program, arguments: Iterable[str]) -> None:
    if not program.server.tools:
        _log.warning("no tool is left to offer in mode %s with these toolsets", program.common.mode)
    suspects = [argument for argument in arguments if "@" in argument or "pass" in argument.lower()]
    if any(redact(argument) != argument for argument in suspects):
        _log.warning("the command line shows a password to everyone on this machine; use a variable or a file")
