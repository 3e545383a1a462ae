"""A window in a process of its own, told over a pipe what to do: to be killed, or starved.

Every line it reads is a JSON list of a command and its arguments; every line it writes is the
command's answer. :mod:`tests.viewer.other_window` is its other end.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Annotation, Proposal, Session
from mirage_core.scan import Surfaces
from mirage_viewer.settings import Settings
from mirage_viewer.window_factory import make_window
from tests.viewer.eyes import click, key, stroke

PATIENCE_S = 60.0


def digest(annotation: Annotation) -> str:
    """Return a hash of all that an annotation says, to the last bit."""
    parts = annotation.surfaces.values, annotation.confidence, annotation.masks.labels
    found = hashlib.sha256(repr(annotation.structures).encode())
    for part in (*parts, annotation.states):
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


class WindowProgram:
    """The commands, one method each."""

    def __init__(self, app: QApplication, project: Path) -> None:
        self._app = app
        settings = Settings(research_notice_seen=True)
        self.window = make_window(project, settings)
        self.desk = self.window.desk
        self._frozen_s = 0.0
        self.window.resize(1440, 900)
        self.window.show()
        self.window.begin()

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Let the window work until `holds`."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: {self.look()}")
            self._app.processEvents()
            time.sleep(0.002)

    def look(self) -> dict[str, Any]:
        """Tell what the window shows."""
        session = self.desk.session
        return {
            "saved": self.window.status.saved.text(),
            "messages": list(self.window.messages.texts),
            "editable": self.desk.editable,
            "busy": self.desk.opener.busy,
            "waiting": self.desk.saving.waiting,
            "offered": self.desk.offers.standing,
            "b": self.desk.b,
            "edits": len(session.history.done) if session is not None else 0,
            "labels": [e.label for e in session.history.done] if session is not None else [],
            "digest": digest(session.annotation) if session is not None else "",
            "frozen_s": self._frozen_s,
        }

    def begin_to_open(self, path: str) -> None:
        """Let a scan be opened."""
        self.desk.opener.open_path(Path(path))

    def open(self, path: str) -> dict[str, Any]:
        """Open a scan and wait until its work is there, and its pixels are in the project."""
        self.begin_to_open(path)
        self.wait(lambda: not self.desk.opener.busy and self.desk.open_scan, "opening")
        self.wait(
            lambda: self.desk.opener.importing is None and self._record().imported, "importing"
        )
        return self.look()

    def _record(self) -> Any:
        assert self.desk.open_scan is not None
        return self.desk.open_scan.record

    def layers(self) -> dict[str, Any]:
        """Let an engine have drawn a level RPE on every B-scan."""
        session = self._session()
        n, height, width = session.scan.shape
        curves = Surfaces(np.full((1, n, width), height * 0.47, np.float32), ("RPE",))
        session.adopt(Proposal(tuple(range(n)), curves, None, None, "graph", "Graph"))
        return self.look()

    def _session(self) -> Session:
        assert self.desk.session is not None
        return self.desk.session

    def correct(self, b: int) -> dict[str, Any]:
        """Draw a piece of the RPE deeper on B-scan `b`."""
        self.desk.show_b_scan(b)
        key(self.window, "P")
        return self.stroke([(36, x) for x in range(20, 41)])

    def stroke(self, points: list[tuple[float, float]]) -> dict[str, Any]:
        """Drag the tool in hand along points; ``frozen_s`` is how long the window took."""
        return self._timed(lambda: stroke(self.window, [(z, x) for z, x in points]))

    def _timed(self, act: Callable[[], None]) -> dict[str, Any]:
        began = time.monotonic()
        act()
        self._frozen_s = time.monotonic() - began
        return self.look()

    def press(self, sequence: str) -> dict[str, Any]:
        """Press keys; ``frozen_s`` is how long the window took."""
        return self._timed(lambda: key(self.window, sequence))

    def click(self, topic: str) -> dict[str, Any]:
        """Click the button of the message on `topic`."""
        (entry,) = [e for e in self.window.messages.entries if e.message.topic == topic]
        click(entry.button)
        return self.look()

    def wait_for(self, name: str, value: Any) -> dict[str, Any]:
        """Wait until :meth:`look` tells `value` for `name`; of messages, that one begins so."""
        if name == "messages":
            begins = str(value)
            self.wait(lambda: any(m.startswith(begins) for m in self.look()[name]), begins)
        else:
            self.wait(lambda: self.look()[name] == value, f"{name} {value}")
        return self.look()

    def when_accepted(self) -> str:
        """Tell how the annotation will be when what is offered is accepted."""
        session, offer = self._session(), self.desk.offers._offer
        prepared = session.prepare(offer.proposal)  # type: ignore[union-attr]
        copy = session.annotation.copy()
        assert prepared.edit is not None
        prepared.edit.apply(copy)
        return digest(copy)

    def die(self, moment: str) -> None:
        """Kill this process when the next `moment` comes."""
        if moment == "while it is worked out":
            self._die_working()
            return
        from sqlalchemy import event

        engine = self.desk.projects.get()._store.engine

        def inserted(*parts: Any) -> None:
            if "INSERT INTO events" in parts[2] and moment == "before it is written":
                _die()

        def written(*parts: Any) -> None:
            if "INSERT INTO events" in parts[2] and moment == "before it is committed":
                _die()

        event.listen(engine, "before_cursor_execute", inserted)
        event.listen(engine, "after_cursor_execute", written)
        if moment == "when it is committed":
            self._session().changed.connect(_die)

    def _die_working(self) -> None:
        from mirage_core.engines import propagate

        propagate.gather_evidence = _die  # type: ignore[assignment]

    def fill(self, folder: str) -> None:
        """Fill the disk of `folder` to the last byte."""
        with (Path(folder) / "filler").open("wb", buffering=0) as filler:
            size = 65536
            while size:
                try:
                    filler.write(bytes(size))
                except OSError:
                    size //= 2

    def empty(self, folder: str) -> None:
        """Give the room back."""
        (Path(folder) / "filler").unlink()

    def files(self, folder: str) -> list[str]:
        """Name the files of a folder."""
        return sorted(os.listdir(folder))

    def close(self) -> bool:
        """Close the window."""
        return self.window.close()


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), 9)


def main() -> None:
    """Do what the lines say until there are no more."""
    app = QApplication([])
    program = WindowProgram(app, Path(sys.argv[1]))
    lines: SimpleQueue[str] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        lines.put("")

    threading.Thread(target=listen, daemon=True).start()
    _say({"ready": os.getpid()})
    while True:
        try:
            line = lines.get_nowait()
        except Empty:
            app.processEvents()
            time.sleep(0.002)
            continue
        if not line:
            return
        command, *arguments = json.loads(line)
        try:
            _say({"answer": getattr(program, command)(*arguments)})
        except Exception:
            _say({"error": traceback.format_exc()})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
