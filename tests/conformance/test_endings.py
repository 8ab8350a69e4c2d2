"""L5: whoever listens on a pipe is told that it is over, whether the host closes stdin or the system says so."""

import signal

import pytest

from tests.conformance.talk import SCRIPT
from tests.launch.raw import MODERN, StdioPeer, message

LISTEN = {"notifications": {"toolsListChanged": True}}


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_a_listen_is_cancelled_and_completed_before_the_process_ends(how: str) -> None:
    with StdioPeer([SCRIPT]) as peer:
        peer.open(MODERN)
        peer.send(message(MODERN, "subscriptions/listen", LISTEN, ident="heard"))
        assert peer.receive()["method"] == "notifications/subscriptions/acknowledged"
        if how == "SIGTERM":
            peer.process.send_signal(signal.SIGTERM)
            assert peer.process.wait(10) == 0
        else:
            assert peer.end() == 0
        cancelled, completed = peer.receive(), peer.receive()
    assert (cancelled["method"], cancelled["params"]["requestId"]) == ("notifications/cancelled", "heard")
    assert (completed["id"], completed["result"]["resultType"]) == ("heard", "complete")
    assert completed["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "heard"
