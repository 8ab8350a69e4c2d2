"""The proxy of one session: every request and tunnel of its pages is judged here, and dialled at the judged address.

What is refused is answered with 403, what cannot be reached with 502, and either is told to the session.
"""

import asyncio
import logging

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.conversation import Answered, Conversation, Dial
from mcp_ref_browser.guard.heads import BadMessage
from mcp_ref_browser.guard.policy import SessionPolicy
from mcp_ref_browser.guard.streams import BrowserReader

_log = logging.getLogger(__name__)

# Browsers keep 32 connections to a proxy, and one for each tunnel.
MOST_CONNECTIONS = 512


class GuardProxy:
    """Listens on a port of its own on this machine, for one session."""

    def __init__(self, policy: SessionPolicy, on_answered: Answered, dial: Dial | None = None) -> None:
        """`dial` connects to what the policy judged; by default the policy does."""
        self.policy = policy
        self._on_answered = on_answered
        self._dial: Dial = dial or policy.connect
        self._server: asyncio.Server | None = None
        self._open: set[Conversation] = set()

    async def start(self) -> int:
        """Begin to listen; the port."""
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening and cut every connection, on both sides."""
        if self._server is not None:
            self._server.close()
        for conversation in list(self._open):
            conversation.abort()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(BrowserReader(), self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MOST_CONNECTIONS or not isinstance(reader, BrowserReader):
            writer.transport.abort()
            return
        conversation = Conversation(self._dial, self._on_answered, reader, writer)
        self._open.add(conversation)
        try:
            await conversation.run()
        except (OSError, TimeoutError, BadMessage, ToolError, asyncio.IncompleteReadError):
            pass  # either end went away or spoke something else: the connection ends
        except Exception:  # noqa: BLE001  one broken connection must not end the listener
            _log.exception("a connection of the guard failed")
        finally:
            self._open.discard(conversation)
            conversation.close()
            writer.close()
