"""What a call answers: one builder, one redactor."""
