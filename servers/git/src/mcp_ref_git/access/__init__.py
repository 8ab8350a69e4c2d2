"""Which repositories a call may reach, and whether all of their parts lie where they must."""
