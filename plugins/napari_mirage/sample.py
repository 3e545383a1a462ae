"""Sample data contribution: the simulated eye."""

from __future__ import annotations

from napari_mirage.layers import LayerData, scan_layers


def simulated_eye() -> list[LayerData]:
    """Return the simulated eye with its true masks."""
    from mirage_core.simulate import demo_eye

    eye = demo_eye()
    layers = scan_layers(eye.scan)
    volume = layers[0][1]
    truth = {"name": f"true fluid · {volume['name']}", "scale": volume["scale"]}
    return [*layers, (eye.masks.labels, truth, "labels")]
