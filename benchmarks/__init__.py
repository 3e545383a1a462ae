"""Benchmarks: each script prints the ratio to a peer measured in the same run."""
