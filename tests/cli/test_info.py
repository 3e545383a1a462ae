"""`mirage info` says what is in a file and nothing of the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.running import mirage, save_volume
from tests.shared_data import shared_data


def test_size_and_spacing_with_provenance(tmp_path: Path) -> None:
    scan = save_volume(tmp_path / "eye.npz")
    ran = mirage("info", scan)
    assert ran.code == 0
    assert "3 B-scans × 40 px deep × 24 A-scans" in ran.out
    assert "0.12 mm (file)" in ran.out
    fields = mirage("info", scan, "--json").json
    assert (fields["b_scans"], fields["depth_px"], fields["a_scans"]) == (3, 40, 24)
    assert fields["spacing"]["x"] == {"mm": 0.011, "source": "file"}


def test_unknown_spacing_is_called_unknown(tmp_path: Path) -> None:
    np.savez(tmp_path / "eye.npz", volume=np.zeros((2, 30, 20), np.uint8))
    assert "unknown (give --spacing DB,DZ,DX)" in mirage("info", tmp_path / "eye.npz").out


def test_a_folder_of_scans_is_a_table(tmp_path: Path) -> None:
    for i in range(2):
        save_volume(tmp_path / f"eye{i}.npz", seed=i)
    ran = mirage("info", tmp_path)
    assert ran.code == 0
    assert "eye0.npz" in ran.out
    assert "eye1.npz" in ran.out
    (tmp_path / "bad.vol").write_bytes(b"")
    ran = mirage("info", tmp_path, "--json")
    assert ran.code == 2
    assert len(ran.json["scans"]) == 2
    assert Path(ran.json["errors"][0]["path"]).name == "bad.vol"


@pytest.mark.parametrize("as_json", [False, True])
def test_the_patient_is_withheld(as_json: bool) -> None:
    scan = shared_data("spectralis_vol/line.vol")
    ran = mirage("info", scan, *(["--json"] if as_json else []))
    assert ran.code == 0
    assert "TEST-PATIENT" not in ran.out + ran.err
    assert "1970" not in ran.out + ran.err
    assert "withheld" in ran.out


def test_a_path_the_system_refuses_is_one_sentence() -> None:
    for command in (["info"], ["segment", "-o", "out"], ["export", "-o", "out"]):
        ran = mirage(*command, "a" * 300)
        assert ran.code == 2
        assert "cannot be opened" in ran.err
