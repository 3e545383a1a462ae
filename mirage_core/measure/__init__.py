"""Numbers from surfaces and masks: boundary error, agreement. Imports `scan` only."""
