"""The page on teaching says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from mirage_core.training.finetune.config import PRESETS, FinetuneConfig

PAGE = Path(__file__).resolve().parents[3] / "docs" / "teaching.md"


def test_its_example_is_a_program() -> None:
    text = PAGE.read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(compile(example, "docs/teaching.md", "exec"), names)
    assert callable(names["teach_here"])


def test_its_figures_are_those_of_the_presets() -> None:
    text = PAGE.read_text(encoding="utf-8")
    few, paper = PRESETS["few-shot"], PRESETS["paper"]
    assert f"noise; {few.views} each" in text
    passes = f"{few.epochs} (eight times as many for a new head), at least {few.least_steps} steps"
    assert few.new_head_times == 8
    assert passes in text
    assert f"{paper.epochs} epochs" in text
    rates = {float(rate) for rate in re.findall(r"\d+e-\d+", text)}
    assert rates == {few.lr, few.new_head_lr, paper.lr}
    assert "(`prior_weight`)" in text.replace("\n", " ")
    assert f"`gap_b_scans` ({few.gap_b_scans})" in text
    named = set(re.findall(r"`(\w+_\w+)`", text)) & {*FinetuneConfig.model_fields}
    assert {"prior_weight", "gap_b_scans", "cache_memory_bytes"} <= named
