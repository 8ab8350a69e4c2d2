"""The toolsets: what callers ask for, and what they get."""
