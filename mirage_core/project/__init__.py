"""The project folder: durable edits, audit trail, worklist, crash recovery."""
