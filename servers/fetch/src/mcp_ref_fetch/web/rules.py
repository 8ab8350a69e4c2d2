"""Which line of robots.txt decided, for people to look up; the verdict itself is Protego's. Pure."""

from collections.abc import Iterator

# Lines looked at to name one; the verdict does not depend on it.
_MOST_LINES = 5000


def deciding_rule(text: str, url: str, token: str, *, allowed: bool) -> str | None:
    """The longest rule of the agent's groups that applies, as it is written; None if none does."""
    from protego import Protego  # noqa: PLC0415  needed with the first page only

    best: str | None = None
    for field, value in _rules(text, token):
        if (field == "allow") != allowed or (best is not None and len(value) <= len(best.split(": ", 1)[1])):
            continue
        # The opposite of the rule as the default shows whether this one applies.
        alone = f"User-agent: *\nDisallow: {value}\n"
        if not Protego.parse(alone).can_fetch(url, token):
            best = f"{field.capitalize()}: {value}"
    return best


def _rules(text: str, token: str) -> Iterator[tuple[str, str]]:
    """The rules of the groups for this agent; of those for all, where it has none of its own."""
    own: list[tuple[str, str]] = []
    general: list[tuple[str, str]] = []
    names: set[str] = set()
    in_names = False
    for line in text.splitlines()[:_MOST_LINES]:
        field, colon, value = line.partition("#")[0].partition(":")
        field, value = field.strip().lower(), value.strip()
        if colon and field == "user-agent":
            names = names | {value.lower()} if in_names else {value.lower()}
            in_names = True
        elif colon and field in {"allow", "disallow"} and value:
            in_names = False
            (own if token.lower() in names else general if "*" in names else []).append((field, value[:200]))
    yield from own or general
