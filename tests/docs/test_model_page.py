"""docs/model.md says what the code does: sizes, code, picture."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.model_sizes import BEGIN, END, rewritten
from mirage_core.model.spec import DOMAINS, SIZES, HeadKind, Normalisation, Pool

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "model.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"  # (\([\d, ]+\)|\d+|True|False|\"[^\"]*\")")


def test_the_sizes_are_up_to_date() -> None:
    assert rewritten(PAGE) == PAGE, "run: python -m benchmarks.model_sizes --write docs/model.md"


def test_sizes_are_written_between_their_marks_only() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = rewritten(page)
    assert new.startswith(f"before\n{BEGIN}\n")
    assert new.endswith(f"\n{END}\nafter\n")
    assert "old" not in new
    with pytest.raises(ValueError, match="each once"):
        rewritten(f"{BEGIN} without an end")


def test_the_code_runs_and_gives_the_values_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    n_checked = 0
    for block in _BLOCK.findall(PAGE):
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            source = ast.get_source_segment(block, statement)
            assert source is not None
            beside = _VALUE.match(lines[statement.end_lineno - 1][statement.end_col_offset :])
            if isinstance(statement, ast.Expr) and beside:
                found = eval(source, names)
                told = ast.literal_eval(beside[1])
                assert (tuple(found) if isinstance(told, tuple) else found) == told, source
                n_checked += 1
            else:
                exec(source, names)
    assert n_checked >= 7
    assert names["encoder"].report.resized


def test_every_input_head_pooling_and_chain_is_told() -> None:
    kinds = (*HeadKind, *Pool, *Normalisation, *(d.name for d in DOMAINS))
    assert not [kind for kind in kinds if f"`{kind}`" not in PAGE]


def test_the_picture_is_whole_and_has_the_models_numbers() -> None:
    svg = ElementTree.parse(DOCS / "images" / "model.svg").getroot()
    ids = {element.get("id") for element in svg.iter()}
    used = [e.get("href", "") for e in svg.iter() if e.tag.endswith("}use")]
    assert used
    assert {name.removeprefix("#") for name in used} <= ids
    words = " ".join("".join(e.itertext()) for e in svg.iter() if e.tag.endswith("}text"))
    for size in (SIZES["base"], SIZES["large"]):
        assert f"{size.name.title()}: {size.depth} blocks of width {size.dim}" in words
    for domain in DOMAINS:
        assert f"{domain.size[0]} × {domain.size[1]}" in words
        assert f"patches of {domain.patch}" in words
        assert f"{domain.grid[0] * domain.grid[1]} tokens" in words
