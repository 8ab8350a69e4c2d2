"""Which variables a child process inherits: a list of harmless names, since any other may be somebody's secret."""

from collections.abc import Iterable, Mapping

# What a program needs to find its files, its programs and its language.
HARMLESS = ("HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "XDG_CONFIG_HOME")


def passed_on(environment: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """The harmless variables, and those of the names in `also`, as far as they are set."""
    return {name: environment[name] for name in (*HARMLESS, *also) if name in environment}
