"""Names of results follow from paths, and do not depend on the order of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.cli.console import CommandError
from mirage_core.cli.inputs import input_sha256, parse_spacing, result_names

ROOT = Path("/nowhere")
PARTS = st.sampled_from(["a", "A", "b", "a-b"])
PATHS = st.builds(
    lambda folders, stem, suffix: ROOT.joinpath(*folders, stem + suffix),
    st.lists(PARTS, max_size=2),
    PARTS,
    st.sampled_from([".vol", ".npz", ".nii.gz"]),
)


def test_a_single_file_gives_its_stem() -> None:
    assert result_names([ROOT / "x" / "macula 1.vol"], ROOT) == ["macula 1"]
    assert result_names([ROOT / "eye.nii.gz"], ROOT) == ["eye"]
    assert result_names([ROOT / "a.b.vol"], ROOT) == ["a.b"]


def test_repeated_stems_are_told_apart_by_folder_then_by_suffix(tmp_path: Path) -> None:
    paths = [tmp_path / "p1" / "eye.vol", tmp_path / "p2" / "eye.vol", tmp_path / "other.vol"]
    assert result_names(paths, tmp_path) == ["p1-eye", "p2-eye", "other"]
    same = [tmp_path / "eye.npz", tmp_path / "eye.vol"]
    assert result_names(same, tmp_path) == ["eye-npz", "eye-vol"]


@given(paths=st.lists(PATHS, unique=True, max_size=6))
def test_names_are_distinct_whatever_the_case(paths: list[Path]) -> None:
    names = result_names(paths, ROOT)
    assert len({n.lower() for n in names}) == len(paths)
    assert all(n and "/" not in n for n in names)


def test_spacing_may_leave_components_to_the_file() -> None:
    assert parse_spacing("") is None
    assert parse_spacing("0.12,0.004,0.011") == (0.12, 0.004, 0.011)
    assert parse_spacing(" ,0.004, ") == (None, 0.004, None)
    with pytest.raises(CommandError, match="is no spacing"):
        parse_spacing("0.12;0.004;0.011")


def test_a_folder_is_hashed_in_natural_order_of_its_files(tmp_path: Path) -> None:
    for i, content in ((10, b"c"), (1, b"a"), (2, b"b")):
        (tmp_path / f"{i}.png").write_bytes(content)
    assert input_sha256(tmp_path) == hashlib.sha256(b"abc").hexdigest()
    assert input_sha256(tmp_path / "10.png") == hashlib.sha256(b"c").hexdigest()


def test_what_is_no_b_scan_does_not_change_the_hash_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"a")
    (tmp_path / "Thumbs.db").write_bytes(b"left by a file manager")
    (tmp_path / "1_mask.png").write_bytes(b"drawn later")
    assert input_sha256(tmp_path) == hashlib.sha256(b"a").hexdigest()
