"""How a project recognises a scan and a patient without keeping names."""

from __future__ import annotations

import hashlib

import numpy as np

from mirage_core.scan import PatientIdentity, Scan

_SAMPLES = 5


def fingerprint(scan: Scan) -> str:
    """Return a hash by which the same acquisition is recognised, whatever its file is called.

    SHA-256 of the shape and of up to five stored B-scans spread over the volume, first and
    last included. Stored values are taken rather than display grey, so that a program that
    shows them with another contrast still knows the scan; spacing and identity have no part.
    """
    n = scan.n_b_scans
    digest = hashlib.sha256(repr(("mirage-scan-1", scan.shape)).encode())
    for b in sorted({round(i * (n - 1) / (_SAMPLES - 1)) for i in range(_SAMPLES)}):
        values = scan.pixels.raw(b)
        if values.dtype.kind == "f":
            # One bit pattern for every NaN: readers differ in which they write.
            values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
        little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        digest.update(little.dtype.str.encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def patient_digest(identity: PatientIdentity | None, salt: str) -> str | None:
    """Return the salted SHA-256 that stands for a patient in one project.

    The patient id and the birth date decide; without an id, the name and the birth date. None
    when the file does not say who it is. The salt is the project's own, so that two projects
    cannot be joined by it.
    """
    if identity is None:
        return None
    who = identity.patient_id.strip() or " ".join(identity.name.split())
    if not who:
        return None
    born = identity.birth_date.isoformat() if identity.birth_date else ""
    return hashlib.sha256("\0".join((salt, who.casefold(), born)).encode()).hexdigest()
