"""The graph engine: ordered minimum-cost surfaces, needs no weights."""
