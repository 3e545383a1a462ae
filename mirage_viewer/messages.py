"""What the window tells its user: one clear sentence, and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """A line in the message bar.

    Attributes
    ----------
    text : str
        What happened.
    hint : str
        What to do.
    level : Level
    topic : str
        A new message takes the place of an older one on the same topic.
    action : str
        Text of a button, empty for none.
    do : callable or None
        What the button does.
    other, do_other
        A second button, for what is done less often.
    closed : callable or None
        What closing the message does; such a message asks something, and is not crowded out.
    """

    text: str
    hint: str = ""
    level: Level = Level.INFO
    topic: str = ""
    action: str = ""
    do: Callable[[], object] | None = None
    other: str = ""
    do_other: Callable[[], object] | None = None
    closed: Callable[[], object] | None = None


def from_error(error: Exception, topic: str = "") -> Message | None:
    """Return the message of an error that was made for people, None for any other.

    Those carry ``what`` and ``hint``: ReadError, ExportError, ProjectError.
    """
    what, hint = getattr(error, "what", None), getattr(error, "hint", None)
    if isinstance(what, str) and isinstance(hint, str):
        return Message(what, hint, Level.ERROR, topic)
    return None


def print_message(message: Message) -> None:
    """Write warnings and errors to stderr too, for those who started from a terminal."""
    if message.level is not Level.INFO and sys.stderr is not None:
        print(f"{message.text} {message.hint}".strip(), file=sys.stderr)  # noqa: T201
