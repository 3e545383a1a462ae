"""`mirage project compare`: two graders, or a model and a grader, on one scan or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    stderr,
    stdout,
)
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.project import OverwriteFlag, ProjectPath, opened, unknown_scan
from mirage_core.cli.project_sides import MODEL, is_engine, side_of, titles
from mirage_core.cli.words import describe, sentence

if TYPE_CHECKING:
    from mirage_core.measure.comparison import Comparison
    from mirage_core.measure.thickness_agreement import ThicknessAgreement
    from mirage_core.project import Project, ScanRecord, WorklistRow


def compare(
    project: ProjectPath,
    graders: Annotated[
        tuple[str, str],
        typer.Option(
            help="The two; a consensus goes by its name. `model` is what a model drew in the "
            "other's work before it was corrected; a folder is a result of `mirage segment`."
        ),
    ],
    scan: Annotated[
        list[str] | None,
        typer.Option(
            help="Pseudonym or id of the scan; repeat for more. Default: all that both worked on."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV to write, a row per figure.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Bland-Altman plots of thickness to write: .pdf, .png or .svg."),
    ] = None,
    b_scans: Annotated[
        str,
        typer.Option(
            help="B-scans of one scan to compare, counted from 1, like 1-8,12; default: all that "
            "both worked on."
        ),
    ] = "",
    overwrite: OverwriteFlag = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Compare two graders, or a model and a grader: surfaces, layers, thickness, fluid."""
    with failures(as_json, debug):
        if plot is not None:
            _must_be_drawable(plot, overwrite=overwrite)
        damage: list[str] = []
        with opened(project) as study:
            rows = _rows(study, scan or [], graders)
            if b_scans.strip() and len(rows) > 1:
                raise CommandError(
                    "--b-scans is for one scan.", "Name it with --scan, or leave --b-scans out."
                )
            done = _compared(study, rows, graders, b_scans, damage.append, quiet=as_json)
        for words in dict.fromkeys(damage):
            stderr().print(f"[yellow]Note:[/] {escape(words)}")
        names = titles(graders)
        between = _between(done)
        if out is not None:
            from mirage_core.project.tables import write_agreements

            write_agreements(out, names, done, between, overwrite=overwrite)
        if plot is not None:
            _write_plot(plot, names, done, between, overwrite=overwrite)
        _say(names, done, between, [p for p in (out, plot) if p is not None], as_json=as_json)


_Done = list[tuple["ScanRecord", "Comparison"]]


def _rows(project: Project, keys: list[str], graders: tuple[str, str]) -> list[WorklistRow]:
    """Return the scans that `keys` name; without any all that both worked on."""
    every = project.worklist()
    names = {a.annotator for row in every for a in row.annotations}
    engines = [g for g in graders if g not in names and is_engine(g)]
    if len(engines) == len(graders):
        raise CommandError("Neither of the two is a grader.", "Name one grader.")
    if len(keys) != 1 and any(name != MODEL for name in engines):
        raise CommandError(
            "A result is of one scan, and it does not say of which.",
            "Name its scan with --scan, once.",
        )
    if not keys:
        people = [g for g in graders if not is_engine(g)]
        found = [r for r in every if {a.annotator for a in r.annotations}.issuperset(people)]
        if not found:
            raise CommandError(
                f"There is no scan that both {graders[0]} and {graders[1]} worked on.",
                "mirage project graders shows who has worked on this project.",
            )
        return found
    rows: list[WorklistRow] = []
    for key in keys:
        meant = [row for row in every if key in (row.scan.id, row.scan.pseudonym)]
        if not meant:
            raise unknown_scan(project, key)
        if len(meant) > 1:
            ids = ", ".join(row.scan.id for row in meant)
            raise CommandError(
                f"{key} has {len(meant)} scans in this project.", f"Give an id: {ids}."
            )
        rows += meant
    return list({row.scan.id: row for row in rows}.values())


def _compared(
    project: Project,
    rows: Sequence[WorklistRow],
    graders: tuple[str, str],
    b_scans: str,
    note: Callable[[str], None],
    *,
    quiet: bool,
) -> _Done:
    done: _Done = []
    failed: Exception | None = None
    with progress_bar("Comparing", len(rows), quiet=quiet) as advance:
        for i, row in enumerate(rows):
            try:
                found = _of_scan(project, row, graders, b_scans, note, _part_of(advance, i))
            except Exception as error:
                described = describe(error)
                if described is None or len(rows) == 1:
                    raise
                # One scan that cannot be read does not keep the others from being compared.
                note(f"{row.scan.pseudonym} ({row.scan.id}) is left out: {sentence(described)}")
                failed = error
                continue
            if found.b_scans:
                done.append((row.scan, found))
            elif len(rows) > 1:
                names = " and ".join(titles(graders))
                note(f"{row.scan.pseudonym}: no B-scan that both {names} worked on.")
    if not done and failed is not None:
        raise failed
    if not done:
        names = " and ".join(titles(graders))
        raise CommandError(
            f"There is no B-scan that both {names} worked on.",
            "Choose B-scans with --b-scans, or other graders.",
        )
    return done


def _of_scan(
    project: Project,
    row: WorklistRow,
    graders: tuple[str, str],
    b_scans: str,
    note: Callable[[str], None],
    report: Callable[[float], None],
) -> Comparison:
    """Compare the two on one scan."""
    from mirage_core.annotate.engine_answer import by_hand
    from mirage_core.measure.comparison import compare as measured

    sides = [side_of(project, row, *pair, note) for pair in (graders, graders[::-1])]
    if sides[0].annotation_id and sides[0].annotation_id == sides[1].annotation_id:
        raise CommandError("These are one and the same annotation.", "Name two graders.")
    wanted = _numbers(b_scans, row.scan.shape[0])
    one, other = (side.load() for side in sides)
    if sides[0].by_engine or sides[1].by_engine:
        # What a grader left as a model drew it says nothing of the grader.
        one = one if sides[0].by_engine else by_hand(one)
        other = other if sides[1].by_engine else by_hand(other)
    fovea = project.foveas.get(row.scan.id)
    found = measured(one, other, project.open_scan(row.scan), wanted, report, fovea=fovea)
    assert found is not None  # nothing cancels it
    return found


def _part_of(advance: Callable[[float], None], i: int) -> Callable[[float], None]:
    return lambda fraction: advance(i + fraction)


def _between(done: _Done) -> tuple[ThicknessAgreement, ...]:
    """Return the agreement over several scans, one figure of each."""
    if len(done) < 2:
        return ()
    from mirage_core.measure.thickness_agreement import between_eyes

    thickness = [found.thickness for _, found in done]
    return between_eyes(thickness, [record.pseudonym for record, _ in done])


def _must_be_drawable(plot: Path, *, overwrite: bool) -> None:
    """Raise unless a plot can be written there, before anything is measured."""
    from importlib.util import find_spec

    from mirage_core.io.atomic import TARGET_EXISTS_HINT, ExportError
    from mirage_core.measure.bland_altman_plot import PLOT_SUFFIXES

    if find_spec("matplotlib") is None:
        raise CommandError(
            "Plots are drawn by matplotlib, which is not installed.",
            "Install it (pip install matplotlib), or leave --plot out.",
        )
    if plot.suffix.lower() not in PLOT_SUFFIXES:
        raise CommandError(
            f"A plot cannot be written as {plot.name}.", f"End it in {', '.join(PLOT_SUFFIXES)}."
        )
    if plot.exists() and not overwrite:
        raise ExportError(plot, f"{plot} exists already.", TARGET_EXISTS_HINT)


def _write_plot(
    plot: Path,
    names: tuple[str, str],
    done: _Done,
    between: tuple[ThicknessAgreement, ...],
    *,
    overwrite: bool,
) -> None:
    from mirage_core.io.atomic import atomic_file
    from mirage_core.measure.bland_altman_plot import write_plot

    layers = between if len(done) > 1 else done[0][1].thickness
    if not layers:
        why = done[0][1].why_no_thickness if len(done) == 1 else ""
        raise CommandError(
            "There is no thickness to plot.",
            why or "No central subfield is known to both; compare scans one by one.",
        )
    heading = f"{len(done)} scans" if len(done) > 1 else done[0][0].pseudonym
    with atomic_file(plot, overwrite=overwrite) as fresh, fresh.open("wb") as file:
        write_plot(file, plot.suffix, layers, names, heading)


def _say(
    names: tuple[str, str],
    done: _Done,
    between: tuple[ThicknessAgreement, ...],
    files: Sequence[Path],
    *,
    as_json: bool,
) -> None:
    from mirage_core.cli.project_words import (
        agreement_tables,
        comparison_fields,
        figure_fields,
        thickness_table,
    )
    from mirage_core.measure.figures import of_thickness, unit_words

    if as_json:
        fields: list[dict[str, Any]] = [comparison_fields(r, names, found) for r, found in done]
        listed = figure_fields(f for layer in between for f in of_thickness(layer))
        print_json(fields[0] if len(done) == 1 else {"scans": fields, "between_scans": listed})
        return
    for record, found in done:
        if len(done) > 1:
            stdout().print(escape(f"{record.pseudonym} ({record.id})"))
        for table in agreement_tables(names, found):
            stdout().print(table)
    if between:
        stdout().print(f"All {len(done)} scans")
        stdout().print(thickness_table(between))
        stdout().print(unit_words(between[0]))
    for path in files:
        stdout().print(escape(str(path)))


def _numbers(text: str, n: int) -> list[int] | None:
    """Return the B-scans, counted from 0, of ``"1-8,12"``, counted from 1; None for no text."""
    if not text.strip():
        return None
    wanted: set[int] = set()
    for span in text.split(","):
        first, _, last = span.strip().partition("-")
        if not (first.isdigit() and (not last or last.isdigit())):
            raise CommandError(f"{text!r} are no B-scans.", "Write them like 1-8,12.")
        wanted.update(range(int(first) - 1, int(last or first)))
    if not wanted or not 0 <= min(wanted) <= max(wanted) < n:
        raise CommandError(f"The scan has B-scans 1 to {n}; {text} are not all among them.")
    return sorted(wanted)
