"""Real exports: what is in the file comes out, and nothing that is not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, map_coordinates

from mirage_core.io import ReadError, find_scans, open_scan
from mirage_core.scan import (
    CirclePosition,
    Laterality,
    LinePosition,
    Provenance,
    ScanPattern,
    SpacingUnknownError,
)
from tests.helpers.vol_writer import VolParameters, write_vol
from tests.shared_data import shared_data


def test_spectralis_line() -> None:
    scan = open_scan(shared_data("spectralis_vol/line.vol"))
    assert scan.shape == (1, 496, 768)
    assert scan.geometry.pattern is ScanPattern.LINE
    (line,) = scan.geometry.positions
    assert isinstance(line, LinePosition)
    assert line.start == pytest.approx((384.0, 0.0), abs=1e-3)
    assert line.end == pytest.approx((384.0, 767.0), abs=1e-3)
    assert scan.spacing.b.source is Provenance.UNKNOWN  # lines have distance 0
    assert scan.spacing.require_mm("z", "x") == pytest.approx((0.00387167, 0.01182058), rel=1e-5)
    assert scan.laterality is Laterality.OD
    assert scan.acquisition.date == date(2010, 1, 1)
    assert scan.quality is not None
    assert scan.quality[0] == pytest.approx(44.5755, abs=1e-3)
    assert scan.slo is not None
    assert scan.slo.shape == (768, 768)
    assert scan.vendor_surfaces is not None
    assert scan.vendor_surfaces.names == ("ILM", "BM")  # RNFL is there, but empty
    assert any("RNFL" in note for note in scan.notes)
    assert np.isfinite(scan.vendor_surfaces["ILM"]).sum() == 759
    assert np.isfinite(scan.vendor_surfaces["BM"]).sum() == 633


def test_the_devices_ilm_lies_on_the_upper_edge_of_the_retina() -> None:
    scan = open_scan(shared_data("spectralis_vol/onh_circle.vol"))
    assert scan.vendor_surfaces is not None
    image = scan.b_scan(0).astype(float)
    ilm = np.rint(scan.vendor_surfaces["ILM"][0]).astype(int)
    columns = np.arange(768)
    above = np.mean([image[ilm - k, columns] for k in range(4, 12)])
    below = np.mean([image[ilm + k, columns] for k in range(4, 12)])
    assert below > above + 50


@pytest.mark.parametrize("name", ["circle", "onh_circle"])
def test_circles_lie_where_their_vessels_are(name: str) -> None:
    scan = open_scan(shared_data(f"spectralis_vol/{name}.vol"))
    (circle,) = scan.geometry.positions
    assert isinstance(circle, CirclePosition)
    dx_mm = scan.spacing.require_mm("x")[0]
    scale = scan.geometry.slo_mm_per_px
    assert scale is not None
    assert 2 * np.pi * circle.radius * scale[1] == pytest.approx(768 * dx_mm, rel=1e-3)
    # Vessels are dark on the SLO and throw shadows on the outer retina of the B-scan.
    assert scan.vendor_surfaces is not None
    assert scan.slo is not None
    image, bm = scan.b_scan(0).astype(float), np.rint(scan.vendor_surfaces["BM"][0]).astype(int)
    shadow = np.array([image[z - 8 : z + 1, x].mean() for x, z in enumerate(bm)])
    vessel = map_coordinates(scan.slo.astype(float), circle.points(768).T, order=1)
    backwards = vessel[(-np.arange(768)) % 768]
    detail, along, against = (
        profile - gaussian_filter1d(profile, 25, mode="wrap")
        for profile in (shadow, vessel, backwards)
    )
    assert np.corrcoef(detail, along)[0, 1] > 0.4
    assert np.corrcoef(detail, against)[0, 1] < 0.2


def test_truncated_and_empty_vol_say_what_is_wrong() -> None:
    with pytest.raises(ReadError, match="promises 1 B-scan, the file holds 0"):
        open_scan(shared_data("spectralis_vol/truncated.vol"))
    with pytest.raises(ReadError, match=r"This \.vol file is empty \(0 bytes\)"):
        open_scan(shared_data("spectralis_vol/empty.vol"))


def test_vol_of_another_program_holds_greys_and_a_wrong_header_size() -> None:
    folder = shared_data("format_fixtures/eyepy")
    scan = open_scan(folder / "heyex_vol/test_volume.vol")
    images = open_scan(folder / "heyex_xml/test_volume")
    assert scan.shape == (10, 40, 50)
    assert scan.geometry.pattern is ScanPattern.RASTER
    assert scan.geometry.superior_to_inferior is False
    assert scan.spacing.b.mm == pytest.approx(0.0314444, rel=1e-4)
    assert scan.acquisition.device == ""
    assert np.array_equal(scan.b_scan(0), images.b_scan(0))
    assert images.slo is not None
    assert images.slo.shape == (50, 50)


def test_bonn_amd_has_spacing_order_and_no_invented_surfaces() -> None:
    scan = open_scan(shared_data("bonn_amd/volume.npz"))
    assert scan.shape == (145, 496, 512)
    assert scan.spacing.as_mm() == pytest.approx((0.02982, 0.003872, 0.011182), rel=1e-3)
    assert scan.spacing.b.source is Provenance.DERIVED
    assert scan.spacing.z.source is Provenance.FILE
    assert scan.geometry.superior_to_inferior is False  # y falls with the index, and grows down
    assert scan.geometry.positions == ()
    assert scan.vendor_surfaces is None
    with np.load(scan.source_path) as stored:  # type: ignore[arg-type]
        assert np.array_equal(scan.b_scan(70), stored["volume"][70])


def test_healthy_volume_has_an_slo_and_refuses_millimetres() -> None:
    scan = open_scan(shared_data("healthy_volume/volume_slo.npz"))
    assert scan.shape == (49, 496, 512)
    assert scan.slo is not None
    assert scan.geometry.positions_assumed
    assert scan.geometry.superior_to_inferior is None
    assert any("orientation only" in note for note in scan.notes)
    with pytest.raises(SpacingUnknownError, match="Enter the spacing"):
        scan.spacing.require_mm("b", "z", "x")


def test_tiff_stack_has_no_spacing_although_its_tags_say_72_dpi() -> None:
    scan = open_scan(shared_data("tiff_stack/macular_hole_49x200x200.tif"))
    assert scan.shape == (49, 200, 200)
    assert scan.spacing.unknown_axes() == ("b", "z", "x")
    assert scan.b_scan(24).std() > 5


def test_every_real_scan_is_found_in_the_folder() -> None:
    root = shared_data()
    found = {path.relative_to(root).as_posix() for path in find_scans(root)}
    assert {
        "bonn_amd/volume.npz",
        "healthy_volume/volume_slo.npz",
        "nr206",
        "spectralis_vol/circle.vol",
        "spectralis_vol/truncated.vol",  # listed, so that a batch reports it
        "format_fixtures/eyepy/heyex_xml/test_volume",
        "tiff_stack/macular_hole_49x200x200.tif",
    } <= found
    assert any(name.startswith("kermany_lesions/") for name in found)
    assert not any(name.endswith(("_mask.png", "_layers.png", ".xml", ".txt")) for name in found)


def test_a_real_volume_survives_the_way_through_a_vol_file(tmp_path: Path) -> None:
    with np.load(shared_data("healthy_volume/volume_slo.npz")) as stored:
        volume, slo = stored["volume"], stored["slo"]
    parameters = VolParameters(distance_mm=0.122)
    scan = open_scan(write_vol(tmp_path / "healthy.vol", volume, slo, parameters))
    assert np.array_equal(scan.slo, slo)
    assert all(np.array_equal(scan.b_scan(b), volume[b]) for b in (0, 24, 48))
    assert scan.spacing.require_mm("b", "z", "x") == (0.122, 0.0038716, 0.011609)
