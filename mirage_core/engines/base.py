"""What every segmentation engine is: plain, picklable, no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Laterality, Masks, Position, ScanPattern, Spacing, Surfaces

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

Report = Callable[[float], None]
"""Called with the fraction done, 0..1."""
Cancelled = Callable[[], bool]
"""Asked between pieces of work; True means stop and raise :class:`EngineCancelledError`."""


class Mode(StrEnum):
    """How a model computes: to the last bit as trained, or faster and nearly so."""

    EXACT = "exact"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine should run; one without weights ignores all of it.

    Attributes
    ----------
    mode : Mode
    device : str
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.
    batch_size : int or None
        B-scans at a time; None lets the engine choose.
    weights_budget_bytes : int
        How much a worker keeps of loaded models for its next job.
    """

    mode: Mode = Mode.EXACT
    device: str = "auto"
    batch_size: int | None = None
    weights_budget_bytes: int = 3 * 1024**3


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How a run was really done.

    Attributes
    ----------
    mode : str
        ``exact`` or ``fast``; empty for an engine that knows no modes.
    device : str
        Where it ended, e.g. ``cpu`` or ``cuda:0``.
    batch_size : int
        B-scans at a time, after any fall-back.
    remarks : tuple of str
        Sentences for the user ("The graphics card ran out of memory; ...").
    """

    mode: str = ""
    device: str = "cpu"
    batch_size: int = 1
    remarks: tuple[str, ...] = ()


class EngineCancelledError(Exception):
    """The run was cancelled; nothing of it is to be used."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is and can do.

    ``sha256`` identifies what decides its output: the weights of a model, else the version.
    ``tasks`` are of ``segment``, ``classify``, ``embed``, ``reconstruct``; ``domains`` are the
    inputs it looks at (``bscan``, ``slo``); ``modes`` those it can run in, none if there is but
    one way.
    """

    name: str
    version: str
    title: str
    surfaces: tuple[str, ...]
    mask_classes: tuple[str, ...]
    needs_weights: bool = False
    uses_slo: bool = False
    sha256: str = ""
    tasks: tuple[str, ...] = ("segment",)
    domains: tuple[str, ...] = ("bscan",)
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class EngineInput:
    """B-scans to segment, with what is known of them.

    Attributes
    ----------
    b_scans : uint8 array ``[n, z, x]``
        Consecutive B-scans, display grey.
    wanted : tuple of int
        Rows of `b_scans` to return; the others are neighbours given as context.
    spacing : Spacing
    slo : uint8 array ``[row, col]`` or None
    laterality : Laterality
    pattern : ScanPattern
        How the B-scans are laid out: the ends of a circle meet, radial B-scans cross.
    gaps_mm : tuple of float or None
        Distance from each B-scan to the next, one less than there are B-scans, ``inf`` between
        B-scans that do not run side by side; None where their places are not known. The gap of
        `spacing` is the usual one only.
    positions : tuple of Position
        Where each B-scan lies on the SLO, in SLO px; empty where not known.
    """

    b_scans: U8
    wanted: tuple[int, ...]
    spacing: Spacing = field(default_factory=Spacing)
    slo: U8 | None = None
    laterality: Laterality = Laterality.UNKNOWN
    pattern: ScanPattern = ScanPattern.UNKNOWN
    gaps_mm: tuple[float, ...] | None = None
    positions: tuple[Position, ...] = ()


@dataclass(eq=False)
class Prediction:
    """Result of an engine on the original grid.

    Attributes
    ----------
    surfaces : Surfaces
        ``[s, n, x]`` in px from the top, as ``docs/conventions.md`` tells, n = number of wanted
        B-scans; ordered, NaN where the engine found nothing (white padding, no retina).
    confidence : float32 array ``[s, n, x]``, 0..1
        1 = sure; NaN exactly where the surface is NaN.
    masks : Masks
        uint8 ``[n, z, x]``; candidates for the grader to confirm.
    presence : float32 array ``[c, n]`` or None
        How likely each of ``engine.mask_classes`` is somewhere on each B-scan, 0..1; None from
        an engine that knows no probabilities.
    probabilities : float32 array ``[c, n, z, x]`` or None
        Per-class probabilities where an engine has them.
    engine : EngineInfo
    run : RunInfo
        Device, mode, and what went differently than asked.
    """

    surfaces: Surfaces
    confidence: F32
    masks: Masks
    engine: EngineInfo
    presence: F32 | None = None
    probabilities: F32 | None = None
    run: RunInfo = field(default_factory=RunInfo)


@dataclass(eq=False)
class Embedding:
    """Features of B-scans.

    Attributes
    ----------
    tokens : float32 array ``[n, gh * gw, d]``
        Patch tokens of the B-scan, row-major over the grid; of the other inputs none.
    grid : (int, int)
        Tokens down and across.
    pooled : float32 array ``[n, 2 * d]``
        Mean of the patch tokens, then mean of the global tokens.
    engine, run
    """

    tokens: F32
    grid: tuple[int, int]
    pooled: F32
    engine: EngineInfo
    run: RunInfo = field(default_factory=RunInfo)


@dataclass(eq=False)
class Classification:
    """Class probabilities of B-scans, and of them as a volume.

    Attributes
    ----------
    probabilities : float32 array ``[n, k]``
        Of each B-scan by itself. Rows sum to 1, unless the model is `multi_label`.
    labels : tuple of str
        Names of the classes.
    engine, run
    multi_label : bool
        Each class is there or not, whatever the others.
    volume : float32 array ``[k]`` or None
        Of all wanted B-scans together; None from a model that tells B-scans alone.
    weights : float32 array ``[n]`` or None
        How much each B-scan counts in that; their sum is 1.
    """

    probabilities: F32
    labels: tuple[str, ...]
    engine: EngineInfo
    run: RunInfo = field(default_factory=RunInfo)
    multi_label: bool = False
    volume: F32 | None = None
    weights: F32 | None = None


@dataclass(eq=False)
class Attribution:
    """Where on B-scans a classifier sees evidence of a class: for looking at, not for measuring.

    Attributes
    ----------
    heat : float32 array ``[n, z, x]``
        On the B-scans' own grid, 0..1; 1 where there is most on a B-scan, 0 everywhere where
        there is none.
    label : str
    probabilities : float32 array ``[n]``
        Of the class, of each B-scan by itself.
    method : str
        ``gradient`` or ``rollout``.
    engine, run
    """

    heat: F32
    label: str
    probabilities: F32
    method: str
    engine: EngineInfo
    run: RunInfo = field(default_factory=RunInfo)


@dataclass(eq=False)
class Reconstruction:
    """What a model imagines of one domain from others: for looking at, not for measuring.

    Attributes
    ----------
    domain : str
        ``bscan``, ``slo`` or ``bscanlayermap``.
    images : uint8 array ``[n, row, col]``
        Grey on the grid of the B-scans, or of the SLO image (of the model if the scan has none);
        class numbers of a layer map on the B-scans' grid.
    given : tuple of str
        The domains it was worked out from.
    engine, run
    inside : bool array ``[n, row, col]`` or None
        Where an imagined SLO patch lies on the SLO; None: everywhere.
    """

    domain: str
    images: U8
    given: tuple[str, ...]
    engine: EngineInfo
    run: RunInfo = field(default_factory=RunInfo)
    inside: NDArray[np.bool_] | None = None


@runtime_checkable
class Engine(Protocol):
    """Segments B-scans. Instances are plain and picklable."""

    def describe(self) -> EngineInfo:
        """Return what this engine is and can do."""
        ...

    def segment(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Prediction:
        """Segment the wanted B-scans of `source`.

        Raises
        ------
        EngineCancelledError
            If `cancelled` answered True.
        """
        ...


@runtime_checkable
class Embedder(Protocol):
    """An engine whose tasks include ``embed``."""

    def embed(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Embedding:
        """Return features of the wanted B-scans of `source`."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """An engine whose tasks include ``classify``."""

    def classify(
        self,
        source: EngineInput,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Classification:
        """Return class probabilities of the wanted B-scans of `source`."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """An engine whose tasks include ``classify``, and that tells where it sees a class."""

    def explain(
        self,
        source: EngineInput,
        label: str | None = None,
        method: str = "gradient",
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Attribution:
        """Return where the wanted B-scans show `label`, the most likely class by default."""
        ...


@runtime_checkable
class Reconstructor(Protocol):
    """An engine whose tasks include ``reconstruct``."""

    def reconstruct(
        self,
        source: EngineInput,
        domain: str,
        given: tuple[str, ...] | None = None,
        report: Report = lambda _fraction: None,
        cancelled: Cancelled = lambda: False,
    ) -> Reconstruction:
        """Imagine `domain` for the wanted B-scans from `given`, all others there are by default."""
        ...
