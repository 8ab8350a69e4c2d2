"""Every bound of the core in one table, with the answer that exceeding it gets. Pure data."""

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of one server; sizes in bytes, times in seconds."""

    message: int = 4 * MIB
    """One stdio line or HTTP body. Over it: -32600 without id on stdio, 413 on HTTP."""
    depth: int = 64
    """Nesting of one message. Over it: -32700."""
    containers: int = 250_000
    """Objects and arrays in one message: in memory each is up to a hundred times its text. Over it: -32700."""
    id_bytes: int = KIB
    """A string request id. Over it: -32600."""
    batch: int = 50
    """Members of a 2025-03-26 batch. Over it: -32600."""
    running: int = 64
    """Handlers running at once."""
    waiting: int = 1024
    """Accepted calls that wait for a handler. Over it: `server busy` at once."""
    tool_seconds: float = 30
    """Deadline of one tool call; a toolset may give single tools more, at most 300. Over it: tool error `timeout`."""
    question_seconds: float = 300
    """A live question to the user (legacy). Over it: counts as cancel."""
    drain_seconds: float = 1.5
    """Calls in flight at end of input or SIGTERM: a host waits two seconds before it kills. Over it: cancelled."""
    result_text: int = 256 * KIB
    """Text of one result. Over it: truncated by the tool that made it."""
    reply: int = 16 * MIB
    """One whole reply. Over it: tool error `too_large`."""
    outgoing_messages: int = 256
    """Queued messages of one stream. Over it: reading stops, listeners are dropped."""
    outgoing_bytes: int = 4 * MIB
    """Queued bytes of one stream."""
    stalled_seconds: float = 30
    """A write that the reader does not take (HTTP). Over it: the stream is dropped."""
    subscriptions: int = 1024
    """Listens and sessions with subscriptions. Over it: an error."""
    subscription_uris: int = 1000
    """URIs of one listen. Over it: an error."""
    tasks: int = 100
    """Tasks of one caller, ended ones included until they expire. Over it: `server busy`."""
    task_seconds: float = 3600
    """How long a task may run, and how long after its creation its handle is good."""
    updates_per_second: float = 4
    """Change notices per URI. Over it: coalesced."""
    sessions: int = 1024
    """Legacy HTTP sessions. Over it: 503."""
    session_idle_seconds: float = 1800
    """An unused legacy session. Over it: forgotten, 404."""
    handshake_seconds: float = 60
    """A session that was never initialised. Over it: forgotten, 404."""
    request_state: int = 64 * KIB
    """A sealed requestState. Over it: -32602."""
    request_state_seconds: float = 600
    """Age of a requestState. Over it: -32602."""
    page: int = 1000
    """Entries of one page of a list method, high because some hosts read only the first page. Over it: nextCursor."""
    cursor_seconds: float = 3600
    """Age of a list cursor. Over it: -32602."""
    completion_values: int = 100
    """Values of one completion. Over it: hasMore."""
    progress_interval: float = 0.02
    """Progress steps closer together than this are merged."""
    log_per_second: int = 20
    """Log notifications of one call. Over it: dropped and counted."""
    keepalive_seconds: float = 15
    """Silence on an event stream before a comment line is sent, and work time before JSON becomes a stream."""
    resume_messages: int = 256
    """Events kept for one resumable stream (legacy HTTP)."""
    resume_bytes: int = MIB
    """Bytes kept for one resumable stream."""
    resume_seconds: float = 300
    """Age of a kept event."""
