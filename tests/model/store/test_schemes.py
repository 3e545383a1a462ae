"""What the classes of a head are: known sets, our own labels, and honesty about the rest."""

import json

import pytest
from pydantic import ValidationError

from mirage_core.io.export_mirage import TrainingScheme
from mirage_core.model.store.known_schemes import (
    AROI,
    DUKE_IAMD,
    GOALS,
    KNOWN_SCHEMES,
    NR206,
    scheme_for,
)
from mirage_core.model.store.scheme import LayerScheme, SchemeClass, layered_scheme
from mirage_core.scan import FLUID_SCHEME, SURFACE_KINDS


def labels_of(scheme):
    return {c.index: c.label for c in scheme.classes}


def mapping_of(scheme):
    return {c.value: c.index for c in scheme.classes}


@pytest.mark.parametrize("scheme", KNOWN_SCHEMES, ids=lambda s: s.name)
def test_a_scheme_survives_a_model_card(scheme):
    stored = json.loads(json.dumps(scheme.model_dump(mode="json")))
    assert LayerScheme.model_validate(stored) == scheme


@pytest.mark.parametrize("scheme", [AROI, DUKE_IAMD, GOALS], ids=lambda s: s.name)
def test_a_published_set_is_known_by_its_greys_and_that_is_said(scheme):
    found = scheme_for(mapping_of(scheme))
    assert found.model_copy(update={"remark": ""}) == scheme
    assert scheme.name in found.remark


@pytest.mark.parametrize("scheme", KNOWN_SCHEMES, ids=lambda s: s.name)
def test_a_published_set_is_known_by_its_labels_without_a_remark(scheme):
    assert scheme_for(mapping_of(scheme), labels_of(scheme)) == scheme


def test_class_numbers_are_those_of_the_model():
    mapping = {255: 0, 160: 1, 80: 2, 0: 3}
    found = scheme_for(mapping)
    assert found.strata == ((3,), (2,), (1,), (3,), (0,), (3,))
    assert [c.label for c in found.classes] == ["Choroid", "GCIPL", "RNFL", "Elsewhere"]


def test_fluid_lies_where_anatomy_puts_it():
    assert AROI.strata == ((0,), (1, 5), (2, 5, 7), (3, 6), (4,))
    assert AROI.mask_classes == ("IRF", "SRF", "PED")
    assert AROI.strata_of(5) == (1, 2)


def test_what_is_invalid_says_nothing_about_layers():
    assert DUKE_IAMD.strata_of(0) == ()
    assert DUKE_IAMD.surface_names == ("ILM", "RPE", "BM")


def test_classes_numbered_from_nought_are_not_taken_for_nr206():
    """Any set of nine classes may be numbered so."""
    found = scheme_for({i: i for i in range(9)})
    assert found.strata == ()
    assert "not known" in found.remark
    assert NR206.surface_names[0] == "ILM"


@pytest.mark.parametrize(
    "surfaces",
    [("ILM", "RPE", "BM"), ("ILM", "BM"), ("BM",), tuple(k.name for k in SURFACE_KINDS)],
)
@pytest.mark.parametrize("classes", [(), ("IRF",), tuple(c.name for c in FLUID_SCHEME)])
def test_a_model_taught_from_an_exported_folder_is_understood(surfaces, classes):
    exported = TrainingScheme(surfaces, classes)
    info = exported.info()
    mapping = {int(entry["value"]): int(index) for index, entry in info.items()}
    labels = {int(index): str(entry["label"]) for index, entry in info.items()}
    found = scheme_for(mapping, labels)
    assert found.surface_names == surfaces
    assert found.mask_classes == classes
    assert found.strata_of(0) == ()  # Invalid
    assert not found.remark


def test_labels_decide_even_where_the_greys_are_those_of_another_set():
    """Five labels of an exported folder have the greys of Duke iAMD."""
    exported = TrainingScheme(("ILM", "BM"), ("IRF",))
    info = exported.info()
    mapping = {int(entry["value"]): int(index) for index, entry in info.items()}
    assert set(mapping) == {c.value for c in DUKE_IAMD.classes}
    found = scheme_for(mapping, {int(i): str(e["label"]) for i, e in info.items()})
    assert found.surface_names == ("ILM", "BM")
    assert found.mask_classes == ("IRF",)


def test_an_exported_folder_of_masks_alone_gives_masks_alone():
    info = TrainingScheme((), ("IRF", "SRF")).info()
    mapping = {int(entry["value"]): int(index) for index, entry in info.items()}
    found = scheme_for(mapping, {int(i): str(e["label"]) for i, e in info.items()})
    assert found.surfaces == ()
    assert found.strata == ((1, 2, 3),)


def test_a_class_nobody_knows_is_named_and_not_shown():
    labels = {0: "Above ILM", 1: "ILM-BM", 2: "Below BM", 3: "Drusenoid something"}
    found = scheme_for({0: 0, 1: 1, 2: 2, 3: 3}, labels)
    assert found.surface_names == ("ILM", "BM")
    assert found.strata_of(3) == ()
    assert found.mask_classes == ()
    assert "Drusenoid something" in found.remark


@pytest.mark.parametrize(
    "labels",
    [
        {0: "Above ILM", 1: "RPE-BM", 2: "Below BM"},
        {0: "Above ILM", 1: "ILM-BM", 2: "Background"},
        {0: "sky", 1: "sea", 2: "land"},
        {0: "Above ILM", 1: "ILM-Nowhere", 2: "Below Nowhere"},
        {},
    ],
)
def test_labels_that_make_no_whole_retina_give_nothing(labels):
    found = scheme_for({0: 0, 80: 1, 160: 2}, labels)
    assert found.strata == ()
    assert found.surface_names == ()
    assert found.mask_classes == ()
    assert "Name them" in found.remark


def test_mappings_that_are_none_are_refused():
    for mapping in ({}, {0: 0, 5: 2}, {0: 0, 5: 0}):
        with pytest.raises(ValueError, match="class indices"):
            scheme_for(mapping)
    with pytest.raises(ValueError, match="labels of classes"):
        scheme_for({0: 0, 5: 1}, {2: "BM"})


CLASSES = tuple(SchemeClass(index=i, value=i) for i in range(3))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"strata": ((0,), (1,)), "surfaces": ()}, "surfaces between"),
        ({"strata": ((0,), (5,)), "surfaces": ("ILM",)}, "at least one class"),
        ({"strata": ((0,), ()), "surfaces": ("ILM",)}, "at least one class"),
        ({"strata": ((0, 1), (1, 0)), "surfaces": ("ILM",)}, "same classes"),
        ({"strata": ((0,), (1,)), "surfaces": ("Skin",)}, "no surface called Skin"),
        ({"strata": ((0,), (1,), (2,)), "surfaces": ("BM", "ILM")}, "not in order"),
        ({"classes": CLASSES[1:]}, "listed by index"),
        ({"classes": (CLASSES[0], SchemeClass(index=1, value=0))}, "share a grey value"),
        ({"classes": (SchemeClass(index=0, value=0, mask="IRF"),)}, "lies in no stratum"),
        ({"classes": (SchemeClass(index=0, value=0, mask="Rust"),)}, "no fluid or lesion"),
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused(fields, why):
    with pytest.raises(ValidationError, match=why):
        LayerScheme(**{"name": "x", "classes": CLASSES, **fields})


def test_beside_a_surface_without_a_name_every_lesion_may_lie():
    found = layered_scheme(
        "x", ((0, "a"), (1, "b"), (2, "c"), (3, "cyst")), (0, 1, 2), ("ILM", None), {3: "PED"}
    )
    assert found.strata == ((0,), (1, 3), (2, 3))
    assert found.surface_names == ("ILM",)
