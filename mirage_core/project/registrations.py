"""How a person laid the SLO of one visit over that of another; what is only found is not kept."""

from __future__ import annotations

import json
import math

import numpy as np
from sqlalchemy import Connection

from mirage_core.measure.registration import Registration, RegistrationSource
from mirage_core.project.scans import note_in_log
from mirage_core.project.setting import put_setting, setting
from mirage_core.project.store import Store

_WHAT = "registration"


class RegistrationTable:
    """Reads and writes the registrations of one store, one for two scans, whoever compares them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, first_id: str, second_id: str) -> Registration | None:
        """Return how a person laid the second over the first; None where it is to be found."""
        with self._store.read() as connection:
            return _stored(connection, _key(first_id, second_id))

    def set(
        self, first_id: str, second_id: str, registration: Registration | None, author: str
    ) -> None:
        """Keep `registration` for two scans, None to find it again; the log keeps who did.

        The log is that of the second scan.

        Raises
        ------
        ValueError
            If `author` is empty.
        ProjectError
            If the project can only be read.
        """
        if not author.strip():
            raise ValueError("Say who brings the visits together; the project keeps the name.")
        key = _key(first_id, second_id)
        with self._store.write() as connection:
            before = _stored(connection, key)
            value = _value(registration) if registration is not None else None
            if value == (_value(before) if before is not None else None):
                return
            put_setting(connection, key, value)
            if registration is not None and before is not None and _same(before, registration):
                return  # only how well it fits is known by now
            how = registration.source.value if registration is not None else "found"
            note_in_log(connection, second_id, author, _WHAT, f"to {first_id}: {how}")


def _key(first_id: str, second_id: str) -> str:
    return f"registration:{first_id}:{second_id}"


def _same(one: Registration, other: Registration) -> bool:
    return one.source is other.source and bool((one.matrix == other.matrix).all())


def _value(registration: Registration) -> str:
    # JSON has no NaN.
    alike, residual = (
        v if math.isfinite(v) else None for v in (registration.alike, registration.residual_px)
    )
    return json.dumps(
        {
            "matrix": registration.matrix.tolist(),
            "alike": alike,
            "residual_px": residual,
            "source": registration.source.value,
        }
    )


def _stored(connection: Connection, key: str) -> Registration | None:
    value = setting(connection, key)
    try:
        stored = json.loads(value) if value is not None else None
        if not stored:
            return None
        matrix = np.array(stored["matrix"], np.float64)
        alike, residual = (
            float("nan") if stored[name] is None else float(stored[name])
            for name in ("alike", "residual_px")
        )
        source = RegistrationSource(stored["source"])
    except (ValueError, KeyError, TypeError):
        return None  # another program's: it is found
    usable = matrix.shape == (2, 3) and bool(np.isfinite(matrix).all())
    usable = usable and abs(float(np.linalg.det(matrix[:, :2]))) > 1e-6
    return Registration(matrix, alike, residual, source) if usable else None
