"""What is known of a database, and its changes."""
