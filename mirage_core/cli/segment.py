"""`mirage segment`: layers and fluid of one scan or of a folder of scans."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    EXIT_FAILED,
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.engine_choice import check_engine
from mirage_core.cli.inputs import ClusterOption, SpacingOption
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.words import counted, describe, sentence

if TYPE_CHECKING:
    from mirage_core.cli.segment_task import SegmentTask
    from mirage_core.engines import EngineOptions

_MAX_DEFAULT_WORKERS = 4


def segment(
    path: Annotated[Path, typer.Argument(help="A scan file, or a folder of images or of scans.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder that gets a result folder per scan.")
    ],
    engine: Annotated[
        str,
        typer.Option(
            help="Engine that segments: starter, graph, or a model (mirage models list).",
            show_default="starter",
        ),
    ] = "",
    mode: Annotated[
        str, typer.Option(help="How a model computes: exact, or fast and nearly the same.")
    ] = "exact",
    device: Annotated[
        str, typer.Option(help="Where a model runs: auto, cuda, cuda:1, mps or cpu.")
    ] = "auto",
    batch_size: Annotated[
        int, typer.Option(min=0, help="B-scans a model takes at a time; 0 chooses by memory.")
    ] = 0,
    spacing: SpacingOption = "",
    workers: Annotated[
        int,
        typer.Option(min=0, help="Scans segmented at the same time; 0 chooses by the cores."),
    ] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of other scans of that name.")
    ] = False,
    cluster: ClusterOption = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Segment layers and fluid, and write OUT/<name>/{surfaces.npz,masks.npz,result.json}."""
    with failures(as_json, debug):
        # Checked before anything slow, and reading options before the readers are loaded.
        from mirage_core.cli.inputs import read_options, result_names, scans_in
        from mirage_core.engines import default_engine

        options = read_options(spacing)
        run = _run_options(mode, device, batch_size)
        engine = engine or default_engine()
        check_engine(engine, "segment")
        sources = scans_in(path)
        from mirage_core.cli.segment_task import SegmentTask

        if cluster:  # whose nodes work in other folders
            sources, out = [source.absolute() for source in sources], out.absolute()
        tasks = [
            SegmentTask(source, out / name, engine, options, overwrite, run)
            for source, name in zip(sources, result_names(sources, path), strict=True)
        ]
        results, errors = _run(tasks, workers, cluster, quiet=as_json)
        if as_json:
            _print_json(results, errors, single=len(tasks) == 1)
        if errors and len(tasks) == 1:
            stderr().print(f"[bold red]Error:[/] {escape(sentence(errors[0]))}")
        elif errors:
            stderr().print(f"{len(errors)} of {len(tasks)} scans could not be segmented:")
            for described in errors:
                stderr().print(f"  [red]{escape(sentence(described))}[/]")
        if errors:
            raise typer.Exit(EXIT_FAILED)


def _run_options(mode: str, device: str, batch_size: int) -> EngineOptions:
    from mirage_core.engines import EngineOptions, Mode

    if mode not in tuple(Mode):
        raise CommandError(f"There is no mode {mode!r}.", f"There are: {', '.join(Mode)}.")
    return EngineOptions(Mode(mode), device, batch_size or None)


def _run(
    tasks: list[SegmentTask], workers: int, cluster: str, *, quiet: bool
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Run all tasks; return what was written and what failed."""
    results: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    remarks: Counter[str] = Counter()

    def ended(task: SegmentTask, info: dict[str, Any] | None, error: BaseException | None) -> None:
        if error is None and info is not None:
            results.append({"path": str(task.source), "result": str(task.target), **info})
            if not quiet:
                words = _summary(task.target, info)
                (stderr() if len(tasks) > 1 else stdout()).print(escape(words))
                remarks.update(info["remarks"])
            return
        assert error is not None
        described = describe(error) or _worker_failure(error, alone=len(tasks) == 1)
        errors.append({**described, "path": str(task.source)})

    words = "Segmenting" if len(tasks) == 1 else f"Segmenting {len(tasks)} scans"
    with progress_bar(words, len(tasks), quiet=quiet) as advance:
        if len(tasks) == 1 and not cluster:
            from mirage_core.cli.segment_task import segment_file

            try:
                ended(tasks[0], segment_file(tasks[0], advance), None)
            except Exception as error:
                ended(tasks[0], None, error)
        else:
            from mirage_core.cli.batch import run_batch

            # One folder for all, made before any worker could make and remove it again.
            _make_folder(tasks[0].target.parent)
            n = workers if cluster else _worker_count(workers, len(tasks))
            run_batch(tasks, n, advance, ended, cluster)
            with contextlib.suppress(OSError):
                tasks[0].target.parent.rmdir()  # only if nothing was written
    for remark, n in remarks.items():
        where = f" ({counted(n, 'scan')})" if len(tasks) > 1 else ""
        stderr().print(f"[yellow]Note:[/] {escape(remark)}{where}")
    order = {str(task.source): i for i, task in enumerate(tasks)}
    results.sort(key=lambda r: order[r["path"]])
    errors.sort(key=lambda e: order[e["path"]])
    return results, errors


def _worker_failure(error: BaseException, *, alone: bool) -> dict[str, str]:
    """Return the words for what is no reader's or writer's error; a bug of ours is raised."""
    from mirage_core.jobs import TaskFailedError, WorkerDiedError

    if isinstance(error, WorkerDiedError):
        return {"what": str(error), "hint": ""}
    if isinstance(error, MemoryError):
        return {"what": "The memory does not suffice for this scan.", "hint": "Use --workers 1."}
    if alone:
        raise error
    name = str(error).split(":")[0] if isinstance(error, TaskFailedError) else type(error).__name__
    return {
        "what": f"Something unexpected went wrong ({name}).",
        "hint": "Run the command on this file alone with --debug and report what it shows.",
    }


def _make_folder(folder: Path) -> None:
    from mirage_core.io.atomic import explain_os_error

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error


def _worker_count(wanted: int, n_tasks: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(n_tasks, wanted or min(cores or 1, _MAX_DEFAULT_WORKERS)))


def _summary(target: Path, info: dict[str, Any]) -> str:
    seconds = info["timings"]["segment_s"]
    b_scans = counted(info["input"]["shape"][0], "B-scan")
    return f"{target}: {b_scans} segmented in {seconds:.1f} s"


def _print_json(
    results: list[dict[str, Any]], errors: list[dict[str, str]], *, single: bool
) -> None:
    if single:
        print_json({"error": errors[0]} if errors else results[0])
    else:
        print_json({"results": results, "errors": errors})
