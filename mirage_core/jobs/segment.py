"""The segmentation task: what a worker does when an engine is run on a scan."""

from __future__ import annotations

from mirage_core.annotate import Proposal
from mirage_core.engines import make_engine
from mirage_core.engines.base import Cancelled, EngineOptions, Report
from mirage_core.engines.propose import as_proposal, engine_input
from mirage_core.scan import Scan

CONTEXT_B_SCANS = 2
"""Neighbours an engine is given on either side when only some B-scans are wanted."""


def segment_scan(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> Proposal:
    """Run an engine on B-scans of `scan` and return its proposal.

    Parameters
    ----------
    scan : Scan
        Picklable; files are opened anew in the worker.
    engine_name : str
        Name in the registry of engines.
    b_scans : tuple of int, optional
        Wanted B-scans; all by default.
    options : EngineOptions, optional
        Mode, device, batch size; engines without weights ignore them.
    report, cancelled
        See :mod:`mirage_core.engines.base`.

    Returns
    -------
    Proposal
        With the remarks of the run (fewer at a time than asked, another device).
    """
    source, wanted = engine_input(scan, b_scans, CONTEXT_B_SCANS)
    prediction = make_engine(engine_name, options).segment(source, report, cancelled)
    return as_proposal(prediction, wanted)
