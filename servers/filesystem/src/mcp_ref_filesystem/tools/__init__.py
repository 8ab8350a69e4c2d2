"""The toolsets: one module each, thin over the plain functions that do the work."""
