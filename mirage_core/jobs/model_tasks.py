"""What a model can do with a scan beside segmenting it, as tasks for a worker."""

from __future__ import annotations

from mirage_core.engines import engine_names, make_engine
from mirage_core.engines.base import (
    Attribution,
    Cancelled,
    Classification,
    Classifier,
    Embedder,
    Embedding,
    Engine,
    EngineOptions,
    Explainer,
    Reconstruction,
    Reconstructor,
    Report,
)
from mirage_core.engines.errors import TaskMissingError
from mirage_core.engines.propose import engine_input
from mirage_core.scan import Scan

_WHAT = {
    "reconstruct": "cannot imagine one kind of image from another",
    "classify": "names no classes",
    "embed": "gives no features",
}


def reconstruct_scan(
    scan: Scan,
    engine_name: str,
    domain: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    given: tuple[str, ...] | None = None,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> Reconstruction:
    """Imagine `domain` for B-scans of `scan`.

    Parameters
    ----------
    scan, engine_name, b_scans, options, report, cancelled
        See :func:`mirage_core.jobs.segment_scan`.
    domain : str
        ``bscan``, ``slo`` or ``bscanlayermap``.
    given : tuple of str, optional
        What to work it out from; all other domains there are by default.

    Returns
    -------
    Reconstruction
        Its ``n`` axis is the wanted B-scans, ascending.

    Raises
    ------
    TaskMissingError
        If the engine does not reconstruct.
    """
    engine = _engine_for("reconstruct", engine_name, options)
    assert isinstance(engine, Reconstructor)
    source, _ = engine_input(scan, b_scans)
    return engine.reconstruct(source, domain, given, report, cancelled)


def classify_scan(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> Classification:
    """Return class probabilities of B-scans of `scan`, ascending.

    Parameters are those of :func:`mirage_core.jobs.segment_scan`.

    Raises
    ------
    TaskMissingError
        If the engine does not classify.
    """
    engine = _engine_for("classify", engine_name, options)
    assert isinstance(engine, Classifier)
    source, _ = engine_input(scan, b_scans)
    return engine.classify(source, report, cancelled)


def explain_scan(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    label: str | None = None,
    method: str = "gradient",
    options: EngineOptions | None = None,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> Attribution:
    """Return where a classifier sees evidence of a class on B-scans of `scan`, ascending.

    Parameters
    ----------
    scan, engine_name, b_scans, options, report, cancelled
        See :func:`mirage_core.jobs.segment_scan`.
    label : str, optional
        Name of the class; by default the one that is most likely on these B-scans.
    method : str
        ``gradient`` or ``rollout``.

    Raises
    ------
    TaskMissingError
        If the engine does not classify, or cannot tell where it looks.
    InputError
        If it tells no such class.
    """
    engine = _engine_for("classify", engine_name, options)
    if not isinstance(engine, Explainer):
        raise TaskMissingError(f"{engine.describe().title} does not tell where it looks.")
    source, _ = engine_input(scan, b_scans)
    return engine.explain(source, label, method, report, cancelled)


def embed_scan(
    scan: Scan,
    engine_name: str,
    b_scans: tuple[int, ...] | None = None,
    options: EngineOptions | None = None,
    report: Report = lambda _fraction: None,
    cancelled: Cancelled = lambda: False,
) -> Embedding:
    """Return features of B-scans of `scan`, ascending.

    Parameters are those of :func:`mirage_core.jobs.segment_scan`.

    Raises
    ------
    TaskMissingError
        If the engine gives no features.
    """
    engine = _engine_for("embed", engine_name, options)
    assert isinstance(engine, Embedder)
    source, _ = engine_input(scan, b_scans)
    return engine.embed(source, report, cancelled)


def _engine_for(task: str, name: str, options: EngineOptions | None) -> Engine:
    engine = make_engine(name, options)
    info = engine.describe()
    if task not in info.tasks:
        able = engine_names(task)
        hint = f"Use one of: {', '.join(able)}." if able else "Add a model that does."
        raise TaskMissingError(f"{info.title} {_WHAT[task]}.", hint)
    return engine
