"""What can be listened to, as the names by which changes are told. Pure."""

from typing import Literal

from msgspec import Struct

Kind = Literal["key", "stream", "channel"]


class Topic(Struct, frozen=True):
    """One thing that changes."""

    kind: Kind
    name: bytes

    @property
    def text(self) -> str:
        """The topic as the kit's watch knows it."""
        return f"{self.kind}:{self.name.hex()}"


def event_channel(db: int, key: bytes) -> bytes:
    """Where an engine tells of what happens to a key, if it is set to do so."""
    return b"__keyspace@%d__:%b" % (db, key)


def tells_of_keys(flags: str) -> bool:
    """Whether `notify-keyspace-events` covers every change of any key: K, and the alias A for all usual classes."""
    return "K" in flags and ("A" in flags or set("g$lshzxe") <= set(flags))
