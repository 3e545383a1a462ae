"""The hash of a scan is that of the files it is read from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mirage_core.io.digest import source_sha256


def test_a_folder_is_hashed_in_natural_order_of_its_files(tmp_path: Path) -> None:
    for i, content in ((10, b"c"), (1, b"a"), (2, b"b")):
        (tmp_path / f"{i}.png").write_bytes(content)
    assert source_sha256(tmp_path) == hashlib.sha256(b"abc").hexdigest()
    assert source_sha256(tmp_path / "10.png") == hashlib.sha256(b"c").hexdigest()


def test_what_is_no_b_scan_does_not_change_the_hash_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"a")
    (tmp_path / "Thumbs.db").write_bytes(b"left by a file manager")
    (tmp_path / "1_mask.png").write_bytes(b"drawn later")
    assert source_sha256(tmp_path) == hashlib.sha256(b"a").hexdigest()
