"""Folders of runs: what each was asked for, whose it is, and how it ended.

``request.json`` says what was asked and which program is at it; ``outcome.json`` that it is over.
A folder with a configuration but no outcome, whose program is gone, can be gone on with.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirage_core.io.atomic import ExportError, atomic_file, explain_os_error
from mirage_core.places import data_dir
from mirage_core.project.processes import host_name, is_running, this_process

REQUEST, OUTCOME = "request.json", "outcome.json"
_STARTED = "config.json"
_NEEDED_LATER = frozenset({REQUEST, OUTCOME, _STARTED, "metrics.jsonl", "held_out.npz"}) | {
    "report.json",
    "held_out.csv",
}


def runs_dir() -> Path:
    """Return the folder that the folders of runs are in."""
    return data_dir() / "teaching"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run was asked for; nothing of a patient.

    Attributes
    ----------
    folder : Path
        Of the run.
    project : Path
    base, base_title : str
        Of the model to begin with.
    title : str
        Of the model to come, or empty.
    preset : str
    n_b_scans : int
        As they were counted when it began.
    begun : str
        UTC, ISO 8601.
    owner : (str, int, str)
        Host, id and start of the program that is at it.
    """

    folder: Path
    project: Path
    base: str
    base_title: str
    title: str
    preset: str
    n_b_scans: int
    begun: str
    owner: tuple[str, int, str] = ("", 0, "")

    @property
    def can_go_on(self) -> bool:
        """Whether it got far enough to be gone on with."""
        return (self.folder / _STARTED).exists()

    @property
    def begun_at(self) -> datetime:
        """When it was begun, in the time of this place."""
        return datetime.fromisoformat(self.begun).astimezone()


def begin_run(
    project: Path,
    base: str,
    base_title: str,
    title: str,
    preset: str,
    n_b_scans: int,
    within: Path | None = None,
) -> RunRequest:
    """Make the folder of a new run, by default within :func:`runs_dir`.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    now = datetime.now(UTC)
    folder = (within or runs_dir()) / now.strftime("%Y-%m-%d_%H%M%S_%f")
    request = RunRequest(
        folder, project, base, base_title, title, preset, n_b_scans, now.isoformat()
    )
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    try:
        return take_over(request)
    except ExportError:
        discard(folder)
        raise


def take_over(request: RunRequest) -> RunRequest:
    """Write that this program is at it.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    mine = replace(request, owner=this_process())
    fields = {**asdict(mine), "project": str(mine.project)}
    del fields["folder"]
    _write(request.folder / REQUEST, fields)
    return mine


def unfinished_runs(within: Path | None = None) -> tuple[RunRequest, ...]:
    """Return the runs that were interrupted, the latest first, not those that go on somewhere.

    Parameters
    ----------
    within : Path, optional
        The folder that the folders of runs are in, by default :func:`runs_dir`.
    """
    return tuple(
        request
        for folder in sorted(_folders(within or runs_dir()), reverse=True)
        if not (folder / OUTCOME).exists()
        and (request := _read(folder)) is not None
        and request.can_go_on
        and not _is_owned(request)
    )


def conclude(folder: Path, outcome: dict[str, Any]) -> None:
    """Write how a run ended, and remove what nobody needs any more: weights and B-scans.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    _write(folder / OUTCOME, outcome)
    for entry in folder.iterdir():
        if entry.name in _NEEDED_LATER:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a run with everything in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _folders(within: Path) -> Iterator[Path]:
    try:
        yield from (f for f in within.iterdir() if f.is_dir())
    except OSError:
        return


def _is_owned(request: RunRequest) -> bool:
    """Return whether a program is at it; of one on another computer nobody can tell here."""
    host, pid, started = request.owner
    return host != host_name() or is_running(pid, started)


def _read(folder: Path) -> RunRequest | None:
    try:
        content = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        host, pid, started = content.pop("owner")
        project = Path(content.pop("project"))
        return RunRequest(
            folder=folder, project=project, owner=(str(host), int(pid), str(started)), **content
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(path: Path, content: dict[str, Any]) -> None:
    with atomic_file(path, overwrite=True) as fresh:
        fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
