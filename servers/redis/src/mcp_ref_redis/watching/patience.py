"""How long a listener waits for an engine: no call's deadline ends what it asks."""

ANSWER_SECONDS = 5.0
# After so much silence a connection is asked whether it still leads somewhere: a lost one says nothing, either.
SILENCE_SECONDS = 15.0
