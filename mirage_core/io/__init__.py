"""Readers and writers of scan files, one per file, behind one registry. Imports `scan` only."""
