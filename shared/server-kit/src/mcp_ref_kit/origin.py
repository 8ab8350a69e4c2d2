"""How this process was started, in the words in which a host would start it again."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def started_by() -> list[str]:
    """The program: its script, `python -m package`, `python file`, or `uvx NAME` in an environment for one run."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.parent:
        return [sys.executable, "-m", spec.parent]
    script = Path(sys.argv[0])
    # uv keeps the environments of uvx under this name in its cache, and throws them away when it likes.
    if any(part.startswith("archive-v") for part in script.parts):
        return ["uvx", script.stem]
    path = os.path.abspath(script)  # noqa: PTH100  not resolved: a link may be what stays
    return [path] if os.access(path, os.X_OK) else [sys.executable, path]


def program_name() -> str:
    """What usage and complaints call the program."""
    words = started_by()
    return f"python -m {words[-1]}" if words[1:2] == ["-m"] else Path(words[-1]).name


def without_option(arguments: Sequence[str], flag: str) -> list[str]:
    """The arguments without one option and its value."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument == flag:
            skip = True
        elif not argument.startswith(f"{flag}="):
            kept.append(argument)
    return kept
