"""Fluid is shown where it is likeliest, in the strata it may fill, and nowhere else."""

import numpy as np

from mirage_core.engines.strata import decode
from mirage_core.model.store.known_schemes import AROI, scheme_for
from mirage_core.scan import FLUID_SCHEME
from tests.engines.strata.drawn import at_columns, gentle_curves, one_hot

SIZE = (200, 120)
CYST, PED, SRF = 5, 6, 7
VALUE = {c.name: c.value for c in FLUID_SCHEME}


def disc(size, z, x, half_z, half_x):
    """Return a filled ellipse given in parts of a grid of `size`."""
    rows, columns = ((np.arange(n) + 0.5) / n for n in size)
    return ((rows[:, None] - z) / half_z) ** 2 + ((columns - x) / half_x) ** 2 < 1


def classes_of(size, network):
    """Return AROI's layer classes on the grid `network` and the true curves on `size`."""
    curves = gentle_curves(*size, n=4)
    edges = at_columns(curves, network[1]) * network[0] / size[0]
    return one_hot(edges, network[0], (0, 1, 2, 3, 4), 8), curves


def decoded_from(classes, size=SIZE, sure=1.0, **more):
    others = (1 - sure) / 7
    hot = classes == np.arange(8)[:, None, None]
    probabilities = np.where(hot, sure, others)[None].astype(np.float32)
    return decode(probabilities, AROI, size, network_height=classes.shape[0], **more)


def dice(found, truth):
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_fluid_comes_back_on_the_original_grid_with_its_values():
    network = (512, 512)
    classes, curves = classes_of(SIZE, network)
    places = {CYST: (0.36, 0.3), SRF: (0.44, 0.6)}
    for index, (z, x) in places.items():
        classes[disc(network, z, x, 0.03, 0.08)] = index
    decoded = decoded_from(classes)
    labels = decoded.masks.labels[0]
    for index, (z, x) in places.items():
        value = VALUE[AROI.classes[index].mask]
        assert dice(labels == value, disc(SIZE, z, x, 0.03, 0.08)) > 0.95
    assert set(np.unique(labels)) == {0, VALUE["IRF"], VALUE["SRF"]}
    beside = np.delete(decoded.surfaces.values[:, 0] - curves, 1, axis=0)
    assert np.abs(beside).max() < 1  # fluid that touches a surface moves it by its rounding


def test_a_surface_that_fluid_swallows_lies_somewhere_inside_and_is_unsure():
    classes, curves = classes_of(SIZE, SIZE)
    inl = curves[1, 60]
    cyst = (np.abs(np.arange(SIZE[0]) + 0.5 - inl) < 6)[:, None] & (
        np.abs(np.arange(SIZE[1]) - 60) < 10
    )
    classes[cyst] = CYST
    decoded = decoded_from(classes)
    row = decoded.surfaces.index("IPL/INL")
    assert (decoded.confidence[row, 0, 52:69] < 0.5).all()
    assert (decoded.confidence[row, 0, :50] > 0.5).all()
    assert np.abs(decoded.surfaces.values[row, 0, 52:69] - inl).max() < 3
    assert np.array_equal(decoded.masks.labels[0] == VALUE["IRF"], cyst)


def test_fluid_where_it_cannot_be_is_not_shown():
    """A cyst in the vitreous and one under Bruch's membrane are mistakes of the network."""
    classes, curves = classes_of(SIZE, SIZE)
    for z in (0.1, 0.9):
        classes[disc(SIZE, z, 0.5, 0.04, 0.1)] = CYST
    decoded = decoded_from(classes)
    assert not decoded.masks.labels.any()
    assert np.abs(decoded.surfaces.values[:, 0] - curves).max() < 0.5


def test_layers_and_fluid_agree():
    classes, _ = classes_of(SIZE, SIZE)
    rng = np.random.default_rng(3)
    for index, z in ((CYST, 0.38), (PED, 0.48), (SRF, 0.44)):
        classes[disc(SIZE, z, rng.uniform(0.2, 0.8), 0.05, 0.12)] = index
    decoded = decoded_from(classes, sure=0.6)
    rows = np.arange(SIZE[0])[:, None]
    ilm, inl, rpe, bm = np.rint(decoded.surfaces.values[:, 0])
    labels = decoded.masks.labels[0]
    for kind, upper, lower in (("IRF", ilm, rpe), ("SRF", inl, rpe), ("PED", rpe, bm)):
        found = labels == VALUE[kind]
        assert found.any(), kind
        assert (found <= ((rows >= upper) & (rows < lower))).all(), kind


def test_a_class_that_is_not_the_likeliest_is_not_shown():
    classes, _ = classes_of(SIZE, SIZE)
    hot = (classes == np.arange(8)[:, None, None]).astype(np.float32)
    spot = disc(SIZE, 0.38, 0.5, 0.04, 0.1) & (classes == 2)
    for share, shown in ((0.45, False), (0.55, True)):
        probabilities = hot.copy()
        probabilities[2][spot], probabilities[CYST][spot] = 1 - share, share
        decoded = decode(probabilities[None], AROI, SIZE, network_height=SIZE[0])
        assert np.array_equal(decoded.masks.labels[0] == VALUE["IRF"], spot & shown)


def test_padding_holds_no_fluid():
    classes, _ = classes_of(SIZE, SIZE)
    classes[disc(SIZE, 0.38, 0.5, 0.04, 0.4)] = CYST
    padding = np.zeros((1, *SIZE), bool)
    padding[0, :, 30:40] = True
    labels = decoded_from(classes, padding=padding).masks.labels[0]
    has = (labels > 0).any(axis=0)
    assert not has[30:40].any()
    assert has[41:80].all()


def test_a_head_without_layers_gives_masks_alone():
    scheme = scheme_for(
        {0: 0, 60: 1, 120: 2, 180: 3}, {0: "Invalid", 1: "Background", 2: "IRF", 3: "DRUSEN"}
    )
    classes = np.ones((96, 96), int)
    spots = {2: disc((96, 96), 0.3, 0.3, 0.1, 0.1), 3: disc((96, 96), 0.7, 0.6, 0.08, 0.2)}
    for index, spot in spots.items():
        classes[spot] = index
    probabilities = (classes == np.arange(4)[:, None, None])[None].astype(np.float32)
    decoded = decode(probabilities, scheme, (96, 96), network_height=96)
    assert decoded.surfaces.names == ()
    labels = decoded.masks.labels[0]
    assert np.array_equal(labels == VALUE["IRF"], spots[2])
    assert np.array_equal(labels == VALUE["DRUSEN"], spots[3])


def test_a_band_of_rows_and_another_width_put_fluid_in_its_place():
    network, size = (400, 90), (200, 120)
    classes, _ = classes_of(size, network)
    classes[disc(network, 0.38, 0.5, 0.04, 0.2)] = CYST
    band = slice(83, 301)
    hot = (classes == np.arange(8)[:, None, None])[None].astype(np.float32)
    whole = decode(hot, AROI, size, network_height=400)
    part = decode(hot[:, :, band], AROI, size, network_height=400, rows=band)
    assert np.array_equal(part.masks.labels, whole.masks.labels)
    assert dice(whole.masks.labels[0] > 0, disc(size, 0.38, 0.5, 0.04, 0.2)) > 0.95
