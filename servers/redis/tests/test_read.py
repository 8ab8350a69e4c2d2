"""Reading keys: every type, in windows, many at once."""

from typing import Any

import pytest
import redis

from mcp_protocol.testing import Connection
from .conftest import BINARY, client_of, each_era, fill
