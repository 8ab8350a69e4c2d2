"""What is in a database: listed, described, searched. Names are bound as values and looked up, never spliced."""
