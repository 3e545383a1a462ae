"""Layers and lesions told by softmaxes of their own."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mirage_core.engines.strata import decode
from mirage_core.model.store.scheme import LayerScheme, SchemeClass, parted_scheme
from mirage_core.scan import FLUID_SCHEME

SCHEME = parted_scheme("two parts", ("ILM", "ELM", "RPE", "BM"), ("IRF", "SRF", "PED"))
HEIGHT, WIDTH = 60, 8
DEPTHS = (10, 25, 40, 44)


def probabilities() -> np.ndarray:
    """Four surfaces, a cyst at rows 15..19 and a detachment at rows 30..35."""
    maps = np.full((1, SCHEME.n_classes, HEIGHT, WIDTH), 1e-3)
    for i, (top, bottom) in enumerate(zip((0, *DEPTHS), (*DEPTHS, HEIGHT), strict=True)):
        maps[0, i, top:bottom] = 1
    first = SCHEME.lesions_from
    assert first is not None
    maps[0, first] = 1
    maps[0, first, 15:20] = maps[0, first, 30:36] = 1e-3
    maps[0, first + 1, 15:20] = 1
    maps[0, first + 2, 30:36] = 1
    return maps


def decoded(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = decode(maps, SCHEME, (HEIGHT, WIDTH), network_height=HEIGHT)
    return found.surfaces.values[:, 0], found.masks.labels[0]


def test_a_lesion_moves_no_surface() -> None:
    maps = probabilities()
    surfaces, _ = decoded(maps)
    np.testing.assert_allclose(surfaces, np.array(DEPTHS)[:, None] * np.ones(WIDTH), atol=0.05)
    first = SCHEME.lesions_from
    maps[0, first:] = 1 / 4
    np.testing.assert_array_equal(decoded(maps)[0], surfaces)


def test_lesions_are_the_likeliest_of_their_own_part() -> None:
    _, labels = decoded(probabilities())
    irf, srf = (FLUID_SCHEME.by_name(n).value for n in ("IRF", "SRF"))
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[15:20], expected[30:36] = irf, srf
    np.testing.assert_array_equal(labels, expected)


def test_presence_is_how_likely_a_lesion_is_somewhere() -> None:
    maps = probabilities()
    first = SCHEME.lesions_from
    assert first is not None
    maps /= np.concatenate(
        [
            np.repeat(maps[:, q].sum(axis=1, keepdims=True), q.stop - q.start, 1)
            for q in SCHEME.parts
        ],
        axis=1,
    )
    maps[0, first + 3, 42:44, 2] = 0.4
    presence = decode(maps, SCHEME, (HEIGHT, WIDTH), network_height=HEIGHT).presence
    assert presence.shape == (3, 1)
    named = dict(zip(SCHEME.mask_classes, presence[:, 0], strict=True))
    assert named["IRF"] > 0.95
    assert named["SRF"] > 0.95
    assert 0.3 < named["PED"] < 0.5


def test_a_lesion_outside_its_strata_is_not_shown() -> None:
    maps = probabilities()
    first = SCHEME.lesions_from
    assert first is not None
    maps[0, first + 3] = 0
    maps[0, first + 3, 12:14] = 5.0  # a detachment in the inner retina
    _, labels = decoded(maps)
    assert not (labels == FLUID_SCHEME.by_name("PED").value).any()


def test_where_each_lesion_may_lie() -> None:
    assert {c.mask: SCHEME.strata_of(c.index) for c in SCHEME.classes if c.mask} == {
        "IRF": (1,),
        "SRF": (2,),
        "PED": (3,),
    }
    assert SCHEME.parts == (slice(0, 5), slice(5, 9))
    assert SCHEME.mask_classes == ("IRF", "SRF", "PED")


def test_it_is_kept_as_json() -> None:
    assert LayerScheme.model_validate_json(SCHEME.model_dump_json()) == SCHEME


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"lesions_from": 99}, "there is no class 99"),
        ({"lesions_from": 3}, "no part of a stratum"),
        ({"lesions_from": None}, "what they lie in"),
    ],
)
def test_parts_that_do_not_fit_are_refused(update: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LayerScheme.model_validate(SCHEME.model_dump() | update)


def test_a_lesion_lies_in_a_stratum_that_there_is() -> None:
    last = SCHEME.classes[-1].model_copy(update={"within": (9,)})
    classes: tuple[SchemeClass, ...] = (*SCHEME.classes[:-1], last)
    with pytest.raises(ValidationError, match="a stratum that there is not"):
        LayerScheme.model_validate(SCHEME.model_dump() | {"classes": classes})
