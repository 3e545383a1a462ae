"""How many strokes aids could take off a truth drawn by hand, if they knew what none can know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.grader_cases import Case
from mirage_core.annotate import Annotation
from mirage_core.benchmark.judging import Judge, Tolerance, Truth
from mirage_core.engines.graph.curves import filled
from mirage_core.engines.graph.refine import sample_band
from mirage_core.engines.graph.search import along_columns, shortest_paths

F32 = NDArray[np.float32]
Curves = Mapping[str, F32]

LEARNT_FROM = 12
_FAR_PX = 6.0
_BAND_PX, _LOOK_PX = 12, (12, 4)
_STEPS, _RATE, _TARGET_PX = 120, 3e-3, 0.8


@dataclass(frozen=True)
class Left:
    """What is left to be drawn, by surface: strokes per B-scan, and the share of columns wrong."""

    strokes: dict[str, float]
    wrong: dict[str, float]


class Residuals:
    """What an engine's surfaces are off by, ``[b, x]`` px, on the B-scans that carry a truth.

    Parameters
    ----------
    case : Case
        Of surfaces.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.b_scans = np.array(case.truth.b_scans())
        self.found = {
            name: case.proposal.surfaces[name][self.b_scans] for name in case.truth.surfaces
        }
        self.truth = {name: t[self.b_scans] for name, t in case.truth.surfaces.items()}
        self.off = {name: self.found[name] - t for name, t in self.truth.items()}
        picked = np.linspace(0, len(self.b_scans) - 1, LEARNT_FROM).round().astype(int)
        self.first = picked
        self.rest = np.setdiff1d(np.arange(len(self.b_scans)), picked)

    def left(
        self, curves: Curves, bridge: int, wobble: int = 1, rows: NDArray[np.intp] | None = None
    ) -> Left:
        """Return what `curves` ``[b, x]`` leave to be drawn; of the B-scans `rows` only."""
        chosen = np.arange(len(self.b_scans)) if rows is None else rows
        names = tuple(curves)
        shape = len(chosen), self.case.scan.shape[1], self.case.scan.shape[2]
        annotation = Annotation.empty(shape, names)
        annotation.surfaces.values[...] = np.stack([curves[name][chosen] for name in names])
        truth = Truth({name: self.truth[name][chosen] for name in names})
        judge = Judge(annotation, truth, Tolerance(wobble_columns=wobble), bridge)
        strokes, wrong = {}, {}
        for name in names:
            away = np.stack([judge.away(b, name) for b in range(len(chosen))])
            wrong[name] = float((away > Tolerance().surface_px).sum() / np.isfinite(away).sum())
            spans = sum(len(judge.spans(b, name)) for b in range(len(chosen)))
            strokes[name] = spans / len(chosen)
        return Left(strokes, wrong)

    def without(self, taken: Curves) -> Curves:
        """Return the engine's surfaces with something taken off."""
        return {name: curve - np.nan_to_num(taken[name]) for name, curve in self.found.items()}

    def whole(self) -> Curves:
        """Return the surfaces to the nearest px; an error of 2.4 px then counts as one of 2."""
        return {name: np.rint(curve) for name, curve in self.found.items()}

    def own_offset(self) -> Curves:
        """Return the surfaces moved as a whole to where they fit best."""
        return self.without(
            {name: np.nanmedian(off, axis=1, keepdims=True) for name, off in self.off.items()}
        )

    def own_parabola(self) -> Curves:
        """Return the surfaces bent by the parabola that fits best."""
        x = np.linspace(-1, 1, self.case.scan.shape[2])
        bends = {}
        for name, off in self.off.items():
            bends[name] = np.stack([_parabola(x, row) for row in off])
        return self.without(bends)

    def neighbours(self) -> Curves:
        """Return the surfaces with what the B-scans on both sides are off by taken off."""
        means = {}
        for name, off in self.off.items():
            wide = np.pad(np.nan_to_num(off), ((1, 1), (0, 0)), mode="edge")
            means[name] = (wide[:-2] + wide[2:]) / 2
        return self.without(means)

    def profile(self) -> Curves:
        """Return the surfaces with the median error of the first few in each column taken off."""
        return self.without(
            {name: np.nanmedian(off[self.first], axis=0) for name, off in self.off.items()}
        )

    def learnt(self) -> Curves:
        """Return surfaces searched for by what the expert's look like on the first few B-scans.

        A linear filter over 25 rows and 9 columns is fitted so that the place which the expert
        drew scores best in each A-scan; the surfaces are then searched with it.
        """
        images = np.stack([self.case.scan.b_scan(b) for b in self.b_scans.tolist()])
        grey = images.transpose(0, 2, 1).astype(np.float32)
        return {name: self._searched(grey, name) for name in self.found}

    def _searched(self, grey: F32, name: str) -> F32:
        middle = np.rint(ndimage.gaussian_filter1d(filled(self.found[name]), 3, axis=1))
        band = sample_band(grey, middle.astype(np.float32), _BAND_PX + _LOOK_PX[0])
        band -= band.mean(axis=(1, 2), keepdims=True)
        band /= band.std(axis=(1, 2), keepdims=True)
        seen = torch.from_numpy(band.transpose(0, 2, 1).copy())[:, None]
        torch.manual_seed(0)
        look = torch.nn.Conv2d(
            1, 1, (2 * _LOOK_PX[0] + 1, 2 * _LOOK_PX[1] + 1), padding=(0, _LOOK_PX[1])
        )
        optimizer = torch.optim.Adam(look.parameters(), _RATE, weight_decay=1e-4)
        wanted, known = _targets(self.truth[name][self.first] - middle[self.first])
        for _ in range(_STEPS):
            score = look(seen[self.first])[:, 0].log_softmax(dim=1)
            loss = -(wanted * score).sum(dim=1)[known].mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            score = torch.cat([look(part)[:, 0].log_softmax(dim=1) for part in seen.split(4)])
        cost = along_columns(-score.numpy().transpose(0, 2, 1))
        return (middle + shortest_paths(cost, 0.3, 3) - _BAND_PX).astype(np.float32)

    def shared(self) -> dict[str, tuple[float, float, float]]:
        """Return how much of what is wrong of each surface is wrong alike elsewhere.

        Shares of its wrong columns that are wrong to the same side: on either B-scan beside, on
        both, and in another surface of the same B-scan.
        """
        sides = {
            name: np.where(np.abs(off) > Tolerance().surface_px, np.sign(off), 0)
            for name, off in ((n, np.nan_to_num(o)) for n, o in self.off.items())
        }
        found = {}
        for name, side in sides.items():
            here = side[1:-1]
            wrong = here != 0
            before, after = (side[:-2] == here) & wrong, (side[2:] == here) & wrong
            others = np.zeros_like(wrong)
            for other, its in sides.items():
                if other != name:
                    others |= (its[1:-1] == here) & wrong
            total = wrong.sum()
            either, both = (before | after).sum() / total, (before & after).sum() / total
            found[name] = float(either), float(both), float(others.sum() / total)
        return found


def _parabola(x: NDArray[np.float64], off: F32) -> F32:
    known = np.isfinite(off)
    fit = np.polynomial.Polynomial.fit(x[known], off[known].clip(-_FAR_PX, _FAR_PX), 2)
    return fit(x).astype(np.float32)


def _targets(deeper: F32) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how much each place of the band is wanted ``[b, z, x]``, and where it is known."""
    known = np.abs(deeper) < _BAND_PX
    away = np.where(known, deeper, 0)[:, None] - np.arange(-_BAND_PX, _BAND_PX + 1)[:, None]
    wanted = np.exp(-0.5 * (away / _TARGET_PX) ** 2)
    wanted /= wanted.sum(axis=1, keepdims=True)
    return torch.from_numpy(wanted.astype(np.float32)), torch.from_numpy(known)
