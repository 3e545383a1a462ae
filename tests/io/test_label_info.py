"""INFO.json of a folder of masks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mirage_core.io.errors import ReadError
from mirage_core.io.label_info import LabelInfo, read_label_info

INFO = LabelInfo(("Background", "RNFL", "Invalid area"), (0, 255, 20))


def written(folder, content) -> object:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "INFO.json").write_text(text, encoding="utf-8")
    return folder


def test_classes_stand_in_the_order_of_their_numbers(tmp_path):
    entries = {str(i): {"value": INFO.values[i], "label": INFO.labels[i]} for i in (2, 0, 1)}
    folder = written(tmp_path, entries)
    assert read_label_info(folder) == INFO
    assert read_label_info(folder / "INFO.json") == INFO


def test_grey_values_become_class_numbers():
    mask = np.array([[0, 255], [20, 20]], np.uint8)
    assert INFO.classes(mask).tolist() == [[0, 1], [2, 2]]
    assert INFO.indices == {0: 0, 255: 1, 20: 2}


@pytest.mark.parametrize("stray", [-1, 1, 256, 70_000])
def test_a_grey_value_of_no_class_is_refused_by_name(stray):
    with pytest.raises(ValueError, match=rf"\[{stray}\]"):
        INFO.classes(np.array([0, stray, 255]))


def test_labels_are_searched_for_words_whatever_their_case():
    assert INFO.containing(["INVALID"]) == (2,)
    assert INFO.containing(["bg", "background", "rnf"]) == (0, 1)
    assert INFO.containing([]) == ()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        {"0": {"value": 0}},
        {"0": "Background"},
        {"zero": {"value": 0, "label": "a"}},
        {"1": {"value": 0, "label": "a"}},
        {"0": {"value": 0, "label": "a"}, "2": {"value": 1, "label": "b"}},
        {"0": {"value": 7, "label": "a"}, "1": {"value": 7, "label": "b"}},
        {"0": {"value": -1, "label": "a"}},
    ],
)
def test_a_list_of_another_form_is_refused(tmp_path, content):
    with pytest.raises(ReadError):
        read_label_info(written(tmp_path, content))


def test_a_missing_list_is_refused(tmp_path):
    with pytest.raises(ReadError, match="not there"):
        read_label_info(tmp_path / "INFO.json")
