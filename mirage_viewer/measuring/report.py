"""Writing the report and the table of figures, in the background. No Qt.

matplotlib is loaded when a report is written, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.annotate import Edit
from mirage_core.measure.fovea import Fovea
from mirage_viewer.background import Background
from mirage_viewer.measuring.seen import sought_by
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.tables import ScanFigures
    from mirage_core.scan import Scan

TOPIC = "report"


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What a report is to say besides the figures.

    Attributes
    ----------
    path : Path
        Ends in .html for HTML; else it is a PDF.
    name : str
        Of the scan.
    grader : str
    patient : str
        As typed in; empty: nothing of the patient is on the page.
    """

    path: Path
    name: str
    grader: str = ""
    patient: str = ""


class ReportRun:
    """One report or table at a time.

    Parameters
    ----------
    background : Background
    stored : callable
        Returns where a person put the fovea of a scan, None if nobody did; from any thread.
    engines : callable
        Returns the engines there are, for what they look for.

    Signals
    -------
    progressed(object)
        Fraction 0..1 as float while one is written, None when it ended.
    said(Message)
    file_wanted(Path)
        The user wants to see a file.
    """

    progressed: ClassVar[Signal] = Signal(object)
    said: ClassVar[Signal] = Signal(Message)
    file_wanted: ClassVar[Signal] = Signal(Path)

    def __init__(
        self,
        background: Background,
        stored: Callable[[OpenScan], Fovea | None],
        engines: Callable[[], Sequence[EngineInfo]] = lambda: (),
    ) -> None:
        self._background = background
        self._stored, self._engines = stored, engines
        self.running = False

    def write_report(self, opened: OpenScan, fovea: Fovea | None, wish: ReportWish) -> None:
        """Write the report of `opened` as it is now; ignored while something is written.

        Without a `fovea` it is about the one that is stored, else the one that is found.
        """
        scan, engines = opened.scan, self._engines()

        def work(tell: Callable[[float], None]) -> None:
            from mirage_core.cli.measure_files import write_report

            annotation, edits = opened.session.moment()
            figures = _figures(scan, annotation, edits, fovea or self._stored(opened), engines)
            tell(0.2)
            import matplotlib.figure  # noqa: F401 - seconds at the first time

            from mirage_core.measure.report import Heading

            tell(0.5)
            heading = Heading(wish.name, wish.grader, _model(edits), wish.patient.strip())
            write_report(wish.path, scan, annotation, figures, heading, overwrite=True)

        self._start(work, wish.path, "report")

    def write_table(self, opened: OpenScan, fovea: Fovea | None, path: Path, grader: str) -> None:
        """Write all figures of `opened` as CSV; ignored while something is written.

        Without a `fovea` they are about the one that is stored, else the one that is found.
        """
        scan, name, engines = opened.scan, opened.name, self._engines()

        def work(tell: Callable[[float], None]) -> None:
            from mirage_core.cli.measure_files import HEADER, figure_rows
            from mirage_core.io.csv_table import write_csv

            annotation, edits = opened.session.moment()
            figures = _figures(scan, annotation, edits, fovea or self._stored(opened), engines)
            tell(0.5)
            write_csv(path, HEADER, figure_rows(name, grader, figures), overwrite=True)

        self._start(work, path, "table of figures")

    def _start(
        self, work: Callable[[Callable[[float], None]], None], path: Path, what: str
    ) -> None:
        if self.running:
            return
        self.running = True
        self.progressed.emit(0.0)

        def tell(fraction: float) -> None:
            self._background.post(lambda: self._tell(fraction))

        def done(_nothing: None) -> None:
            self._finish()
            self.said.emit(
                Message(
                    f"The {what} is written to {path.name}.",
                    topic=TOPIC,
                    action="Open",
                    do=lambda: self.file_wanted.emit(path),
                )
            )

        self._background.run(lambda: work(tell), done, self._failed)

    def _tell(self, fraction: float) -> None:
        if self.running:
            self.progressed.emit(fraction)

    def _failed(self, error: Exception) -> None:
        self._finish()
        if isinstance(error, ImportError):
            message: Message | None = Message(
                "Reports are drawn by matplotlib, which is not installed.",
                "Install it (pip install matplotlib) and save the report again.",
                Level.ERROR,
                TOPIC,
            )
        else:
            message = from_error(error, TOPIC)
        if message is None:
            raise error
        self.said.emit(message)

    def _finish(self) -> None:
        self.running = False
        self.progressed.emit(None)


def _figures(
    scan: Scan,
    annotation: Annotation,
    edits: Sequence[Edit],
    fovea: Fovea | None,
    engines: Sequence[EngineInfo],
) -> ScanFigures:
    from mirage_core.measure.tables import measure_scan

    sought = sought_by(edits, scan.n_b_scans, engines)
    return measure_scan(scan, annotation, fovea, looked_for=sought)


def _model(edits: Sequence[Edit]) -> str:
    """Return what predicted it last, with the beginning of its SHA-256."""
    for edit in reversed(edits):
        if edit.model_sha256:
            return f"{edit.tool} ({edit.model_sha256[:8]})"
    return ""
