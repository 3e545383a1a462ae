"""`mirage features`, `classify`, `imagine`: what a model does with a scan beside segmenting it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.engine_choice import check_engine
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.engines import Classification, EngineInfo, RunInfo
    from mirage_core.engines.base import Report
    from mirage_core.scan import Scan

_DOMAINS = {"bscan": "B-scan", "slo": "SLO", "bscanlayermap": "layer map"}

ScanPath = Annotated[Path, typer.Argument(help="A scan file, or a folder of B-scan images.")]
ModelOption = Annotated[str, typer.Option(help="Model that does it (mirage models list).")]
DeviceOption = Annotated[str, typer.Option(help="auto, cuda, cuda:1, mps or cpu.")]
OverwriteFlag = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


def features(
    path: ScanPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="The .npz file to write.")],
    model: ModelOption,
    device: DeviceOption = "auto",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write a model's features of every B-scan: tokens and their means."""
    with failures(as_json, debug):
        import numpy as np

        from mirage_core.io.atomic import atomic_file
        from mirage_core.jobs.model_tasks import embed_scan

        out = out if out.suffix == ".npz" else out.with_name(f"{out.name}.npz")
        # The place is opened before the work, so that one may not write there is found at once.
        with atomic_file(out, overwrite=overwrite) as fresh:
            found = _run(path, model, device, "embed", embed_scan, quiet=as_json)
            with fresh.open("wb") as file:
                np.savez(
                    file,
                    tokens=found.tokens,
                    grid=np.array(found.grid),
                    pooled=found.pooled,
                    model=found.engine.name,
                    model_sha256=found.engine.sha256,
                )
        n, _, width = found.tokens.shape
        if as_json:
            fields = {"features": str(out), "b_scans": n, "grid": list(found.grid), "width": width}
            print_json({**fields, **_how(found.engine, found.run)})
        else:
            grid = f"{found.grid[0]} × {found.grid[1]}"
            stdout().print(escape(f"{out}: {n} B-scans, {grid} tokens of {width}"))


def classify(
    path: ScanPath,
    model: ModelOption,
    device: DeviceOption = "auto",
    attribution: Annotated[
        Path | None,
        typer.Option(help="A .npz file to write: where each B-scan shows the class."),
    ] = None,
    label: Annotated[
        str, typer.Option("--class", help="Class of --attribution; else the most likely.")
    ] = "",
    method: Annotated[
        str, typer.Option(help="Of --attribution: gradient or rollout.")
    ] = "gradient",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Show a model's class probabilities of every B-scan. Research use only."""
    with failures(as_json, debug):
        from mirage_core.jobs.model_tasks import classify_scan

        found = _run(path, model, device, "classify", classify_scan, quiet=as_json)
        if attribution is not None:
            _attribute(path, model, device, attribution, label, method, overwrite, quiet=as_json)
        if as_json:
            print_json({**_told(found), **_how(found.engine, found.run)})
            return
        table = Table("B-scan", *(escape(label) for label in found.labels), box=None)
        for b, row in enumerate(found.probabilities):
            table.add_row(str(b + 1), *(f"{p:.3f}" for p in row))
        if found.volume is not None:
            table.add_row("volume", *(f"{p:.3f}" for p in found.volume))
        stdout().print(table)


def _told(found: Classification) -> dict[str, Any]:
    def rounded(values: Any) -> list[float]:
        return [round(float(p), 6) for p in values]

    fields: dict[str, Any] = {
        "labels": list(found.labels),
        "multi_label": found.multi_label,
        "probabilities": [rounded(row) for row in found.probabilities],
    }
    if found.volume is not None and found.weights is not None:
        fields |= {"volume": rounded(found.volume), "weights": rounded(found.weights)}
    return fields


def _attribute(
    path: Path,
    model: str,
    device: str,
    out: Path,
    label: str,
    method: str,
    overwrite: bool,
    *,
    quiet: bool,
) -> None:
    """Write where each B-scan shows a class: ``heat`` float32 ``[b, z, x]``, 0..1."""
    import numpy as np

    from mirage_core.io.atomic import atomic_file
    from mirage_core.jobs.model_tasks import explain_scan

    def work(scan: Scan, engine: str, **more: Any) -> Any:
        return explain_scan(scan, engine, None, label or None, method, **more)

    out = out if out.suffix == ".npz" else out.with_name(f"{out.name}.npz")
    with atomic_file(out, overwrite=overwrite) as fresh:
        found = _run(path, model, device, "classify", work, quiet=quiet)
        with fresh.open("wb") as file:
            np.savez_compressed(
                file,
                heat=found.heat,
                label=found.label,
                method=found.method,
                model=found.engine.name,
                model_sha256=found.engine.sha256,
            )


def imagine(
    path: ScanPath,
    domain: Annotated[str, typer.Argument(help="bscan, slo or bscanlayermap.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder that gets an image a B-scan.")],
    model: ModelOption,
    device: DeviceOption = "auto",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Write what a model imagines of one kind of image from the others; never to be measured."""
    with failures(as_json, debug):
        if domain not in _DOMAINS:
            raise CommandError(f"There is no {domain!r}.", f"There are: {', '.join(_DOMAINS)}.")
        from PIL import Image

        from mirage_core.io.atomic import atomic_folder
        from mirage_core.jobs.model_tasks import reconstruct_scan

        with atomic_folder(out, overwrite=overwrite, marker="imagined.txt") as folder:

            def work(scan: Scan, engine: str, **more: Any) -> Any:
                return reconstruct_scan(scan, engine, domain, **more)

            found = _run(path, model, device, "reconstruct", work, quiet=as_json)
            for b, image in enumerate(found.images):
                Image.fromarray(image).save(folder / f"imagined_{domain}_{b + 1:04d}.png")
            given = " and ".join(_DOMAINS[d] for d in found.given)
            (folder / "imagined.txt").write_text(
                f"Images of the {_DOMAINS[domain]} imagined from {given} by {found.engine.title} "
                f"(weights {found.engine.sha256}). Not a recording, not to be measured.\n",
                encoding="utf-8",
            )
        if as_json:
            fields = {"images": str(out), "n": len(found.images), "given": list(found.given)}
            print_json({**fields, **_how(found.engine, found.run)})
        else:
            stdout().print(escape(f"{out}: {len(found.images)} images"))


def _run(
    path: Path,
    model: str,
    device: str,
    task: str,
    work: Callable[..., Any],
    *,
    quiet: bool,
) -> Any:
    """Do `work` with the model on the one scan at `path`; say the remarks of the run."""
    from mirage_core.cli.inputs import scans_in
    from mirage_core.engines import EngineOptions
    from mirage_core.io import open_scan

    sources = scans_in(path)
    if len(sources) > 1:
        raise CommandError(f"{path} holds {len(sources)} scans.", "Name one of them.")
    check_engine(model, task, "model")
    options = EngineOptions(device=device)
    with progress_bar(path.name, 1.0, quiet=quiet) as advance:
        report: Report = advance
        found = work(open_scan(sources[0]), model, options=options, report=report)
    for remark in found.run.remarks:
        stderr().print(f"[yellow]Note:[/] {escape(remark)}")
    return found


def _how(engine: EngineInfo, run: RunInfo) -> dict[str, Any]:
    return {
        "engine": {"name": engine.name, "title": engine.title, "sha256": engine.sha256},
        "device": run.device,
        "remarks": list(run.remarks),
    }
