"""Damaged files: only ReadError may come out, at opening and at every B-scan.

200 files per format by default; 2,000 with `make test-nightly` or ``-m nightly``; any number with
``MIRAGE_FUZZ``.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mirage_core.io import ReadError, find_scans, is_readable, open_scan
from tests.helpers.vol_writer import VolParameters, write_vol

pytestmark = pytest.mark.nightly
EXAMPLES = int(os.environ.get("MIRAGE_FUZZ") or (2000 if os.environ.get("MIRAGE_NIGHTLY") else 200))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

VOLUME = np.random.default_rng(9).integers(0, 256, (3, 8, 10), dtype=np.uint8)
SLO = np.random.default_rng(10).integers(0, 256, (7, 9), dtype=np.uint8)
EXTREMES = (0, 1, 2, 7, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
FLOATS = (0.0, -0.0, -1.0, 1e-320, 1e300, float("inf"), float("-inf"), float("nan"))


@st.composite
def damage(draw: st.DrawFn, header_bytes: int) -> Callable[[bytes], bytes]:
    """Draw one to four ways to damage a file, most of them in its first `header_bytes`."""
    steps: list[tuple[str, int, object]] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(
            st.sampled_from(["flip", "cut", "insert", "remove", "word", "short", "double", "fill"])
        )
        at = draw(st.one_of(st.integers(0, header_bytes), st.integers(0, 10**6)))
        value: object = None
        if kind == "flip":
            value = draw(st.integers(0, 7))
        elif kind == "insert":
            value = draw(st.binary(min_size=1, max_size=20))
        elif kind in ("word", "short"):
            value = draw(st.sampled_from(EXTREMES))
        elif kind == "double":
            value = draw(st.sampled_from(FLOATS))
        elif kind in ("fill", "remove"):
            value = draw(st.integers(1, 64))
        steps.append((kind, at, value))

    def apply(data: bytes) -> bytes:
        out = bytearray(data)
        for kind, at, value in steps:
            place = at % (len(out) + 1)
            _damage(out, kind, place, value)
        return bytes(out)

    return apply


def _damage(out: bytearray, kind: str, at: int, value: object) -> None:
    if kind == "flip" and at < len(out):
        out[at] ^= 1 << value  # type: ignore[operator]
    elif kind == "cut":
        del out[at:]
    elif kind == "insert":
        out[at:at] = value  # type: ignore[call-overload]
    elif kind == "remove":
        del out[at : at + value]  # type: ignore[operator]
    elif kind == "word":
        out[at : at + 4] = struct.pack("<I", value)
    elif kind == "short":
        out[at : at + 2] = struct.pack("<H", value & 0xFFFF)  # type: ignore[operator]
    elif kind == "double":
        out[at : at + 8] = struct.pack("<d", value)
    elif kind == "fill":
        out[at : at + value] = b"\xff" * value  # type: ignore[operator]


def only_read_errors_come_out(path: Path) -> None:
    is_readable(path)
    try:
        scan = open_scan(path)
    except ReadError:
        return
    assert scan.title
    for b in range(min(scan.n_b_scans, 5)):
        for read in (scan.pixels.raw, scan.pixels.display):
            try:
                image = read(b)
            except ReadError:
                continue
            assert image.shape == scan.shape[1:]
    for position in scan.geometry.positions[:5]:
        assert np.isfinite(position.points(scan.shape[2])).all()
    for length in scan.spacing.as_mm():
        assert length is None or 0 < length < 1000


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("valid")
    layers = {slot: np.full((3, 10), 2.0 + slot / 4, np.float32) for slot in (0, 1, 2, 8)}
    files: dict[str, bytes] = {}
    for pattern in ("raster", "radial", "circle", "line"):
        parameters = VolParameters(pattern=pattern, layers=layers, b_scan_header_bytes=640)
        path = write_vol(folder / "a.vol", VOLUME, SLO, parameters)
        files[pattern] = path.read_bytes()
    ep = write_vol(folder / "e.vol", VOLUME, SLO, VolParameters(version=b"ep-v0.6.8"))
    files["other program"] = ep.read_bytes()
    for name, options in {
        "plain": {},
        "deflate": {"compression": "zlib"},
        "big endian": {"byteorder": ">"},
        "bigtiff": {"bigtiff": True},
        "imagej": {"imagej": True},
        "one page": {"truncate": True},
    }.items():
        tifffile.imwrite(folder / "a.tif", VOLUME, photometric="minisblack", **options)
        files[name] = (folder / "a.tif").read_bytes()
    pages = [Image.fromarray(image) for image in VOLUME]
    pages[0].save(folder / "l.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    files["lzw"] = (folder / "l.tif").read_bytes()
    everything = {
        "volume": VOLUME,
        "slo": SLO,
        "spacing_mm": np.array([0.1, 0.004, 0.011]),
        "slo_scale_mm": np.array([0.1, 0.1]),
        "start_mm": np.array([[0.1, 0.1 * b] for b in range(3)]),
        "end_mm": np.array([[0.9, 0.1 * b] for b in range(3)]),
        "surfaces": np.zeros((1, 3, 10), np.float32),
        "names": np.array(["ILM"]),
        "laterality": np.array("OD"),
    }
    np.savez(folder / "s.npz", **everything)
    np.savez_compressed(folder / "c.npz", **everything)
    np.save(folder / "a.npy", VOLUME.astype(np.float32))
    files["stored"] = (folder / "s.npz").read_bytes()
    files["deflated"] = (folder / "c.npz").read_bytes()
    files["npy"] = (folder / "a.npy").read_bytes()
    for suffix in ("png", "jpg", "bmp"):
        pages[0].save(folder / f"a.{suffix}")
        files[suffix] = (folder / f"a.{suffix}").read_bytes()
    yield files
    shutil.rmtree(folder)


@fuzzed
@given(
    kind=st.sampled_from(["raster", "radial", "circle", "line", "other program"]),
    harm=damage(header_bytes=2200),
)
def test_damaged_vol_files(
    tmp_path: Path, valid: dict[str, bytes], kind: str, harm: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a.vol"
    path.write_bytes(harm(valid[kind]))
    only_read_errors_come_out(path)


@fuzzed
@given(
    kind=st.sampled_from(
        ["plain", "deflate", "big endian", "bigtiff", "imagej", "one page", "lzw"]
    ),
    harm=damage(header_bytes=400),
)
def test_damaged_tiff_stacks(
    tmp_path: Path, valid: dict[str, bytes], kind: str, harm: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(harm(valid[kind]))
    only_read_errors_come_out(path)


@fuzzed
@given(kind=st.sampled_from(["stored", "deflated", "npy"]), harm=damage(header_bytes=200))
def test_damaged_numpy_files(
    tmp_path: Path, valid: dict[str, bytes], kind: str, harm: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / ("a.npy" if kind == "npy" else "a.npz")
    path.write_bytes(harm(valid[kind]))
    only_read_errors_come_out(path)


@fuzzed
@given(
    kinds=st.lists(st.sampled_from(["png", "jpg", "bmp", "plain"]), min_size=1, max_size=3),
    harm=damage(header_bytes=100),
    which=st.integers(0, 2),
)
def test_damaged_image_folders(
    tmp_path: Path,
    valid: dict[str, bytes],
    kinds: list[str],
    harm: Callable[[bytes], bytes],
    which: int,
) -> None:
    folder = tmp_path / "images"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, kind in enumerate(kinds):
        suffix = "tif" if kind == "plain" else kind
        data = harm(valid[kind]) if number == which % len(kinds) else valid[kind]
        (folder / f"{number}.{suffix}").write_bytes(data)
    only_read_errors_come_out(folder)
    for path in find_scans(folder):
        only_read_errors_come_out(path)


@fuzzed
@given(
    data=st.binary(max_size=300),
    head=st.sampled_from(
        [b"", b"HSF-OCT-103\0", b"II*\0", b"MM\0*", b"PK\3\4", b"\x93NUMPY", b"\x89PNG\r\n\x1a\n"]
    ),
    suffix=st.sampled_from(["", ".vol", ".tif", ".npz", ".npy", ".png", ".h5"]),
)
def test_files_that_are_nothing(tmp_path: Path, data: bytes, head: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(head + data)
    only_read_errors_come_out(path)
