"""What goes over the wire, feature by feature in both eras, is written down and compared byte for byte.

`python -m tests.conformance.test_transcripts` writes them anew; a difference is a change of the protocol.
"""

import json
import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.talk import SCRIPT, Message, Pipe, Talk
from tests.launch.raw import StdioPeer

PLACE = Path(__file__).with_name("transcripts")
ERAS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
# What differs each time: ids, seals, times.
VARYING = re.compile(r'"(taskId|requestState|nextCursor|createdAt|lastUpdatedAt)":"[^"]+"')
CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


class Recorder(Pipe):
    """A pipe that writes down what goes to the server and what comes from it."""

    def __init__(self, peer: StdioPeer) -> None:
        super().__init__(peer)
        self.lines: list[str] = []

    def begin(self, message: Message) -> Generator[Message]:
        self._note(">", message)
        for answer in super().begin(message):
            self._note("<", answer)
            yield answer

    def post(self, message: Message) -> None:
        self._note(">", message)
        super().post(message)

    def _note(self, arrow: str, message: Message) -> None:
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        self.lines.append(f"{arrow} {CLOCK.sub('NOW', VARYING.sub(_hidden, line))}\n")


def _hidden(found: re.Match[str]) -> str:
    return f'"{found[1]}":"{found[1].upper()}"'


def agree(question: Message) -> Message:
    """The user says yes, the model says Paris, there is one root."""
    if question["method"] == "sampling/createMessage":
        return {"role": "assistant", "model": "none", "content": {"type": "text", "text": "Paris"}}
    if question["method"] == "roots/list":
        return {"roots": [{"uri": "file:///work"}]}
    return {"action": "accept", "content": {"username": "Ada", "email": "a@b.c", "name": "Ada", "confirm": True}}


def hello(_talk: Talk) -> None:
    """Only what every conversation begins with."""


def calls(talk: Talk) -> None:
    """A text, content of several kinds, data with a schema."""
    talk.call("greet", name="Ada")
    talk.call("test_multiple_content_types")
    talk.call("tell_time")


def failures(talk: Talk) -> None:
    """A tool's own failure, bad arguments, and what does not exist."""
    talk.call("test_error_handling")
    talk.call("greet", nam="Ada")
    talk.call("no_such_tool")
    talk.ask("no/such/method")
    talk.ask("resources/read", {"uri": "test://nothing"})
    talk.ask("tools/list", {"cursor": "forged"})


def progress(talk: Talk) -> None:
    """Three steps."""
    talk.call("test_tool_with_progress", meta={"progressToken": "t"})


def log_messages(talk: Talk) -> None:
    """Asked for once a session, or with each request."""
    wish: dict[str, Any] = {}
    if talk.revision == ERAS["modern"]:
        wish = {"io.modelcontextprotocol/logLevel": "info"}
    else:
        talk.ask("logging/setLevel", {"level": "info"})
    talk.call("test_tool_with_logging", meta=wish)


def questions(talk: Talk) -> None:
    """To the user, the model and the client."""
    talk.call("test_elicitation", agree, message="Who are you?")
    talk.call("test_sampling", agree, prompt="The capital of France?")
    talk.call("test_input_required_result_list_roots", agree)


def resources(talk: Talk) -> None:
    """Read, from a template, watched."""
    talk.ask("resources/read", {"uri": "test://static-binary"})
    talk.ask("resources/read", {"uri": "test://template/7/data"})
    watched = {"uri": "test://watched-resource"}
    if talk.revision == ERAS["modern"]:
        wanted = {"toolsListChanged": True, "resourceSubscriptions": [watched["uri"], "test://nothing"]}
        listen = talk.stamped("subscriptions/listen", {"notifications": wanted})
        talk.first(listen)
        talk.wire.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listen["id"]}})
    else:
        talk.ask("resources/subscribe", watched)
        talk.ask("resources/unsubscribe", watched)


def prompts(talk: Talk) -> None:
    """Filled in, completed."""
    arguments = {"arg1": "x", "arg2": "y"}
    talk.ask("prompts/get", {"name": "test_prompt_with_arguments", "arguments": arguments})
    reference = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    talk.ask("completion/complete", {"ref": reference, "argument": {"name": "arg1", "value": "test"}})


FEATURES: dict[str, Callable[[Talk], None]] = {
    story.__name__: story for story in (hello, calls, failures, progress, log_messages, questions, resources, prompts)
}


def transcript(era: str, feature: str) -> str:
    """One conversation as text."""
    with StdioPeer([SCRIPT]) as peer:
        wire = Recorder(peer)
        talk = Talk(wire, ERAS[era])
        talk.open()
        FEATURES[feature](talk)
        assert peer.end() == 0
    return "".join(wire.lines)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("feature", FEATURES)
def test_the_conversation_is_as_it_was_written_down(era: str, feature: str) -> None:
    assert transcript(era, feature) == (PLACE / era / f"{feature}.txt").read_text()


def main() -> int:
    """Write all transcripts anew."""
    for era in ERAS:
        (PLACE / era).mkdir(parents=True, exist_ok=True)
        for feature in FEATURES:
            (PLACE / era / f"{feature}.txt").write_text(transcript(era, feature))
    return 0


if __name__ == "__main__":
    sys.exit(main())
