"""The hands on a window that runs in another process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class OtherWindow:
    """A window on `project` in a process of its own; commands are those of `WindowProgram`.

    Parameters
    ----------
    project : Path
    through : sequence of str
        A command that starts the program, such as ``unshare``.
    environment : mapping
        More of it.
    """

    def __init__(
        self,
        project: Path,
        through: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [*through, sys.executable, "-m", "tests.viewer.window_program", str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **(environment or {})},
        )
        assert "ready" in self._hear()

    @property
    def root(self) -> Path:
        """The file system as the program sees it, with its own mounts; on Linux."""
        return Path(f"/proc/{self._process.pid}/root")

    def __getattr__(self, command: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.tell(command, *arguments)
            heard = self._hear()
            assert "error" not in heard, heard["error"]
            return heard["answer"]

        return call

    def tell(self, command: str, *arguments: Any) -> None:
        """Give a command and do not wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """Kill it, as with -9."""
        self._process.kill()
        self.is_gone()

    def is_gone(self) -> int:
        """Wait until it has ended; return its exit code."""
        code = self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):  # a command that it did not live to read
                pipe.close()
        return code

    def quit(self) -> None:
        """Close the window and wait for the end of the program."""
        assert self.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(60) == 0

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the program ended: {self._process.wait(60)}"
        heard: dict[str, Any] = json.loads(line)
        return heard


def small_disk(folder: Path, size: str) -> tuple[str, ...]:
    """Return the command through which a program sees an empty disk of `size` at `folder`."""
    folder.mkdir()
    return _through_mounts(f'mount -t tmpfs -o size={size} none "$0"', folder)


def read_only_share(folder: Path) -> tuple[str, ...]:
    """Return the command through which a program cannot write to `folder`, root or not."""
    return _through_mounts(
        'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"',
        folder,
    )


def _through_mounts(mounts: str, folder: Path) -> tuple[str, ...]:
    """Return a command that runs a program with mounts of its own, which are gone with it.

    The test is skipped where the system does not let one mount.
    """
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("mount") is None:
        pytest.skip("needs the programs unshare and mount, of Linux")
    for flags in ("-m", "-Urm"):
        through = (unshare, flags, "sh", "-c", f'{mounts} && exec "$@"', str(folder))
        if subprocess.run([*through, "true"], capture_output=True, check=False).returncode == 0:
            return through
    pytest.skip("the system does not let this user mount anything")
