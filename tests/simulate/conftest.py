"""Eyes that several tests look at; made once."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from mirage_core.simulate import HEALTHY, EyeParameters, SimulatedEye, demo_eye, simulate_eye

NIGHTLY = bool(os.environ.get("MIRAGE_NIGHTLY"))
"""Whether there is time for many more examples."""
STILL = replace(EyeParameters(), pathology=HEALTHY, motion_axial_um=0.0, media_opacity=0.0)
"""A healthy eye that holds still."""


def volume_of(eye: SimulatedEye) -> np.ndarray:
    return np.stack([eye.scan.b_scan(b) for b in range(eye.scan.n_b_scans)])


@pytest.fixture(scope="session")
def ill_eye() -> SimulatedEye:
    return demo_eye()


@pytest.fixture(scope="session")
def healthy_eye() -> SimulatedEye:
    return simulate_eye(STILL, seed=2)
