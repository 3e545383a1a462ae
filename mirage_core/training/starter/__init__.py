"""Training of the starter model, from simulated eyes and real B-scans, by one command.

``python -m mirage_core.training.starter``; nothing imports it but that command and its tests.
"""
