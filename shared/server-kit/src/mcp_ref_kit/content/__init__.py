"""What bytes are: text in an encoding, or a kind of binary."""
