"""A transcript that a person enjoys reading: titles, what is sent, what comes back; colours on a terminal only."""

import json
import os
import sys
from pathlib import Path
from textwrap import wrap
from typing import Any

COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
STYLES = {"title": "1;36", "sent": "33", "answer": "0", "good": "32", "bad": "31", "faint": "2"}
DIFF_STYLES = {"+": "good", "-": "bad", "@": "faint"}
WIDTH = 116


def paint(text: str, style: str) -> str:
    """The text in a colour, where there are colours."""
    return f"\033[{STYLES[style]}m{text}\033[0m" if COLOURED and text else text


def title(text: str) -> None:
    """The beginning of a part."""
    print(f"\n{paint(text, 'title')}\n{paint('-' * min(len(text), WIDTH), 'faint')}")


def say(text: str) -> None:
    """A sentence of the narrator."""
    print(f"\n{text}")


def command(words: list[str]) -> None:
    """A command as it would be typed in this clone."""
    print(paint("  $ " + " ".join(words).replace(f"{Path.cwd()}/", ""), "sent"))


def sent(tool: str, arguments: dict[str, Any]) -> None:
    """A call of a tool."""
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    print(paint(f"\n  > {tool}({given})", "sent"))


def answer(text: str, *, lines: int = 12, style: str = "answer") -> None:
    """What came back, the beginning of it; a refusal whole."""
    shown = wrap(text, WIDTH) if style == "bad" else text.rstrip("\n").split("\n")
    for line in shown[:lines]:
        print("    " + paint(line if len(line) <= WIDTH else line[: WIDTH - 3] + "...", style))
    if len(shown) > lines:
        print(paint(f"    ... {len(shown) - lines} more lines", "faint"))


def diff(text: str) -> None:
    """A unified diff, coloured like one."""
    for line in text.rstrip("\n").split("\n"):
        style = "faint" if line.startswith(("+++", "---")) else DIFF_STYLES.get(line[:1], "answer")
        print("    " + paint(line, style))


def check(what: str, *, holds: bool) -> None:
    """A claim that the demo has verified; one that does not hold ends it."""
    print("    " + paint(f"{'ok' if holds else 'WRONG'}: {what}", "good" if holds else "bad"))
    if not holds:
        sys.exit(f"The demo expected that {what}.")
