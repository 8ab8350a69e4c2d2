"""What a caller may do: the engine's own table of commands, the rule over it, the key-prefix jail, bounds."""
