"""The toolsets: one module each, thin over what does the work."""
