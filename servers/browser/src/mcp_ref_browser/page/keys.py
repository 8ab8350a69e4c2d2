"""Names of keys as people write them, in the words of the browser. Pure."""

_ALSO = {
    "ctrl": "Control",
    "cmd": "Meta",
    "command": "Meta",
    "win": "Meta",
    "option": "Alt",
    "esc": "Escape",
    "return": "Enter",
    "del": "Delete",
    "ins": "Insert",
    "spacebar": "Space",
    "up": "ArrowUp",
    "down": "ArrowDown",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "pgup": "PageUp",
    "pgdn": "PageDown",
    "pagedn": "PageDown",
    "controlormeta": "ControlOrMeta",
}
_KNOWN = (
    *("Control", "Shift", "Alt", "Meta", "Enter", "Escape", "Tab", "Backspace", "Delete", "Insert", "Space"),
    *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "ContextMenu"),
    *(f"F{number}" for number in range(1, 13)),
)
_NAMES = {**{name.lower(): name for name in _KNOWN}, **_ALSO}


def named(key: str) -> str:
    """The key, or keys held together with `+`, by the browser's names: `ctrl+enter` is `Control+Enter`."""
    body, plus = (key[:-1], "+") if key.endswith("+") else (key, "")
    parts = [_NAMES.get(part.strip().lower(), part) if len(part) > 1 else part for part in body.split("+")]
    return "+".join(parts) + plus


def is_text(key: str) -> bool:
    """Whether it is a character that no key of the browser's keyboard has, and is put in as text."""
    return bool(key) and not key.isascii() and len(key) <= _MOST


# An emoji of several people is one character to whoever types it.
_MOST = 16
