"""Follow-up: visits of one eye in the window."""
