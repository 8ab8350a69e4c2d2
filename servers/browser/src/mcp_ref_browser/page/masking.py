"""Takes out of a snapshot what nobody may read: values of private fields, all under `[data-mcp-mask]`. Pure."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from msgspec import Struct

from mcp_ref_browser.answer.redact import MASK, SHORTEST, masked
from mcp_ref_browser.page.tree import head_of, level, ref_of, reworded, role_of, said

TEXTBOXES = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})


class Private(Struct, frozen=True, kw_only=True):
    """What nobody may read."""

    values: Sequence[str] = ()
    """What private fields hold."""
    refs: AbstractSet[str] = frozenset()
    """Nodes under a mask."""
    texts: Sequence[str] = ()
    """What is said there, which the nodes around repeat."""
    blind: bool = False
    """Not all of the page could be looked at, so that all that stands in a text box is taken for private."""

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.values or self.refs or self.texts or self.blind)


def mask_lines(lines: Sequence[str], private: Private) -> list[str]:
    """The lines without private values: in text boxes whatever their length, elsewhere if they are long enough."""
    values = {text for value in private.values if (text := " ".join(value.split()))}
    kept = _boxes(_veiled(lines, private.refs), values, blind=private.blind)
    hide = partial(
        _hidden, long=[*values, *private.texts], short={text for text in private.texts if len(text) < SHORTEST}
    )
    whole = "\n".join(kept)
    return kept if hide(whole) == whole else [reworded(line, hide) for line in kept]


def _hidden(text: str, *, long: Iterable[str], short: AbstractSet[str]) -> str:
    """The text without the long ones, and without the short ones where they stand for themselves."""
    text = masked(text, long)
    for word in short:
        before, *rest = text.split(word)
        for after in rest:
            alone = not (before[-1:].isalnum() or after[:1].isalnum())
            before += f"{MASK if alone else word}{after}"
        text = before
    return text


def _veiled(lines: Iterable[str], hidden: AbstractSet[str]) -> list[str]:
    """The lines in which nodes under a mask have a role and a ref, and nothing else is left of what is in them."""
    out: list[str] = []
    veil: int | None = None
    for line in lines:
        depth, ref = level(line), ref_of(line)
        if veil is not None and depth <= veil:
            veil = None
        if ref in hidden:
            veil = depth if veil is None else veil
            out.append(f"{'  ' * depth}- {role_of(line)} [ref={ref}]: {MASK}")
        elif veil is None:
            out.append(line)
    return out


def _boxes(lines: Iterable[str], values: AbstractSet[str], *, blind: bool) -> list[str]:
    """The lines in which text boxes say nothing private, beside their names or below them."""
    out: list[str] = []
    box: int | None = None
    for line in lines:
        if box is not None and level(line) <= box:
            box = None
        if box is None and role_of(line) in TEXTBOXES:
            box = level(line)
        out.append(line if box is None else _covered(line, values, blind=blind))
    return out


def _covered(line: str, values: AbstractSet[str], *, blind: bool) -> str:
    text = said(line)
    if not text or role_of(line).startswith("/"):
        return line
    bare = text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text
    return f"{head_of(line)}: {MASK}" if blind or bare in values else line
