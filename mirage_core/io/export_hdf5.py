"""The native HDF5 file: one scan with its annotation, and nothing of the patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.io import native_layout as layout
from mirage_core.io.export_request import ExportRequest, Report
from mirage_core.io.native_hdf5 import read_native
from mirage_core.scan import Scan, State

__all__ = ["Hdf5Exporter", "read_native"]


@dataclass(frozen=True, slots=True)
class Hdf5Exporter:
    """One ``.h5`` per scan, in the layout of ``docs/export.md``.

    All B-scans' pixels are written; surfaces, masks, confidence and states only of the chosen
    B-scans, the others being undefined, background, NaN and unseen.
    """

    name: ClassVar[str] = "hdf5"
    title: ClassVar[str] = "Scan with annotation (HDF5)"
    suffix: ClassVar[str] = ".h5"

    def write(
        self, requests: Sequence[ExportRequest], folder: Path, report: Report
    ) -> Sequence[ExportRequest]:
        """Write ``<stem>.h5`` per request into `folder`."""
        total = sum(r.scan.n_b_scans for r in requests)
        done = 0
        for request in requests:
            # Built in memory (compressed) and written as plain bytes: the HDF5 library ends the
            # whole process when the disk fills up under an open file.
            with h5py.File(request.stem, "w", driver="core", backing_store=False) as file:
                _describe(file, request.scan)
                volume = _per_b_scan(file, "volume", request.scan.shape)
                volume.attrs["axes"] = "b,z,x"
                for b in range(request.scan.n_b_scans):
                    volume[b] = request.scan.b_scan(b)
                    done += 1
                    report(done / total)
                _write_annotation(file, request)
                file.flush()
                image = file.id.get_file_image()
            (folder / f"{request.stem}{self.suffix}").write_bytes(image)
        return requests


def _describe(file: h5py.File, scan: Scan) -> None:
    """Write the attributes and pictures that describe `scan`: an allow-list, field by field."""
    attrs = file.attrs
    attrs["format"] = layout.FORMAT
    attrs["format_version"] = layout.FORMAT_VERSION
    attrs["software"] = f"MIRAGE Viewer {__version__}"
    attrs["note"] = RESEARCH_USE_ONLY
    attrs["simulated"] = scan.acquisition.simulated
    attrs["laterality"] = scan.laterality.value
    attrs["device"] = scan.acquisition.device
    attrs["averaging"] = scan.acquisition.averaging or 0
    attrs["field_deg"] = scan.acquisition.field_deg or float("nan")
    attrs["spacing"] = layout.spacing_to_json(scan.spacing)
    # Positions of many B-scans outgrow an attribute, so the geometry is a dataset.
    file.create_dataset("geometry", data=layout.geometry_to_json(scan.geometry))
    if scan.slo is not None:
        slo = file.create_dataset("slo", data=scan.slo, compression="gzip", compression_opts=1)
        slo.attrs["axes"] = "row,col"
    if scan.quality is not None:
        file.create_dataset("quality", data=scan.quality)


def _write_annotation(file: h5py.File, request: ExportRequest) -> None:
    annotation = request.annotation
    chosen = np.zeros(request.scan.n_b_scans, bool)
    chosen[list(request.b_scans)] = True
    names = annotation.surfaces.names
    for key, values, unit in (
        ("surfaces", annotation.surfaces.values, "px"),
        ("confidence", annotation.confidence, "1"),
    ):
        kept = np.where(chosen[None, :, None], values, np.float32(np.nan))
        data = file.create_dataset(key, data=kept, compression="gzip", compression_opts=1)
        data.attrs["axes"] = "s,b,x"
        data.attrs["unit"] = unit
        data.attrs["names"] = list(names)
    masks = _per_b_scan(file, "masks", request.scan.shape)
    masks.attrs["axes"] = "b,z,x"
    masks.attrs["classes"] = layout.scheme_to_json(annotation.masks.scheme)
    for b in request.b_scans:
        masks[b] = annotation.masks.labels[b]
    kept_states: NDArray[np.uint8] = np.where(chosen[None], annotation.states, State.UNSEEN)
    states = file.create_dataset("states", data=kept_states.astype(np.uint8))
    states.attrs["axes"] = "structure,b"
    states.attrs["structures"] = [*names, "masks"]
    states.attrs["values"] = json.dumps({int(s): s.name.lower() for s in State})
    file.create_dataset("annotated_b_scans", data=np.array(request.b_scans, np.int32))


def _per_b_scan(file: h5py.File, key: str, shape: tuple[int, int, int]) -> h5py.Dataset:
    """Return a new uint8 dataset ``[b, z, x]`` with one compressed chunk per B-scan."""
    return file.create_dataset(
        key,
        shape=shape,
        dtype=np.uint8,
        chunks=(1, *shape[1:]),
        compression="gzip",
        compression_opts=1,
    )
