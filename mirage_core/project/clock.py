"""Times as the project stores them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present as text."""
    return to_text(datetime.now(UTC))


def to_text(time: datetime) -> str:
    """Return a time as ISO 8601 in UTC with microseconds, so that texts sort by time."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def parse(text: str) -> datetime:
    """Return the time that `text` says."""
    return datetime.fromisoformat(text)
