"""The console script `mcp-ref-everything`."""

from mcp_ref_everything.server import server
from mcp_ref_kit import cli

main = cli(server)

if __name__ == "__main__":
    main()
