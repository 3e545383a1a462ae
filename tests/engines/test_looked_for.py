"""Which lesions were looked for, by the engines whose answers are in effect."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Edit, Patch, Target
from mirage_core.engines.base import EngineInfo
from mirage_core.engines.looked_for import looked_for, looked_for_throughout

A = EngineInfo("a", "1", "A", (), ("IRF", "SRF"), sha256="aa")
B = EngineInfo("b", "1", "B", (), ("PED",), sha256="bb")
LAYERS = EngineInfo("l", "1", "Layers", ("ILM",), (), sha256="ll")


def answer(sha256: str, *b_scans: int) -> Edit:
    patches = [
        Patch(Target.STATES, (0, b), np.zeros((1, 1), np.uint8), np.full((1, 1), 2, np.uint8))
        for b in b_scans
    ]
    return Edit(patches, "engine", "Engine", "Anna", model_sha256=sha256)


def found(*done: Edit) -> dict[str, list[int]]:
    known = looked_for(done, 4, (A, B, LAYERS))
    return {name: np.flatnonzero(b_scans).tolist() for name, b_scans in known.items()}


def test_the_engine_that_drew_a_b_scan_looked_for_its_classes() -> None:
    assert found(answer("aa", 0, 1)) == {"IRF": [0, 1], "SRF": [0, 1]}


def test_the_last_answer_counts_b_scan_by_b_scan() -> None:
    done = answer("aa", 0, 1, 2), answer("bb", 1)
    assert found(*done) == {"IRF": [0, 2], "SRF": [0, 2], "PED": [1]}


def test_corrections_and_engines_without_lesions_leave_the_masks_as_they_were() -> None:
    assert found(answer("aa", 0), answer("", 0), answer("ll", 0)) == {"IRF": [0], "SRF": [0]}


def test_of_an_engine_that_is_gone_nothing_is_known() -> None:
    assert found(answer("aa", 0, 1), answer("gone", 1)) == {"IRF": [0], "SRF": [0]}
    assert found(answer("gone", 0)) == {}


def test_one_run_over_all_looked_everywhere() -> None:
    assert looked_for_throughout(("IRF",), 3)["IRF"].tolist() == [True] * 3
