"""The graph engine: ordered surfaces and dark pockets without any weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.engines.base import (
    Cancelled,
    EngineCancelledError,
    EngineInfo,
    EngineInput,
    Prediction,
    Report,
)
from mirage_core.engines.graph.assemble import Assembled, assemble
from mirage_core.engines.graph.chain import boundary_costs, joint_search
from mirage_core.engines.graph.flatten import Flat, flatten
from mirage_core.engines.graph.layers import CHAIN, SURFACE_NAMES
from mirage_core.engines.graph.locate import locate
from mirage_core.engines.graph.prepare import Prepared, prepare
from mirage_core.engines.graph.prior import expected_heights, neighbourhoods, pull
from mirage_core.engines.graph.scale import Scale, working_scale
from mirage_core.engines.graph.wrap import unwrap, wrap_margin
from mirage_core.scan import FLUID_SCHEME, Masks, ScanPattern, Surfaces

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

# Part of every edit's record: raise it with any change that changes results.
_VERSION = "1"
_CHUNK_BYTES = 24_000_000  # of one float32 copy of a chunk; a handful of copies live at once
_FIRST_PASS_SHARE = 0.4  # of the time, for the progress bar


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Neighbouring B-scans searched together: their rows, straightened, and first curves.

    ``prepared`` is kept only where it is the only chunk; else it is made again when needed,
    so that memory does not grow with the volume.
    """

    rows: range
    flat: Flat
    curves: F32
    prepared: Prepared | None


class GraphEngine:
    """Segments by minimum-cost search on reflectivity, after Chiu (2010) and Garvin (2009).

    Every B-scan is searched on its own first; the heights that neighbouring B-scans agree on
    then enter a second search as a soft expectation. Where each surface runs is told in
    ``docs/conventions.md``. Instances hold no state and are picklable.
    """

    def describe(self) -> EngineInfo:
        """Return what this engine is and can do."""
        return EngineInfo(
            name="graph",
            version=_VERSION,
            title="Graph search (no weights)",
            surfaces=SURFACE_NAMES,
            mask_classes=("IRF", "SRF", "PED"),
            sha256=hashlib.sha256(f"graph {_VERSION}".encode()).hexdigest(),
        )

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
            If `cancelled` answered True between two chunks.
        ValueError
            If the B-scans are not uint8 ``[n, z, x]`` or a wanted row does not exist.
        """
        b_scans, wanted = source.b_scans, source.wanted
        _check(b_scans, wanted)
        scale = working_scale(source.spacing, b_scans.shape[2])
        margin = wrap_margin(b_scans, source.pattern)
        by_disc = source.pattern is ScanPattern.CIRCLE
        if margin:
            b_scans = np.concatenate(
                [b_scans[:, :, -margin:], b_scans, b_scans[:, :, :margin]], axis=2
            )
        near = neighbourhoods(source, scale)
        rows = sorted({r for w in wanted for r in near[w]})
        chunks: list[_Chunk] = []
        spans = list(_spans(rows, b_scans.shape))
        for i, span in enumerate(spans):
            _stop_if(cancelled)
            chunks.append(_first_search(span, b_scans, scale, by_disc, keep=len(spans) == 1))
            report(_FIRST_PASS_SHARE * (i + 1) / len(spans))
        expected = _expected(chunks, near)
        result = Assembled.empty(len(wanted), b_scans.shape[1], b_scans.shape[2])
        places: dict[int, list[int]] = {}
        for place, row in enumerate(wanted):
            places.setdefault(row, []).append(place)
        for i, chunk in enumerate(chunks):
            _stop_if(cancelled)
            if any(r in places for r in chunk.rows):
                done = _second_search(chunk, expected[i], b_scans, scale)
                for k, row in enumerate(chunk.rows):
                    for place in places.get(row, ()):
                        result.put(place, done, k)
            report(_FIRST_PASS_SHARE + (1 - _FIRST_PASS_SHARE) * (i + 1) / len(chunks))
        _stop_if(cancelled)
        return Prediction(
            surfaces=Surfaces(unwrap(result.curves, margin), SURFACE_NAMES),
            confidence=unwrap(result.confidence, margin),
            masks=Masks(unwrap(result.masks, margin), FLUID_SCHEME),
            engine=self.describe(),
        )


def _check(b_scans: U8, wanted: tuple[int, ...]) -> None:
    if b_scans.ndim != 3 or b_scans.dtype != np.uint8:
        raise ValueError(f"B-scans must be uint8 [n, z, x]; got {b_scans.dtype} {b_scans.shape}")
    outside = [w for w in wanted if not 0 <= w < len(b_scans)]
    if outside:
        raise ValueError(f"wanted rows {outside} are not among the {len(b_scans)} B-scans given")


def _stop_if(cancelled: Cancelled) -> None:
    if cancelled():
        raise EngineCancelledError("segmentation was cancelled")


def _spans(rows: list[int], shape: tuple[int, ...]) -> Iterator[range]:
    """Yield runs of consecutive rows, each small enough for the memory set aside."""
    most = max(1, _CHUNK_BYTES // (shape[1] * shape[2] * 4))
    start = 0
    for i in range(1, len(rows) + 1):
        ends = i == len(rows) or rows[i] != rows[i - 1] + 1 or i - start == most
        if ends:
            yield range(rows[start], rows[i - 1] + 1)
            start = i


def _prepared(rows: range, b_scans: U8) -> Prepared:
    return prepare(b_scans[rows.start : rows.stop])


def _first_search(rows: range, b_scans: U8, scale: Scale, by_disc: bool, keep: bool) -> _Chunk:
    """Locate, straighten and search a chunk on its own."""
    prepared = _prepared(rows, b_scans)
    flat = flatten(prepared.grey, locate(prepared.grey, scale), scale, by_disc)
    curves = joint_search(boundary_costs(flat, scale), flat, scale)
    return _Chunk(rows, flat, curves, prepared if keep else None)


def _expected(chunks: list[_Chunk], near: list[range]) -> list[F32 | None]:
    """Return per chunk the heights over BM, ``[s, b, X]`` px, that the neighbours agree on."""
    out: list[F32 | None] = [None] * len(chunks)
    start = 0
    for i in range(1, len(chunks) + 1):
        # Neighbours are only those without a gap between them.
        if i == len(chunks) or chunks[i].rows.start != chunks[i - 1].rows.stop:
            run = chunks[start:i]
            first, last = run[0].rows.start, run[-1].rows.stop
            places = [
                range(max(near[r].start, first) - first, min(near[r].stop, last) - first)
                for r in range(first, last)
            ]
            if any(len(p) > 1 for p in places):
                heights = np.concatenate([c.curves[-1:] - c.curves for c in run], axis=1)
                agreed = expected_heights(heights, places)
                cuts = np.cumsum([len(c.rows) for c in run])[:-1]
                out[start:i] = np.split(agreed, cuts, axis=1)
            start = i
    return out


def _second_search(chunk: _Chunk, expected: F32 | None, b_scans: U8, scale: Scale) -> Assembled:
    """Search a chunk again with what its neighbours expect, then refine and assemble."""
    curves = chunk.curves
    if expected is not None:
        costs = boundary_costs(chunk.flat, scale)
        for k in range(len(CHAIN) - 1):
            costs[k] = pull(costs[k], curves[-1] - expected[k], scale)
        curves = joint_search(costs, chunk.flat, scale)
    prepared = chunk.prepared or _prepared(chunk.rows, b_scans)
    return assemble(prepared, chunk.flat, curves, scale)
