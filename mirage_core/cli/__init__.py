"""The `mirage` command."""
