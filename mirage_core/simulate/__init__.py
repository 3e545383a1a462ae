"""The simulated eye: OCT volume, SLO, true surfaces and lesions from a seed.

Imports only `mirage_core.scan`; the app, the tests, the benchmarks and the training import it.
"""

from mirage_core.simulate.eye import SimulatedEye, demo_eye, save_npz, simulate_eye
from mirage_core.simulate.parameters import (
    HEALTHY,
    MIXED_DISEASE,
    EyeParameters,
    Lesion,
    Pathology,
    VendorLook,
)

__all__ = [
    "HEALTHY",
    "MIXED_DISEASE",
    "EyeParameters",
    "Lesion",
    "Pathology",
    "SimulatedEye",
    "VendorLook",
    "demo_eye",
    "save_npz",
    "simulate_eye",
]
