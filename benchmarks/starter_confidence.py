"""How sure moved surfaces are: ``python -m benchmarks.starter_confidence``.

Fits the weights of ``mirage_core/engines/strata/sureness.py`` on simulated eyes that the shipped
starter model was not trained on, three of four of them, and judges them by the others. It prints
the weights; they are put into that file by hand. No real scan is looked at.
"""

from __future__ import annotations

import argparse
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from mirage_core.engines import EngineInput, make_engine
from mirage_core.engines.strata import sureness as module
from mirage_core.engines.strata.reading import NEAR_PX
from mirage_core.measure.calibration import calibration_error, rank_agreement
from mirage_core.scan import Spacing
from mirage_core.simulate.source import random_b_scans
from mirage_core.training.starter.samples import SURFACES

F32 = NDArray[np.float32]

FIRST_EYE, EYES, PER_EYE, JUDGED = 800_000, 40, 6, 4
EVERY = 8
"""A-scans beside each other tell the same; one of so many is learnt from."""
LEAST_KNOWN = 200


def shares_and_errors(seed: int) -> list[dict[str, F32]]:
    """Return, by surface, both shares and the error in px of the B-scans of an eye, ``[3, x]``."""
    engine, found = make_engine("starter"), []
    original = module.sureness
    for b_scan in random_b_scans(seed, PER_EYE):
        shares: dict[str, tuple[F32, F32]] = {}

        def recorded(name: str, edge: F32, own: F32, into: dict = shares) -> F32:
            into[name] = (edge.copy(), own.copy())
            return original(name, edge, own)

        spacing = Spacing.from_mm(None, *b_scan.spacing_mm)
        with mock.patch.object(module, "sureness", recorded):
            surfaces = engine.segment(EngineInput(b_scan.image[None], (0,), spacing)).surfaces
        found.append(
            {
                name: np.stack(
                    [
                        *both,
                        np.abs(surfaces[name][0] - b_scan.surfaces[SURFACES.index(name)]),
                    ]
                )
                for name, both in shares.items()
            }
        )
    return found


def known(values: F32) -> F32:
    """Return the columns of ``[3, x]`` with a truth."""
    return values[:, np.isfinite(values).all(axis=0)]


def fitted(parts: list[F32]) -> tuple[float, float, float]:
    """Return the weights of the log odds of both shares, and the constant."""
    edge, own, error = np.concatenate([known(p) for p in parts], axis=1)
    odds = np.stack([module.log_odds(edge), module.log_odds(own)], axis=1)
    model = LogisticRegression().fit(odds, error <= NEAR_PX)
    return (float(model.coef_[0, 0]), float(model.coef_[0, 1]), float(model.intercept_[0]))


def main() -> None:
    """Fit, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eyes", type=int, default=EYES)
    n_eyes = parser.parse_args().eyes
    torch.set_num_threads(1)
    seeds = range(FIRST_EYE, FIRST_EYE + n_eyes)
    by_eye = {seed: shares_and_errors(seed) for seed in seeds}
    learnt = [seed for seed in seeds if seed % JUDGED]
    for name in module.WEIGHTS:
        parts = [b[name][:, ::EVERY] for seed in learnt for b in by_eye[seed]]
        a, b, c = fitted(parts)
        print(f"{name}: ({a:.2f}, {b:.2f}, {c:.2f}); in the program {module.WEIGHTS[name]}")
        held = [known(b_scan[name]) for s in seeds if s % JUDGED == 0 for b_scan in by_eye[s]]
        edge, own, error = np.concatenate(held, axis=1)
        new = expit(a * module.log_odds(edge) + b * module.log_odds(own) + c)
        hit = error <= NEAR_PX
        print(
            f"  calibration error of the network's own share {calibration_error(own, hit):.3f}, "
            f"of that around the edge {calibration_error(edge, hit):.3f}, "
            f"of the fitted {calibration_error(new, hit):.3f}"
        )
    for what, share in (("network's own share", 1), ("program's confidence", None)):
        ranks = [_rank(by_eye[seed], share) for seed in seeds]
        print(f"rank correlation within eyes, {what}: {np.nanmean(ranks):.2f}")


def _rank(b_scans: list[dict[str, F32]], share: int | None) -> float:
    """Return how doubt in RPE and BM ranks the B-scans of an eye by their error."""
    doubt, error = [], []
    for b_scan in b_scans:
        parts = [known(b_scan[name]) for name in ("RPE", "BM")]
        if min(p.shape[1] for p in parts) < LEAST_KNOWN:
            continue
        given = [
            p[share] if share is not None else module.sureness(name, p[0], p[1])
            for name, p in zip(("RPE", "BM"), parts, strict=True)
        ]
        doubt.append(1 - np.mean([g.mean() for g in given]))
        error.append(np.mean([p[2].mean() for p in parts]))
    return rank_agreement(np.array(doubt), np.array(error))


if __name__ == "__main__":
    main()
