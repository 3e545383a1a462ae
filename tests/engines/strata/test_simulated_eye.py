"""From labels of a simulated eye at a network's size back to its true surfaces and masks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from mirage_core.engines.strata import decode
from mirage_core.measure.agreement import dice
from mirage_core.model.store.known_schemes import AROI, NR206
from mirage_core.scan import FLUID_SCHEME, order_violations
from mirage_core.simulate import EyeParameters, simulate_eye
from tests.engines.strata.drawn import at_columns, one_hot

NETWORK = 1024
B_SCAN = 2
AROI_LAYERS = (0, 1, 2, 3, 4)
NR206_LAYERS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 0)
AROI_LESIONS = {"IRF": 5, "PED": 6, "SRF": 7}


@pytest.fixture(scope="module")
def eye():
    return simulate_eye(replace(EyeParameters(), shape=(5, 496, 512)), seed=7)


def truth(eye, scheme):
    return np.stack([eye.surfaces[name][B_SCAN] for name in scheme.surface_names])


def labels_at_network_size(eye, scheme, layers):
    height, width = eye.scan.shape[1:]
    edges = at_columns(truth(eye, scheme), NETWORK) * NETWORK / height
    classes = one_hot(edges, NETWORK, layers, scheme.n_classes)
    if scheme is AROI:
        rows, columns = ((2 * np.arange(NETWORK) + 1) * n // (2 * NETWORK) for n in (height, width))
        lesions = eye.masks.labels[B_SCAN][np.ix_(rows, columns)]
        for name, index in AROI_LESIONS.items():
            classes[lesions == FLUID_SCHEME.by_name(name).value] = index
    return classes


def blurred(classes, n_classes, sigma_px=1.0):
    hot = (classes == np.arange(n_classes)[:, None, None]).astype(np.float32)
    return np.stack([ndimage.gaussian_filter(plane, sigma_px, mode="nearest") for plane in hot])


@pytest.mark.parametrize(("scheme", "layers"), [(AROI, AROI_LAYERS), (NR206, NR206_LAYERS)])
def test_surfaces_are_within_a_third_of_a_pixel_of_the_truth(eye, scheme, layers):
    classes = labels_at_network_size(eye, scheme, layers)
    probabilities = blurred(classes, scheme.n_classes)[None]
    decoded = decode(probabilities, scheme, eye.scan.shape[1:], network_height=NETWORK)
    error = np.abs(decoded.surfaces.values[:, 0] - truth(eye, scheme))
    # Labels round every edge to half a network pixel, a quarter of an original one.
    assert (np.percentile(error, 99, axis=1) < 0.3).all()
    assert (error.mean(axis=1) < 0.1).all()


def test_fluid_is_found_and_nothing_else(eye):
    classes = labels_at_network_size(eye, AROI, AROI_LAYERS)
    probabilities = blurred(classes, AROI.n_classes)[None]
    found = decode(probabilities, AROI, eye.scan.shape[1:], network_height=NETWORK).masks.labels[0]
    true = eye.masks.labels[B_SCAN]
    present = [n for n in AROI_LESIONS if (true == FLUID_SCHEME.by_name(n).value).any()]
    assert len(present) >= 2
    for name in present:
        value = FLUID_SCHEME.by_name(name).value
        assert dice(found == value, true == value) > 0.98, name
    shown = {0, *(FLUID_SCHEME.by_name(n).value for n in present)}
    assert set(np.unique(found)) <= shown


def test_strong_noise_leaves_the_order_and_most_of_the_place(eye):
    classes = labels_at_network_size(eye, AROI, AROI_LAYERS)
    rng = np.random.default_rng(0)
    coarse = 4 * rng.standard_normal((AROI.n_classes, NETWORK // 8, NETWORK // 8), np.float32)
    noise = coarse.repeat(8, axis=1).repeat(8, axis=2)
    logits = np.log(blurred(classes, AROI.n_classes, 2.0) + np.float32(1e-4)) + noise
    probabilities = np.exp(logits - logits.max(axis=0))
    probabilities /= probabilities.sum(axis=0)
    decoded = decode(probabilities[None], AROI, eye.scan.shape[1:], network_height=NETWORK)
    values = decoded.surfaces.values
    assert not order_violations(values).any()
    assert np.isfinite(values).mean() > 0.95
    assert np.nanmean(np.abs(values[:, 0] - truth(eye, AROI))) < 3
