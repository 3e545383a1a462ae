"""`mirage export`: annotations of a project, of a result folder or of a native file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stdout,
)
from mirage_core.cli.inputs import SpacingOption
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.words import counted

if TYPE_CHECKING:
    from mirage_core.io.exporting import Exporter

_SPLITS = ("train", "val", "test")


def export(
    source: Annotated[
        Path,
        typer.Argument(
            help="A project folder, a result folder of `mirage segment`, or an exported .h5."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder to write; for hdf5 and csv of one scan a file."),
    ],
    format_: Annotated[
        str, typer.Option("--format", "-f", help="mirage, hdf5, nifti, csv or png.")
    ] = "mirage",
    states: Annotated[
        str,
        typer.Option(
            help="B-scans to export, by state: unseen, vendor, predicted, edited, approved. "
            "Default: approved,edited; all that was predicted for a result folder."
        ),
    ] = "",
    scan: Annotated[
        list[str] | None,
        typer.Option(help="Id or pseudonym of a scan of the project; repeat for more."),
    ] = None,
    annotator: Annotated[
        str, typer.Option(help="Whose work; default: whoever changed the scan last.")
    ] = "",
    scan_file: Annotated[
        Path | None, typer.Option(help="The scan that a result folder was made from.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Pseudonym in file names, for a result folder or a file.")
    ] = "",
    spacing: SpacingOption = "",
    surfaces: Annotated[
        str,
        typer.Option(help="mirage: surfaces that bound layers (ILM,RPE,BM), 'all' or 'none'."),
    ] = "",
    classes: Annotated[
        str, typer.Option(help="mirage: mask classes to paint (IRF,SRF), or 'none'.")
    ] = "",
    split: Annotated[str, typer.Option(help="mirage: train, val or test.")] = "train",
    val: Annotated[
        list[str] | None, typer.Option(help="mirage: patient (pseudonym) for val; repeat.")
    ] = None,
    test: Annotated[
        list[str] | None, typer.Option(help="mirage: patient (pseudonym) for test; repeat.")
    ] = None,
    combined: Annotated[
        bool, typer.Option("--combined", help="nifti: one volume for layers and masks.")
    ] = False,
    allow_unknown_spacing: Annotated[
        bool, typer.Option("--allow-unknown-spacing", help="nifti: 1.0 mm where unknown.")
    ] = False,
    wide: Annotated[bool, typer.Option("--wide", help="csv: one row per A-scan.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier export at OUT.")
    ] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Export surfaces and masks. Nothing of the patient is in any format."""
    with failures(as_json, debug):
        from mirage_core.cli.inputs import parse_spacing
        from mirage_core.cli.sources import Choice, collect
        from mirage_core.io.exporting import export as write

        splits = _splits(split, val or [], test or [])
        choice = Choice(
            states=_states(states),
            scans=tuple(scan or ()),
            annotator=annotator,
            scan_file=scan_file,
            name=name,
            spacing_mm=parse_spacing(spacing),
            default_split=split,
            splits=splits,
        )
        exporter = _exporter(
            format_,
            {
                "surfaces": _names(surfaces),
                "classes": _names(classes),
                "combined": combined,
                "allow_unknown_spacing": allow_unknown_spacing,
                "wide": wide,
            },
        )
        with (
            collect(source, choice) as requests,
            progress_bar("Exporting", 1.0, quiet=as_json) as bar,
        ):
            done = write(exporter, requests, out, overwrite=overwrite, report=bar)
        if as_json:
            print_json(
                {
                    "format": exporter.name,
                    "target": str(done.target),
                    "b_scans": done.n_b_scans,
                    "files": [str(p) for p in done.files],
                }
            )
        else:
            files = counted(len(done.files), "file")
            b_scans = counted(done.n_b_scans, "B-scan")
            stdout().print(escape(f"{done.target}: {exporter.title}, {files} of {b_scans}"))


_OPTIONS_OF = {
    "mirage": ("surfaces", "classes"),
    "nifti": ("combined", "allow_unknown_spacing"),
    "csv": ("wide",),
}


def _exporter(name: str, given: dict[str, Any]) -> Exporter:
    """Return the exporter called `name` with its own options; others must not be set."""
    from mirage_core.io.exporting import make_exporter

    own = _OPTIONS_OF.get(name, ())
    try:
        exporter = make_exporter(name, **{k: given[k] for k in own})
    except KeyError as error:
        raise CommandError(f"There is {error.args[0]}") from None
    foreign = [k for k, v in given.items() if k not in own and v not in (None, False)]
    if foreign:
        option = "--" + foreign[0].replace("_", "-")
        raise CommandError(f"{option} is no option of the format {name}.", "Leave it out.")
    return exporter


def _names(text: str) -> tuple[str, ...] | None:
    """Return the names in a comma-separated list; None for no text, () for ``none``."""
    if not text.strip():
        return None
    if text.strip().lower() == "none":
        return ()
    if text.strip().lower() == "all":
        return ("all",)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _states(text: str) -> frozenset[Any] | None:
    """Return the states named in a comma-separated list, None for no text."""
    from mirage_core.scan import State

    if not text.strip():
        return None
    known = {s.name.lower(): s for s in State}
    wanted = [part.strip().lower() for part in text.split(",") if part.strip()]
    if "all" in wanted:
        return frozenset(State)
    wrong = [w for w in wanted if w not in known]
    if wrong:
        raise CommandError(
            f"There is no state {wrong[0]!r}.", f"Choose among {', '.join(known)}, or all."
        )
    return frozenset(known[w] for w in wanted)


def _splits(split: str, val: list[str], test: list[str]) -> dict[str, str]:
    """Return the split of each patient that does not go into the default one."""
    if split not in _SPLITS:
        raise CommandError(f"There is no split {split!r}.", f"Choose one of {', '.join(_SPLITS)}.")
    both = set(val) & set(test)
    if both:
        raise CommandError(
            f"{', '.join(sorted(both))} cannot be in val and in test.", "Name each patient once."
        )
    return dict.fromkeys(val, "val") | dict.fromkeys(test, "test")
