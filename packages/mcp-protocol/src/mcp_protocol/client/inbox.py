"""Where everything goes that the server sends of its own accord: progress, log messages, changes, questions."""

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct, field

from mcp_protocol.client.answers import Answers, answer
from mcp_protocol.client.background import Background
from mcp_protocol.errors import ProtocolError, TransportError
from mcp_protocol.jsonrpc import Notification, Request, RequestId, encode_error, encode_result
from mcp_protocol.revisions import MODERN, Revision
from mcp_protocol.types import SUBSCRIPTION_ID, CancelledParams, LoggingMessageParams, ProgressParams
from mcp_protocol.types.wire import encode_params

_log = logging.getLogger(__name__)
T = TypeVar("T")

OnProgress = Callable[[ProgressParams], None]


class Listener(Protocol):
    """Wants to hear of changes."""

    def hear(self, notice: Notification) -> None:
        """Take one notification of a change; never waits."""
        ...


class Post(Protocol):
    """Sends one message back to the server."""

    async def __call__(self, message: bytes) -> None:
        """Send it."""
        ...


class Inbox:
    """Sorts what comes in. Callbacks run at once, in the order of arrival; questions each in a task of their own."""

    def __init__(self, answers: Answers, background: Background) -> None:
        """Questions are answered in the background."""
        self.revision: Revision | None = None
        self.post: Post | None = None
        self.on_change: Callable[[Notification], None] | None = None
        """Hears every notification of a change before any listener does."""
        self._answers = answers
        self._background = background
        self._progress: dict[RequestId, OnProgress] = {}
        self._listeners: dict[RequestId, Listener] = {}
        self._questions: dict[tuple[type, RequestId], asyncio.Task[None]] = {}
        self._handlers = {
            "notifications/cancelled": self._cancel,
            "notifications/progress": self._step,
            "notifications/message": self._line,
        }

    @contextmanager
    def progress(self, token: RequestId, callback: OnProgress | None) -> Generator[None]:
        """Call back for the progress of this token while the block runs."""
        if callback is not None:
            self._progress[token] = callback
        try:
            yield
        finally:
            self._progress.pop(token, None)

    @contextmanager
    def listening(self, subscription: RequestId, listener: Listener) -> Generator[None]:
        """Let a listener hear of changes while the block runs."""
        self._listeners[subscription] = listener
        try:
            yield
        finally:
            self._listeners.pop(subscription, None)

    def take(self, message: Notification | Request) -> None:
        """Sort one message; what a callback of the application raises is logged, not passed on to the connection."""
        try:
            if isinstance(message, Request):
                self._ask(message)
            else:
                self._handlers.get(message.method, self._change)(message)
        except Exception:  # noqa: BLE001  callbacks are not ours, and the connection must live on
            _log.exception("a callback failed on %s", message.method[:64])

    def finish(self, id_: RequestId) -> None:
        """Tell no more progress of a request that has its answer."""
        self._progress.pop(id_, None)

    def _ask(self, question: Request) -> None:
        if self.revision in MODERN or self.post is None:
            _log.warning("ignored a %s request: this revision has no requests of the server", question.method[:64])
            return
        key = (type(question.id), question.id)
        task = self._background.start(self._answer(question, self.post))
        self._questions[key] = task
        task.add_done_callback(lambda _: self._questions.pop(key, None))

    async def _answer(self, question: Request, post: Post) -> None:
        revision = self.revision or Revision.V2024_11_05
        try:
            result = await answer(self._answers, question.method, question.params)
            reply = encode_result(question.id, encode_params(result, revision))
        except ProtocolError as error:
            reply = encode_error(question.id, error)
        except Exception:  # noqa: BLE001  the callback is not ours: the server learns only that it failed
            _log.exception("could not answer %s", question.method[:64])
            reply = encode_error(question.id, ProtocolError("The client could not answer"))
        try:
            await post(reply)
        except TransportError as error:
            _log.warning("an answer was lost: %s", error)

    def _cancel(self, notice: Notification) -> None:
        found = _read(CancelledParams, notice)
        if found is None:
            return
        if task := self._questions.get((type(found.request_id), found.request_id)):
            task.cancel()

    def _step(self, notice: Notification) -> None:
        found = _read(ProgressParams, notice)
        callback = self._progress.get(found.progress_token) if found else None
        if found and callback:
            callback(found)

    def _line(self, notice: Notification) -> None:
        found = _read(LoggingMessageParams, notice)
        if found and self._answers.log:
            self._answers.log(found)

    def _change(self, notice: Notification) -> None:
        if self.on_change:
            self.on_change(notice)
        subscription = _subscription(notice)
        if subscription is not None:
            listener = self._listeners.get(subscription)
            heard = [listener] if listener else []
        else:
            heard = list(self._listeners.values())  # legacy: whoever listens judges for itself
        for listener in heard:
            listener.hear(notice)
        if not heard and self._answers.other:
            self._answers.other(notice)


class _Meta(Struct):
    subscription: RequestId | None = field(default=None, name=SUBSCRIPTION_ID)


class _Marked(Struct):
    meta: _Meta = field(default_factory=_Meta, name="_meta")


def _subscription(notice: Notification) -> RequestId | None:
    marked = _typed(_Marked, notice.params)
    return marked.meta.subscription if marked else None


def _read(kind: type[T], notice: Notification) -> T | None:
    found = _typed(kind, notice.params)
    if found is None:
        _log.warning("ignored a malformed %s", notice.method[:64])
    return found


def _typed(kind: type[T], params: dict[str, Any]) -> T | None:
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError:
        return None
