"""Figures in pages of the documentation: a part between two marks, written by a command."""

from __future__ import annotations

from pathlib import Path


def put_part(file: Path, name: str, text: str) -> None:
    """Put `text` between the marks of the part `name` of `file`."""
    begin, end = _marks(name)
    before, rest = file.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    file.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def part_of(file: Path, name: str) -> str:
    """Return the part `name` of `file` with its marks, empty where the file has none."""
    begin, end = _marks(name)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if begin not in text:
        return f"{begin}\n{end}\n"
    return begin + text.split(begin)[1].split(end)[0] + end + "\n"


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
