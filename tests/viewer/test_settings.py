"""Settings never keep the program from starting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mirage_core.places import config_dir
from mirage_viewer.settings import Settings, SettingsWarning, load_settings


def write(content: object) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (config_dir() / "settings.json").write_text(text)


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings().theme == "dark"


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    settings = load_settings()
    settings.theme = "light"
    settings.grader = "Grader A"
    settings.remember(tmp_path / "scan.vol")
    settings.save()
    again = load_settings()
    assert again == settings
    assert again.recent == [str(tmp_path / "scan.vol")]


def test_what_holds_for_now_is_not_remembered() -> None:
    settings = load_settings()
    settings.grader = "Ben"
    settings.for_now(grader="Ada", device="cpu")
    assert (settings.grader, settings.device) == ("Ada", "cpu")
    settings.save()
    again = load_settings()
    assert (again.grader, again.device) == ("Ben", "auto")


def test_what_is_chosen_in_place_of_it_is_remembered() -> None:
    settings = load_settings()
    settings.for_now(grader="Ada", device="cpu")
    settings.grader = "Cleo"
    settings.save()
    again = load_settings()
    assert (again.grader, again.device) == ("Cleo", "auto")


def test_keys_of_another_version_are_ignored() -> None:
    write({"version": 7, "theme": "light", "holograms": True})
    assert load_settings().theme == "light"


def test_one_bad_value_costs_only_itself() -> None:
    write({"theme": "mauve", "grader": "Grader A"})
    with pytest.warns(SettingsWarning, match="theme"):
        settings = load_settings()
    assert (settings.theme, settings.grader) == ("dark", "Grader A")


@pytest.mark.parametrize("content", ["{broken", "[1, 2]", "", "\x00\x01"])
def test_a_broken_file_only_warns(content: str) -> None:
    write(content)
    with pytest.warns(SettingsWarning, match="starting with the defaults"):
        assert load_settings() == Settings()


def test_a_folder_that_cannot_be_written_only_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MIRAGE_CONFIG_DIR", str(tmp_path / "file" / "below"))
    with pytest.warns(SettingsWarning, match="could not be saved"):
        Settings().save()


def test_recent_files_are_few_distinct_and_newest_first() -> None:
    settings = Settings()
    for n in [*range(20), 5]:
        settings.remember(Path(f"/scans/{n}.vol"))
    assert settings.recent[:2] == [str(Path("/scans/5.vol")), str(Path("/scans/19.vol"))]
    assert len(settings.recent) == len(set(settings.recent)) == 12
    settings.forget(Path("/scans/5.vol"))
    assert str(Path("/scans/5.vol")) not in settings.recent
