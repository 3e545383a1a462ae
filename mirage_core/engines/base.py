"""What every segmentation engine is: plain, picklable, no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Laterality, Masks, ScanPattern, Spacing, Surfaces

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

Report = Callable[[float], None]
"""Called with the fraction done, 0..1."""
Cancelled = Callable[[], bool]
"""Asked between pieces of work; True means stop and raise :class:`EngineCancelledError`."""


class EngineCancelledError(Exception):
    """The run was cancelled; nothing of it is to be used."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is and can do.

    ``sha256`` identifies what decides its output: the weights of a model, else the version.
    """

    name: str
    version: str
    title: str
    surfaces: tuple[str, ...]
    mask_classes: tuple[str, ...]
    needs_weights: bool = False
    uses_slo: bool = False
    sha256: str = ""


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
    """

    b_scans: U8
    wanted: tuple[int, ...]
    spacing: Spacing = field(default_factory=Spacing)
    slo: U8 | None = None
    laterality: Laterality = Laterality.UNKNOWN
    pattern: ScanPattern = ScanPattern.UNKNOWN
    gaps_mm: tuple[float, ...] | None = None


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
    probabilities : float32 array ``[c, n, z, x]`` or None
        Per-class probabilities where an engine has them.
    engine : EngineInfo
    """

    surfaces: Surfaces
    confidence: F32
    masks: Masks
    engine: EngineInfo
    probabilities: F32 | None = None


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
