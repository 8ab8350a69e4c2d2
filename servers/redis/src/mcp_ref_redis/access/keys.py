"""Which arguments of a command are keys, by the engine's key specifications. Pure."""

from collections.abc import Iterator, Sequence

from mcp_ref_redis.access.commands import Command, KeySpec


def keys_in(command: Command, arguments: Sequence[bytes]) -> list[bytes] | None:
    """The keys among the arguments; None where only the engine can say (COMMAND GETKEYS).

    An empty list is a command without keys.
    """
    if "movablekeys" in command.flags or any(spec.uncertain for spec in command.specs):
        return None
    found: list[bytes] = []
    for spec in command.specs:
        places = _places(spec, arguments)
        if places is None:
            return None
        found += [arguments[at] for at in places]
    return found


def _places(spec: KeySpec, arguments: Sequence[bytes]) -> range | None:
    """The places of one specification's keys; None where the vector does not fit it."""
    start = spec.index if spec.begin == "index" else _after(spec, arguments)
    if start is None:
        return range(0)
    places = _span(spec, arguments, start)
    fits = places is not None and (not places or (places[0] > 0 and places[-1] < len(arguments)))
    return places if fits else None


def _after(spec: KeySpec, arguments: Sequence[bytes]) -> int | None:
    """The place after the keyword, which is looked for forwards, or from the end where the start is negative."""
    for at in _order(spec.index, len(arguments)):
        if arguments[at].upper() == spec.keyword.upper():
            return at + 1
    return None


def _order(start: int, count: int) -> Iterator[int]:
    return iter(range(start, count)) if start >= 0 else iter(range(count + start, 0, -1))


def _span(spec: KeySpec, arguments: Sequence[bytes], start: int) -> range | None:
    if spec.find == "keynum":
        at = start + spec.count_at
        if at >= len(arguments) or not arguments[at].isdigit() or len(arguments[at]) > 9:  # noqa: PLR2004  no more arguments fit a message
            return None
        first = start + spec.first
        return range(first, first + int(arguments[at]) * spec.step, spec.step)
    if spec.last >= 0:
        last = start + spec.last
    elif spec.limit:
        last = start + (len(arguments) - start) // spec.limit + spec.last
    else:
        last = len(arguments) + spec.last
    return range(start, last + 1, spec.step)
