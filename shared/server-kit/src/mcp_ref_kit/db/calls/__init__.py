"""What surrounds one call: arguments, deadline, errors, confirmation, audit."""
