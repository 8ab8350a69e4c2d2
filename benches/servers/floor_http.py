"""The least a Python server on HTTP can be: uvicorn with its fast parser and loop, and a bare ASGI function."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn

Scope = dict[str, Any]
Event = dict[str, Any]


async def app(scope: Scope, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]) -> None:
    """Answer one POST."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    call = msgspec.json.decode(body)
    text = call["params"].get("arguments", {}).get("text", "") if call.get("params") else ""
    result = {"content": [{"type": "text", "text": text}], "structuredContent": {"result": text}}
    answer = msgspec.json.encode({"jsonrpc": "2.0", "id": call.get("id"), "result": result})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), http="httptools", loop="uvloop", log_level="error", lifespan="off")
