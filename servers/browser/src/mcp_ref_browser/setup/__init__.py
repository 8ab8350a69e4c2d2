"""What is settled before anything starts: settings that belong together, executables, flags, secrets, start state."""
