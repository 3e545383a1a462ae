"""A session in a viewer: layers, steps, what lies over the image, and coming and going."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Session, State, ToolRunner
from mirage_core.io import ReadError
from mirage_core.scan import ArrayPixels, Scan, Spacing
from tests.plugins.napari.hands import SHAPE, Hands, make_scan, make_session

ILM = 0


class Counting(ArrayPixels):
    """Counts what is read of it; B-scan 3 cannot be."""

    def __init__(self, damaged: int = -1) -> None:
        super().__init__(np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8))
        self.read: list[int] = []
        self._damaged = damaged

    def display(self, b: int) -> Any:
        self.read.append(b)
        if b == self._damaged:
            raise ReadError("eye.vol", "It is damaged.", "Copy it again.")
        return super().display(b)


def _color_at(hands: Hands, z: float, x: float) -> tuple[int, ...]:
    """Return what is on the screen at an image point, red, green, blue."""
    hands.settle()
    shot = hands.viewer.window._qt_viewer.canvas.screenshot()
    ratio = shot.width() / hands.widget.width()
    place = hands.place(z, x)
    return shot.pixelColor(round(place.x() * ratio), round(place.y() * ratio)).getRgb()[:3]


def test_layers_carry_scale_units_names_and_provenance(hands: Hands) -> None:
    image, masks = hands.viewer.layers
    assert [layer._type_string for layer in (image, masks)] == ["image", "labels"]
    for layer in (image, masks):
        assert tuple(layer.scale) == (0.12, 0.004, 0.006)
        assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
        assert tuple(layer.axis_labels) == ("B-scan", "z", "x")
    assert image.metadata["spacing"]["x"] == {"mm": 0.006, "source": "file"}
    assert masks.data.dtype == np.uint8
    assert masks.metadata["classes"][1] == "IRF"
    color = masks.get_color(2)
    np.testing.assert_allclose(color[:3], np.array((60, 220, 130)) / 255, atol=1e-3)
    assert hands.viewer.layers.extent.units is not None


def test_showing_reads_what_is_seen_and_looks_ahead_but_never_all(viewer: Any) -> None:
    pixels = Counting()
    volume = np.zeros((60, *SHAPE[1:]), np.uint8)
    pixels._volume = volume
    hands = Hands(viewer, Session(Scan(pixels)))
    hands.step(20)
    # 29 is where napari puts its slider when an image comes.
    assert set(pixels.read) <= {0, 1, 2, 3, 19, 20, 21, 22, 23, 29}
    hands.close()


def test_the_slider_leads_and_a_step_from_elsewhere_is_not_echoed(hands: Hands) -> None:
    picked: list[int] = []
    hands.canvas.b_picked.connect(picked.append)
    hands.step(3)
    assert (picked, hands.canvas.b) == ([3], 3)
    hands.canvas.show_b_scan(1)
    assert hands.viewer.dims.current_step[0] == 1
    hands.canvas.show_b_scan(99)
    assert hands.viewer.dims.current_step[0] == SHAPE[0] - 1
    assert picked == [3]


def test_a_slider_of_a_viewer_with_more_dimensions_leads_too(hands: Hands) -> None:
    # A layer of the user's own, with time or channels before everything else.
    hands.viewer.add_image(
        np.zeros((2, *SHAPE), np.uint8), scale=(1, *hands.masks.scale), units=("s", *["mm"] * 3)
    )
    hands.viewer.dims.set_current_step(1, 2)
    hands.settle()
    assert hands.canvas.b == 2
    hands.canvas.show_b_scan(4)
    assert hands.viewer.dims.current_step[1] == 4


def test_surfaces_lie_where_they_belong_in_their_colours(hands: Hands) -> None:
    hands.canvas.set_crosshair_visible(False)
    hands.canvas.set_active_surface(ILM)
    red, _, blue = _color_at(hands, 20, 48)
    assert red > 150 > blue  # orange
    assert max(_color_at(hands, 10, 48)) < 130
    hands.canvas.set_surface_visible(ILM, False)
    assert max(_color_at(hands, 20, 48)) < 130
    hands.canvas.set_surface_visible(ILM, True)
    hands.canvas.set_surfaces_visible(False)
    assert max(_color_at(hands, 20, 48)) < 130


def test_surfaces_follow_when_the_layers_are_scaled(hands: Hands) -> None:
    from mirage_viewer.canvas.image_view import AspectMode

    hands.canvas.set_crosshair_visible(False)
    hands.canvas.set_active_surface(ILM)
    hands.canvas.set_aspect(AspectMode.PX)
    assert tuple(hands.masks.scale) == (1, 1, 1)
    assert _color_at(hands, 20, 48)[0] > 150
    hands.session.scan = hands.session.scan.with_spacing(Spacing.from_mm(0.1, 0.008, 0.006))
    hands.canvas.set_aspect(AspectMode.UM)
    hands.canvas.refresh_spacing()
    assert tuple(hands.masks.scale) == (0.1, 0.008, 0.006)
    assert hands.viewer.layers[0].metadata["spacing"]["z"]["mm"] == 0.008
    assert _color_at(hands, 20, 48)[0] > 150


def test_an_edit_moves_the_surface_shown(hands: Hands) -> None:
    draft = hands.session.draft(0)
    draft.curves[ILM] = 12
    hands.session.commit(draft, "pen", "Pen")
    assert (hands.canvas._picture.surfaces.curves[ILM] == 12).all()
    hands.session.undo()
    assert (hands.canvas._picture.surfaces.curves[ILM] == 20).all()


def test_unsure_stretches_are_dashed_on_request(hands: Hands) -> None:
    hands.session.annotation.confidence[ILM, 0, :48] = 0.2
    hands.canvas.show_b_scan(0)
    dashed = hands.canvas._picture.surfaces._dashed
    assert dashed[ILM, :48].all()
    assert not dashed[ILM, 48:].any()
    hands.canvas.set_confidence_visible(False)
    assert not hands.canvas._picture.surfaces._dashed.any()


def test_nothing_lies_over_the_image_in_three_dimensions_or_along_other_axes(
    hands: Hands,
) -> None:
    scene = hands.canvas._scene
    assert scene.root.parent is not None
    hands.viewer.dims.ndisplay = 3
    hands.settle()
    assert scene.root.parent is None
    hands.viewer.dims.ndisplay = 2
    hands.settle()
    assert scene.root.parent is not None
    hands.viewer.dims.order = (1, 0, 2)
    hands.settle()
    assert scene.root.parent is None
    hands.viewer.dims.order = (0, 1, 2)
    hands.settle()
    hands.canvas.set_crosshair_visible(False)
    hands.canvas.set_active_surface(ILM)
    assert _color_at(hands, 20, 48)[0] > 150


def test_offers_are_dashed_and_what_they_take_away_is_striped(hands: Hands) -> None:
    hands.masks.paint((0, 30, 30), 2)
    curves = np.full((len(hands.session.annotation.surfaces.names), SHAPE[2]), np.nan, np.float32)
    curves[2] = 25
    mask = np.zeros(SHAPE[1:], np.uint8)
    mask[40:45, 40:45] = 1
    picture = hands.canvas._picture
    hands.canvas.set_offered(curves, mask)
    assert picture.offered.visible
    assert picture.offered_mask.visible
    assert picture.leaving.item.marked
    hands.canvas.set_offered(None, None)
    assert not picture.offered.visible
    assert not picture.offered_mask.visible
    assert not picture.leaving.visible


def test_a_comparison_is_laid_over_and_may_cover_the_work(hands: Hands) -> None:
    from mirage_viewer.two_answers import Answer, laid_over

    curves = hands.session.annotation.surfaces.values[:, 0]
    labels = np.zeros(SHAPE[1:], np.uint8)
    other = labels.copy()
    other[40:45, 40:45] = 1
    compared = laid_over(
        Answer(curves + 3, labels), Answer(curves - 3, other), Answer(curves, labels), 2.0
    )
    marks = hands.canvas._picture.comparison
    hands.canvas.set_compared(compared, "Ann", "Bob", alone=True)
    assert hands.canvas.covered
    assert hands.canvas.legend == ("Ann", "Bob")
    assert hands.canvas._badges.upper.words[-2:] == ("Ann", "Bob")
    assert marks.ones.visible
    assert marks.others.visible
    assert marks.shade.visible
    assert marks.stripes.visible
    assert not hands.masks.visible
    assert not hands.canvas._picture.surfaces.visible
    hands.canvas.set_compared(None)
    assert not hands.canvas.covered
    assert hands.masks.visible
    assert hands.canvas._picture.surfaces.visible
    assert not marks.ones.visible
    assert not marks.shade.visible


def test_pictures_of_models_are_seen_on_their_own_b_scan_and_named(hands: Hands) -> None:
    from mirage_viewer.canvas.imagined_item import Overlay

    heat = np.linspace(0, 1, SHAPE[1] * SHAPE[2], dtype=np.float32).reshape(SHAPE[1:])
    hands.canvas.set_evidence(1, heat, "DME", "Classes 1")
    overlay = Overlay(np.full(SHAPE[1:], 90, np.uint8), None, "MIRAGE", is_map=False)
    hands.canvas.set_imagined(0, overlay)
    assert hands.canvas.imagined is overlay
    assert hands.canvas.evidence == ""
    hands.step(1)
    assert hands.canvas.imagined is None
    assert hands.canvas.evidence == "What speaks for DME (Classes 1)"
    hands.canvas.set_evidence(-1, None)
    assert hands.canvas.evidence == ""


def test_masks_are_hidden_by_the_panel_or_by_their_eye_and_stay_so(hands: Hands) -> None:
    hands.masks.visible = False
    hands.step(1)
    assert not hands.masks.visible
    hands.masks.visible = True
    hands.canvas.set_mask_visible(False)
    assert not hands.masks.visible
    hands.canvas.set_mask_visible(True)
    assert hands.masks.visible
    hands.canvas.set_mask_opacity(0.7)
    assert hands.masks.opacity == pytest.approx(0.7)


def test_marks_where_their_class_cannot_be_are_striped(hands: Hands) -> None:
    values = hands.session.annotation.surfaces.values
    values[hands.session.annotation.surfaces.names.index("BM")] = 50
    hands.masks.paint((0, 60, 40), 1)  # fluid in the choroid
    hands.settle()
    assert hands.canvas._picture.misplaced.visible
    hands.masks.undo()
    hands.settle()
    assert not hands.canvas._picture.misplaced.visible


def test_grey_levels_are_shared_with_the_layer(hands: Hands) -> None:
    told: list[tuple[int, int]] = []
    hands.canvas.contrast_changed.connect(lambda low, high: told.append((low, high)))
    image = hands.viewer.layers[0]
    hands.canvas.set_contrast(20, 180, 0.8)
    assert tuple(image.contrast_limits) == (20, 180)
    assert image.gamma == pytest.approx(0.8)
    image.contrast_limits = (30, 150)
    assert hands.canvas.contrast == (30, 150)
    assert told == [(20, 180), (30, 150)]
    hands.canvas.auto_contrast()
    assert hands.canvas.contrast != (30, 150)


def test_the_badges_say_where_one_is_and_how_far_it_got(hands: Hands) -> None:
    words = hands.canvas._badges.upper.words
    assert words == ("B-scan 1 / 5", "not segmented")
    hands.session.set_state([0], State.APPROVED, ["ILM"])
    hands.canvas.set_whose("consensus")
    assert hands.canvas._badges.upper.words == ("B-scan 1 / 5", "approved ✓", "consensus")


def test_a_b_scan_that_cannot_be_read_is_said_and_not_drawn_on(viewer: Any) -> None:
    from mirage_core.annotate.tools.brush import Brush

    hands = Hands(viewer, make_session(Scan(Counting(damaged=3))))
    assert hands.runner is not None
    hands.step(3)
    assert "damaged" in hands.canvas.problem
    assert "B-scan 4 cannot be shown" in hands.canvas._badges.upper.words[2]
    assert hands.canvas.runner is None
    assert not hands.canvas._picture.surfaces.visible
    hands.runner.take(Brush())
    hands.drag([(30, 20), (30, 40)])
    assert not hands.labels.any()
    hands.step(2)
    assert hands.canvas.problem == ""
    assert hands.canvas._picture.surfaces.visible
    hands.close()


def test_zoom_keeps_to_columns_and_the_whole_image(hands: Hands) -> None:
    hands.canvas.actual_pixels()
    assert hands.place(0, 50).x() - hands.place(0, 0).x() == pytest.approx(50, abs=1)
    hands.canvas.zoom_by(2)
    assert hands.place(0, 50).x() - hands.place(0, 0).x() == pytest.approx(100, abs=1)
    hands.canvas.fit()
    for corner in ((0, 0), (SHAPE[1] - 1, SHAPE[2] - 1)):
        assert hands.widget.rect().contains(hands.place(*corner))


def test_a_layer_that_a_reader_made_is_used_and_stays_when_the_canvas_goes(
    viewer: Any, tmp_path: Path
) -> None:
    from napari_mirage.reader import get_reader

    path = tmp_path / "eye.npy"
    np.save(path, np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8))
    read = get_reader(str(path))
    assert read is not None
    for data, options, kind in read(str(path)):
        getattr(viewer, f"add_{kind}")(data, **options)
    (made,) = viewer.layers
    mine = viewer.add_points(np.zeros((1, 3)))
    hands = Hands(viewer, make_session(made.data.scan))
    assert hands.canvas._layers.image is made
    assert len(viewer.layers) == 3
    hands.canvas.set_session(make_session(make_scan(2)), None)
    assert made in viewer.layers
    assert not made.visible
    hands.close()
    assert list(viewer.layers) == [made, mine]


def test_becoming_editable_keeps_layers_and_place(viewer: Any) -> None:
    hands = Hands(viewer, read_only=True)
    layers = list(viewer.layers)
    hands.step(2)
    runner = ToolRunner(hands.session)
    hands.canvas.set_session(hands.session, runner, 2)
    assert list(viewer.layers) == layers
    assert hands.canvas.b == 2
    hands.masks.paint((2, 20, 20), 2)
    assert hands.labels[2].any()
    hands.close()


def test_removing_the_image_is_closing_the_scan(hands: Hands) -> None:
    gone: list[bool] = []
    hands.canvas.image_gone.connect(lambda: gone.append(True))
    hands.masks.paint((0, 20, 20), 2)
    hands.viewer.layers.clear()
    hands.settle()
    assert gone == [True]
    assert not hands.viewer.layers
    hands.canvas.set_session(hands.session, hands.runner)
    hands.settle()
    assert hands.same()
    assert hands.masks.data.any()


@pytest.mark.parametrize("image_first", [True, False])
def test_deleting_image_and_masks_together_closes_the_scan(hands: Hands, image_first: bool) -> None:
    gone: list[bool] = []
    hands.canvas.image_gone.connect(lambda: gone.append(True))
    layers = hands.viewer.layers
    both = [hands.canvas._layers.image, hands.masks]
    for layer in both if image_first else both[::-1]:
        layers.pop(layers.index(layer))  # as napari's button does, in no order of its own
    hands.settle()
    assert gone == [True]
    assert not layers
    assert hands.said == []


def test_closing_takes_everything_back_and_leaves_no_callback(viewer: Any) -> None:
    def connections() -> list[int]:
        dims, layers, camera = viewer.dims.events, viewer.layers.events, viewer.scene.camera.events
        return [
            len(viewer.mouse_drag_callbacks),
            len(viewer.mouse_move_callbacks),
            len(viewer.mouse_double_click_callbacks),
            *[len(e.callbacks) for e in (dims.current_step, dims.ndisplay, dims.order)],
            *[len(e.callbacks) for e in (layers.removed, layers.inserted, layers.reordered)],
            len(layers.removing.callbacks),
            *[len(e.callbacks) for e in (camera.zoom, viewer.canvas.grid.events.enabled)],
            len(viewer.window._qt_viewer.canvas.view.scene.children),
            len(viewer.window._qt_viewer.canvas.native.children()),
        ]

    first = Hands(viewer)
    first.close()
    before = connections()
    for _ in range(3):
        hands = Hands(viewer)
        assert connections() != before
        signals = (hands.session.changed, hands.runner.drawn if hands.runner else None)
        hands.close()
        hands.close()
        assert connections() == before
        assert [len(signal) for signal in signals if signal is not None] == [0, 0]
        assert not viewer.layers


def test_a_window_that_is_gone_is_no_trouble(viewer: Any) -> None:
    hands = Hands(viewer)
    viewer.close()
    hands.close()
    hands.session.set_state([0], State.APPROVED, ["ILM"])
