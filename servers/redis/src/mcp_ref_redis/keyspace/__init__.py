"""What is known of types: how each is measured, read in windows and shown."""
