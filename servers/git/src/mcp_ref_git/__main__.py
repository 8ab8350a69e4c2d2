"""The console script: `main()` runs the server on stdio, or on HTTP with `--transport http`."""

from mcp_ref_git.server import server
from mcp_ref_kit import cli

main = cli(server)

if __name__ == "__main__":
    main()
