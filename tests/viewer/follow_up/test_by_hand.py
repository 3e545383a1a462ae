"""Bringing visits together by hand: dragged, nudged, turned, kept, found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from mirage_core.measure import followup
from mirage_core.measure.placing import moved
from mirage_core.measure.registration import (
    NotRegisteredError,
    Registration,
    RegistrationSource,
)
from mirage_core.project import Project
from mirage_viewer.follow_up.binding import FollowUpBinding
from mirage_viewer.follow_up.overlay import Mix, OverlayView
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import _drag, click
from tests.viewer.follow_up.conftest import follow, settle
from tests.viewer.follow_up.studies import TURNED_DEG

Open = Callable[..., MainWindow]
MIDDLE = np.array([[191.5, 191.5]])


@pytest.fixture
def part(qtbot: Any, opened: Open) -> FollowUpBinding:
    """The Follow-up window of two visits, its registration in front."""
    window = opened("two")
    found = follow(qtbot, window)
    assert found.dialog is not None
    click(found.dialog.registration_button)
    return found


def overlay(part: FollowUpBinding) -> OverlayView:
    assert part.dialog is not None
    return part.dialog.overlay


def used(part: FollowUpBinding) -> Registration:
    shown = part.following.shown
    assert shown is not None
    assert shown.registration is not None
    return shown.registration


def seen(part: FollowUpBinding) -> NDArray[np.float64]:
    """Return where the later visit's middle is drawn on the first."""
    matrix = overlay(part).matrix
    assert matrix is not None
    out: NDArray[np.float64] = np.linalg.inv(matrix[:, :2]) @ (MIDDLE[0] - matrix[:, 2])
    return out


def drag(view: OverlayView, by: QPoint) -> None:
    start = view.viewport().rect().center()
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for share in (1, 2, 3):
        _drag(view.viewport(), start + by * share / 3)
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=start + by)


def test_what_was_found_is_told(part: FollowUpBinding) -> None:
    assert part.dialog is not None
    card = part.dialog.card
    assert card.how.text() == "Found by the vessels"
    assert card.turn.value() == pytest.approx(TURNED_DEG, abs=0.2)
    assert card.scale.value() == pytest.approx(1.0, abs=0.01)
    facts = card.facts.text()
    for word in ("Turned by +", "Scaled by 1.0", "Shifted by", " mm ", "Left over: 0.0"):
        assert word in facts
    assert facts.splitlines()[-1].startswith(("Rigid", "Affine"))


def test_a_drag_moves_the_later_picture_with_the_hand(qtbot: Any, part: FollowUpBinding) -> None:
    before, figures = seen(part), part.following.shown
    view = overlay(part)
    drag(view, QPoint(60, -30))
    after = seen(part)
    moved = np.array([-30.0, 60.0]) / view.zoom
    assert after - before == pytest.approx(moved, abs=0.5)
    settle(qtbot, part.w)
    assert part.following.shown is not figures
    assert used(part).source is RegistrationSource.USER
    assert seen(part) == pytest.approx(after)


def test_what_was_moved_is_said_everywhere(qtbot: Any, part: FollowUpBinding) -> None:
    from mirage_viewer.follow_up.export import HEADER, change_rows

    drag(overlay(part), QPoint(60, 0))
    settle(qtbot, part.w)
    dialog, shown = part.dialog, part.following.shown
    assert dialog is not None
    assert shown is not None
    assert dialog.warnings.isVisible()
    assert "brought together by hand" in dialog.warning_words.text()
    assert dialog.card.how.text() == "Adjusted by hand"
    assert "adjusted by hand" in dialog.how.text()
    rows = change_rows("P0001", shown.visits[0].scan.laterality, shown.lines, shown.found)
    at = HEADER.index("registration")
    assert {row[at] for row in rows} == {"adjusted by hand"}


def test_figures_grid_and_map_follow(qtbot: Any, part: FollowUpBinding) -> None:
    before = part.following.shown
    drag(overlay(part), QPoint(80, 0))
    settle(qtbot, part.w)
    after = part.following.shown
    assert before is not None
    assert after is not None
    assert [c.second for c in after.found.changes] != [c.second for c in before.found.changes]
    for one, other in (
        (before.pictures.change, after.pictures.change),
        (before.pictures.second.heat, after.pictures.second.heat),
    ):
        assert one is not None
        assert other is not None
        assert not np.array_equal(one.values, other.values, equal_nan=True)
    grids = before.pictures.second.grid, after.pictures.second.grid
    cells = [tuple(c.text for c in g.cells) for g in grids if g is not None]
    assert len(cells) == 2
    assert cells[0] != cells[1]


@pytest.mark.parametrize(
    ("keys", "modifier", "step"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, (0.0, 1.0)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier, (-10.0, 0.0)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier, (0.1, 0.0)),
    ],
)
def test_arrow_keys_nudge(
    qtbot: Any,
    part: FollowUpBinding,
    keys: Qt.Key,
    modifier: Qt.KeyboardModifier,
    step: tuple[float, float],
) -> None:
    before = seen(part)
    QTest.keyClick(overlay(part), keys, modifier)
    assert seen(part) - before == pytest.approx(step, abs=1e-6)
    settle(qtbot, part.w)
    assert used(part).source is RegistrationSource.USER
    assert part.w.desk.b == part.w.desk.open_scan.begins_at  # type: ignore[union-attr]


def test_many_nudges_are_compared_once(
    qtbot: Any, part: FollowUpBinding, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    place = part.following.place
    monkeypatch.setattr(part.following, "place", lambda m: (asked.append(m), place(m)))
    for _ in range(8):
        QTest.keyClick(overlay(part), Qt.Key.Key_Left)
    settle(qtbot, part.w)
    assert len(asked) == 1


def test_turn_and_scale_are_typed_and_stepped(qtbot: Any, part: FollowUpBinding) -> None:
    assert part.dialog is not None
    card, middle = part.dialog.card, used(part).points(MIDDLE)
    card.turn.setFocus()
    card.turn.selectAll()
    QTest.keyClicks(card.turn, "6.5")
    QTest.keyClick(card.turn, Qt.Key.Key_Return)
    settle(qtbot, part.w)
    assert used(part).rotation_deg == pytest.approx(6.5, abs=0.01)
    assert used(part).points(MIDDLE) == pytest.approx(middle)
    before = card.scale.value()
    click(card.steps[card.scale][1])
    settle(qtbot, part.w)
    assert card.scale.value() == pytest.approx(before + 0.002, abs=1e-6)
    assert used(part).source is RegistrationSource.USER


def test_it_is_kept_in_the_project_and_there_again(qtbot: Any, part: FollowUpBinding) -> None:
    drag(overlay(part), QPoint(5, -3))  # little enough for the vessels to tell by how much
    settle(qtbot, part.w)
    matrix, ids = used(part).matrix, (part.following.first, part.following.later)
    assert part.finish() == ""
    folder = part.w.desk.projects.folder
    with Project.open(folder, read_only=True) as project:
        kept = project.registrations.get(*ids)
        assert kept is not None
        assert kept.matrix == pytest.approx(matrix)
        assert kept.source is RegistrationSource.USER
        assert np.isfinite(kept.residual_px)
        log = [r.label for r in project.audit(ids[1]) if r.what == "registration"]
        assert len(log) == 1
    assert part.dialog is not None
    part.dialog.close()
    follow(qtbot, part.w)
    assert used(part).source is RegistrationSource.USER
    assert used(part).matrix == pytest.approx(matrix)


def test_closing_at_once_keeps_what_was_nudged(qtbot: Any, part: FollowUpBinding) -> None:
    QTest.keyClick(overlay(part), Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    wanted = overlay(part).matrix
    ids = part.following.first, part.following.later
    assert part.dialog is not None
    part.dialog.close()
    assert part.finish() == ""
    with Project.open(part.w.desk.projects.folder, read_only=True) as project:
        kept = project.registrations.get(*ids)
    assert kept is not None
    assert kept.matrix == pytest.approx(wanted)


def test_opening_another_scan_keeps_what_was_nudged(qtbot: Any, part: FollowUpBinding) -> None:
    QTest.keyClick(overlay(part), Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    wanted = overlay(part).matrix
    ids = part.following.first, part.following.later
    part.w.desk.opener.close_scan()
    qtbot.waitUntil(lambda: part.w.desk.open_scan is None)
    assert part.finish() == ""
    with Project.open(part.w.desk.projects.folder, read_only=True) as project:
        kept = project.registrations.get(*ids)
    assert kept is not None
    assert kept.matrix == pytest.approx(wanted)


@pytest.mark.parametrize("by_button", [False, True])
def test_choosing_other_visits_at_once_keeps_what_was_nudged_for_the_pair_it_was_nudged_on(
    qtbot: Any, opened: Open, by_button: bool
) -> None:
    part = follow(qtbot, opened("three"))
    dialog = part.dialog
    assert dialog is not None
    click(dialog.registration_button)
    first, second, third = (v.id for v in part.following.visits)
    assert (part.following.first, part.following.later) == (first, third)
    QTest.keyClick(overlay(part), Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    wanted = overlay(part).matrix
    table = dialog.visits.table
    if by_button:
        click(dialog.visits.buttons[second])
    else:
        place = table.visualItemRect(table.topLevelItem(1)).center()
        click(table.viewport(), place)
    settle(qtbot, part.w)
    now = part.following.first, part.following.later
    assert now == ((second, third) if by_button else (first, second))
    assert part.finish() == ""
    with Project.open(part.w.desk.projects.folder, read_only=True) as project:
        kept, other = project.registrations.get(first, third), project.registrations.get(*now)
    assert kept is not None
    assert kept.matrix == pytest.approx(wanted)
    assert other is None
    assert used(part).source is RegistrationSource.VESSELS


def test_maps_that_come_late_do_not_bring_an_old_registration_back(
    qtbot: Any, part: FollowUpBinding
) -> None:
    following, before, seen_meanwhile = part.following, part.following.shown, []
    assert before is not None
    assert before.registration is not None
    following.changed.connect(lambda: seen_meanwhile.append(following.shown))
    following.choose_pair("ILM", "RPE")
    following.place(moved(before.registration.matrix, 4, 0))
    settle(qtbot, part.w)
    assert used(part).source is RegistrationSource.USER
    assert following.pair == ("ILM", "RPE")
    assert {id(shown) for shown in seen_meanwhile} == {id(before), id(following.shown)}


def test_a_picture_in_the_hand_does_not_jump(qtbot: Any, part: FollowUpBinding) -> None:
    view = overlay(part)
    start = view.viewport().rect().center()
    part.compare()  # it ends while the hand moves
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    _drag(view.viewport(), start + QPoint(40, 0))
    held = seen(part)
    qtbot.waitUntil(lambda: not part.following.busy, timeout=30_000)
    assert seen(part) == pytest.approx(held)
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=start + QPoint(40, 0))
    settle(qtbot, part.w)
    assert seen(part) == pytest.approx(held)
    assert used(part).source is RegistrationSource.USER


def test_other_surfaces_chosen_meanwhile_lose_nothing(qtbot: Any, part: FollowUpBinding) -> None:
    drag(overlay(part), QPoint(5, 0))
    part.place()
    assert part.following.busy
    part.following.choose_pair("ILM", "RPE")
    settle(qtbot, part.w)
    assert part.following.shown is not None
    assert used(part).source is RegistrationSource.USER
    assert np.isfinite(used(part).residual_px)
    part.finish()
    with Project.open(part.w.desk.projects.folder, read_only=True) as project:
        kept = project.registrations.get(part.following.first, part.following.later)
    assert kept is not None
    assert np.isfinite(kept.residual_px)


def test_find_again_drops_what_was_moved(qtbot: Any, part: FollowUpBinding) -> None:
    found = used(part).matrix
    drag(overlay(part), QPoint(60, 0))
    settle(qtbot, part.w)
    assert part.dialog is not None
    click(part.dialog.card.find)
    settle(qtbot, part.w)
    assert used(part).source is RegistrationSource.VESSELS
    assert used(part).matrix == pytest.approx(found, abs=1e-6)
    assert overlay(part).matrix == pytest.approx(found, abs=1e-6)
    assert "brought together" not in part.dialog.warning_words.text()
    part.finish()
    with Project.open(part.w.desk.projects.folder, read_only=True) as project:
        assert project.registrations.get(part.following.first, part.following.later) is None


def test_what_was_looked_at_is_used_as_it_is(qtbot: Any, part: FollowUpBinding) -> None:
    assert part.dialog is not None
    found = used(part).matrix
    click(part.dialog.card.keep)
    settle(qtbot, part.w)
    assert used(part).source is RegistrationSource.CONFIRMED
    assert used(part).matrix == pytest.approx(found)
    assert "confirmed by a person" in part.dialog.how.text()
    assert not part.dialog.card.keep.isEnabled()
    assert "brought together" not in part.dialog.warning_words.text()


def test_vessels_that_do_not_match_are_laid_together_by_hand(
    qtbot: Any, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NotRegisteredError("The two SLO images could not be brought together.")

    monkeypatch.setattr(followup, "register", refuse)
    part = follow(qtbot, opened("two"))
    dialog, shown = part.dialog, part.following.shown
    assert dialog is not None
    assert shown is not None
    assert shown.registration is None
    assert "about its own fovea" in dialog.warning_words.text()
    assert not dialog.maps.change.layer.map_shown
    click(dialog.registration_button)
    assert "by hand" in dialog.card.how.text()
    click(dialog.card.keep)
    settle(qtbot, part.w)
    assert used(part).source is RegistrationSource.USER
    assert part.following.shown.pictures.change is not None  # type: ignore[union-attr]


def test_squares_blend_and_flicker_show_both_pictures(qtbot: Any, part: FollowUpBinding) -> None:
    assert part.dialog is not None
    view, card = overlay(part), part.dialog.card

    def look() -> NDArray[np.uint8]:
        image = view.grab_image().convertToFormat(view.grab_image().Format.Format_Grayscale8)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        return rows[:, : image.width()].copy()

    squares = look()
    QTest.keyClick(view, Qt.Key.Key_F)
    later = look()
    assert view.alone == 1
    QTest.keyClick(view, Qt.Key.Key_F)
    first = look()
    assert view.alone == 0
    card.mix.setCurrentIndex(card.mix.findData(Mix.BLEND))
    card.mix.activated.emit(card.mix.currentIndex())
    assert view.alone is None
    assert card.share.isEnabled()
    card.share.setValue(50)
    blend = look()
    inside = (slice(60, -60), slice(view.width() // 2 - 40, view.width() // 2 + 40))
    middle = (first[inside].astype(int) + later[inside]) / 2
    assert np.abs(blend[inside] - middle).mean() < 3
    assert np.abs(first[inside].astype(int) - later[inside]).mean() > 5
    from_first = (squares[inside] == first[inside]).mean()
    from_later = (squares[inside] == later[inside]).mean()
    assert min(from_first, from_later) > 0.3


def test_a_project_that_can_only_be_read_says_it_is_not_kept(
    qtbot: Any, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened("two")
    project = window.desk.projects.current
    assert project is not None
    monkeypatch.setattr(project, "read_only", True)
    part = follow(qtbot, window)
    assert part.dialog is not None
    assert "only be read" in part.dialog.card.note.text()
    click(part.dialog.registration_button)
    drag(overlay(part), QPoint(40, 0))
    settle(qtbot, window)
    assert used(part).source is RegistrationSource.USER
    monkeypatch.undo()
    assert project.registrations.get(part.following.first, part.following.later) is None
