"""Names of results follow from paths, and do not depend on the order of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.cli.console import CommandError
from mirage_core.cli.inputs import parse_spacing, result_names

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
