"""How this process was started, in the words in which a host would start it again."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def started_by() -> list[str]:
    """The program: its script, `python -m package`, or `uvx NAME` when uv made the environment only for this run."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.parent:
        return [sys.executable, "-m", spec.parent]
    script = Path(sys.argv[0])
    # uv keeps the environments of uvx under this name in its cache, and throws them away when it likes.
    if any(part.startswith("archive-v") for part in script.parts):
        return ["uvx", script.stem]
    try:
        return [os.path.abspath(script)]  # noqa: PTH100  not resolved: a link may be what stays
    except FileNotFoundError:  # the working directory is gone
        return [str(script)]


def program_name() -> str:
    """What usage and complaints call the program."""
    words = started_by()
    return words[-1] if words[0] == "uvx" else Path(words[0]).stem if len(words) == 1 else f"python -m {words[-1]}"


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
