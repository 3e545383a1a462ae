"""What the decoder promises, on probabilities with known edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.engines.strata import decode
from mirage_core.model.store.known_schemes import AROI, GOALS, NR206, scheme_for
from mirage_core.scan import order_violations
from tests.engines.strata.drawn import SIX, at_columns, gentle_curves, one_hot, sigmoids

SIZE = (248, 96)


def drawn(size=SIZE, network=(256, 96), softness_px=0.6):
    """Return probabilities ``[1, 6, h, w]`` and the true curves ``[5, x]`` on `size`."""
    curves = gentle_curves(*size)
    edges = at_columns(curves, network[1]) * network[0] / size[0]
    return sigmoids(edges, network[0], softness_px)[None], curves


def errors(decoded, curves, b=0):
    return decoded.surfaces.values[:, b] - curves


@pytest.mark.parametrize("softness_px", [0.15, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("height", [248, 512, 885])
def test_crisp_edges_are_found_to_a_tenth_of_a_pixel(height, softness_px):
    probabilities, curves = drawn((height, 96), (512, 96), softness_px)
    decoded = decode(probabilities, SIX, (height, 96), network_height=512)
    assert np.abs(errors(decoded, curves)).max() <= 0.1


@pytest.mark.parametrize("network", [(512, 96), (256, 48), (256, 128), (248, 200), (124, 64)])
def test_any_network_grid_maps_back_without_an_offset(network):
    probabilities, curves = drawn(network=network)
    decoded = decode(probabilities, SIX, SIZE, network_height=network[0])
    error = errors(decoded, curves)[:, 2:-2]
    assert np.abs(error).max() <= 0.1
    assert np.abs(error.mean(axis=1)).max() <= 0.02


def test_a_pixel_that_lies_partly_below_an_edge_places_it_within():
    """30 % of row 100 below the edge: the edge is written 100.7."""
    below = np.zeros((248, 5))
    below[101:] = 1
    below[100] = 0.3
    scheme = scheme_for({0: 0, 1: 1}, {0: "Above ILM", 1: "Below ILM"})
    probabilities = np.stack([1 - below, below])[None].astype(np.float32)
    decoded = decode(probabilities, scheme, (248, 5), network_height=248)
    np.testing.assert_allclose(decoded.surfaces["ILM"][0], 100.7, atol=1e-3)


def test_hard_labels_give_their_edges():
    """Zeros everywhere else are no reason for NaN, in single or double precision."""
    edges = np.rint(gentle_curves(*SIZE))
    classes = one_hot(edges, SIZE[0], (0, 1, 2, 3, 4, 5), 6)
    for kind in (np.float16, np.float32, np.float64):
        probabilities = (classes == np.arange(6)[:, None, None])[None].astype(kind)
        decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0])
        np.testing.assert_allclose(errors(decoded, edges), 0, atol=1e-3)
        assert decoded.confidence.min() > 0.99


def test_a_band_of_rows_gives_what_the_whole_gives():
    probabilities, _ = drawn(network=(512, 96))
    whole = decode(probabilities, SIX, SIZE, network_height=512)
    band = slice(101, 402)
    part = decode(probabilities[:, :, band], SIX, SIZE, network_height=512, rows=band)
    np.testing.assert_allclose(part.surfaces.values, whole.surfaces.values, atol=1e-3)
    np.testing.assert_allclose(part.confidence, whole.confidence, atol=1e-3)


def test_a_surface_beyond_the_band_or_the_image_is_undefined():
    probabilities, curves = drawn(network=SIZE)
    top = int(curves[0].max()) + 2
    part = decode(
        probabilities[:, :, top:], SIX, SIZE, network_height=SIZE[0], rows=slice(top, None)
    )
    assert np.isnan(part.surfaces["ILM"]).all()
    assert np.isfinite(part.surfaces["BM"]).all()
    cut = decode(probabilities[:, :, top:], SIX, (SIZE[0] - top, 96), network_height=SIZE[0] - top)
    assert np.isnan(cut.surfaces["ILM"]).all()
    np.testing.assert_allclose(cut.surfaces["BM"][0], curves[4] - top, atol=0.05)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**20),
    st.floats(0.1, 30),
    st.floats(0, 0.5),
    st.sampled_from([AROI, GOALS, NR206, SIX]),
    st.tuples(st.integers(12, 60), st.integers(3, 20)),
    st.tuples(st.integers(12, 60), st.integers(3, 20)),
)
def test_surfaces_never_cross_whatever_the_network_says(
    seed, strength, zeros, scheme, network, size
):
    rng = np.random.default_rng(seed)
    logits = strength * rng.normal(size=(2, scheme.n_classes, *network))
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities *= rng.random(probabilities.shape) >= zeros
    decoded = decode(probabilities, scheme, size, network_height=network[0])
    values = decoded.surfaces.values
    assert values.shape == (len(scheme.surface_names), 2, size[1])
    assert not order_violations(values).any()
    finite = np.isfinite(values)
    assert ((values[finite] >= 0) & (values[finite] <= size[0])).all()
    assert np.array_equal(np.isfinite(decoded.confidence), finite)
    sure = decoded.confidence[finite]
    assert ((sure >= 0) & (sure <= 1)).all()


def test_softer_edges_are_less_sure():
    confidence = []
    for softness_px in (0.3, 3, 12, 40):
        probabilities, _ = drawn(network=SIZE, softness_px=softness_px)
        decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0])
        confidence.append(np.nanmean(decoded.confidence))
    assert confidence == sorted(confidence, reverse=True)
    assert confidence[0] > 0.95
    assert confidence[2] < 0.5


def test_confidence_does_not_depend_on_the_resolution_of_the_network():
    found = []
    for height in (248, 496, 992):
        probabilities, _ = drawn(network=(height, 96), softness_px=2.0 * height / 248)
        found.append(decode(probabilities, SIX, SIZE, network_height=height).confidence)
    np.testing.assert_allclose(found[1], found[0], atol=0.02)
    np.testing.assert_allclose(found[2], found[0], atol=0.02)


def test_a_second_less_likely_place_does_not_draw_the_surface_into_the_middle():
    """Row 60 is three times as likely as row 140; their mean would be row 80."""
    scheme = scheme_for({0: 0, 1: 1}, {0: "Above ILM", 1: "Below ILM"})
    evidence = np.zeros((200, 4))
    evidence[:60], evidence[60:65] = -5, 5
    evidence[135:140], evidence[140:] = -(25 - np.log(3)) / 5, 5
    below = 1 / (1 + np.exp(-evidence))
    decoded = decode(np.stack([1 - below, below])[None], scheme, (200, 4), network_height=200)
    np.testing.assert_allclose(decoded.surfaces["ILM"], 60, atol=1.2)
    np.testing.assert_allclose(decoded.confidence, 0.75, atol=0.03)


def test_one_class_may_lie_above_between_and_below_layers():
    """GOALS calls vitreous, outer retina and sclera alike "Elsewhere"."""
    curves = gentle_curves(*SIZE)
    edges = curves * 512 / SIZE[0]
    classes = one_hot(edges, 512, (0, 1, 2, 0, 3, 0), 4)
    probabilities = (classes == np.arange(4)[:, None, None])[None].astype(np.float32)
    decoded = decode(probabilities, GOALS, SIZE, network_height=512)
    assert decoded.surfaces.names == ("ILM", "RNFL/GCL", "IPL/INL", "BM", "CSI")
    assert np.abs(errors(decoded, curves)).max() <= 0.5 * SIZE[0] / 512 + 0.01


def test_the_ends_of_a_layer_missing_between_the_same_class_are_undefined():
    """Without choroid nothing tells where BM lies; the inner layers are still found."""
    curves = gentle_curves(*SIZE)
    classes = one_hot(curves, SIZE[0], (0, 1, 2, 0, 3, 0), 4)
    classes[:, 40:60][classes[:, 40:60] == 3] = 0
    probabilities = (classes == np.arange(4)[:, None, None])[None].astype(np.float32)
    decoded = decode(probabilities, GOALS, SIZE, network_height=SIZE[0])
    values = decoded.surfaces.values[:, 0]
    assert np.isnan(values[3:, 40:60]).all()
    assert np.isfinite(values[:3]).all()
    assert np.isfinite(values[:, 60:]).all()


def test_an_a_scan_without_retina_has_no_surfaces():
    probabilities, _ = drawn(network=SIZE)
    only_vitreous, only_beneath, no_retina = 10, 20, 30
    for column in (only_vitreous, only_beneath, no_retina):
        probabilities[0, :, :, column] = 0
    probabilities[0, 0, :, only_vitreous] = 1
    probabilities[0, 5, :, only_beneath] = 1
    probabilities[0, 0, :100, no_retina] = 1
    probabilities[0, 5, 100:, no_retina] = 1
    decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0])
    missing = np.isnan(decoded.surfaces.values[:, 0])
    expected = np.zeros_like(missing)
    expected[:, [only_vitreous, only_beneath, no_retina]] = True
    assert np.array_equal(missing, expected)


def test_a_layer_without_thickness_leaves_the_others_where_they_are():
    """As nerve fibres at the pit, or RPE to BM in atrophy."""
    curves = gentle_curves(*SIZE)
    curves[1] = curves[0]
    probabilities = sigmoids(curves, SIZE[0], 0.4)[None]
    decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0])
    error = np.abs(errors(decoded, curves))
    assert error[2:].max() <= 0.1
    assert error[:2].max() <= 1


@pytest.mark.parametrize("says", range(6))
def test_what_the_network_says_of_padding_is_not_looked_at(says):
    """There is more padding than retina, so listening to it would cost every surface."""
    probabilities, curves = drawn(network=SIZE)
    rows = np.arange(SIZE[0])[:, None]
    padding = ((rows < curves[0] - 6) | (rows > curves[4] + 6))[None]
    padding[0, :, :7] = True
    probabilities[np.broadcast_to(padding[:, None], probabilities.shape)] = 0
    probabilities[0, says][padding[0]] = 1
    decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0], padding=padding)
    assert np.isnan(decoded.surfaces.values[:, 0, :7]).all()
    assert np.abs(errors(decoded, curves)[:, 7:]).max() <= 0.1


def test_a_surface_inside_padding_is_undefined():
    probabilities, curves = drawn(network=SIZE)
    padding = np.zeros((1, *SIZE), bool)
    padding[0, :, 30:50] = (np.arange(SIZE[0])[:, None] < curves[0] + 8)[:, 30:50]
    decoded = decode(probabilities, SIX, SIZE, network_height=SIZE[0], padding=padding)
    assert np.isnan(decoded.surfaces["ILM"][0, 30:50]).all()
    assert np.isfinite(decoded.surfaces["ILM"][0, :30]).all()
    assert np.abs(errors(decoded, curves)[1:]).max() <= 0.1


def test_an_unknown_scheme_gives_nothing_rather_than_something_wrong():
    scheme = scheme_for({0: 0, 7: 1, 99: 2})
    probabilities = np.full((2, 3, 32, 16), 1 / 3, np.float32)
    decoded = decode(probabilities, scheme, (20, 10), network_height=32)
    assert decoded.surfaces.values.shape == (0, 2, 10)
    assert decoded.confidence.shape == (0, 2, 10)
    assert decoded.masks.labels.shape == (2, 20, 10)
    assert not decoded.masks.labels.any()


def test_what_does_not_fit_is_refused():
    probabilities, _ = drawn(network=SIZE)
    with pytest.raises(ValueError, match=r"of the classes of AROI"):
        decode(probabilities, AROI, SIZE, network_height=SIZE[0])
    with pytest.raises(ValueError, match="rows of probabilities"):
        decode(probabilities, SIX, SIZE, network_height=512)
    with pytest.raises(ValueError, match="rows of probabilities"):
        decode(probabilities, SIX, SIZE, network_height=512, rows=slice(0, 512, 2))
    with pytest.raises(ValueError, match="padding must be"):
        decode(probabilities, SIX, SIZE, network_height=SIZE[0], padding=np.zeros((1, 9, 9), bool))
    probabilities[0, 2, 120, 40] = np.nan
    with pytest.raises(ValueError, match="B-scan 0 hold NaN"):
        decode(probabilities, SIX, SIZE, network_height=SIZE[0])
