"""What the operator of the fixture server decides: nothing beyond what every server has."""

from msgspec import Struct


class Settings(Struct, frozen=True, kw_only=True):
    """No settings of its own."""
