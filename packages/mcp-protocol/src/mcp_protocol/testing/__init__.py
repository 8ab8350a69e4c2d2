"""What tests of a server need: a connection in this process, and a peer that writes JSON by hand."""
