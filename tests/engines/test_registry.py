"""Engines by name."""

import pytest

from mirage_core.engines import Engine, default_engine, engine_names, make_engine


def test_the_graph_engine_is_the_default_where_there_is_no_starter_model():
    assert engine_names()[0] == default_engine() == "graph"
    assert make_engine().describe().name == "graph"


def test_every_name_makes_an_engine_that_knows_its_name():
    for name in engine_names():
        engine = make_engine(name)
        assert isinstance(engine, Engine)
        assert engine.describe().name == name


def test_an_unknown_name_is_answered_with_a_close_one():
    with pytest.raises(KeyError, match="did you mean 'graph'"):
        make_engine("grapf")


def test_a_damaged_model_of_the_program_leaves_the_graph_search(monkeypatch, tmp_path):
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter" / "card.json").write_text("{")
    monkeypatch.setenv("MIRAGE_SHIPPED_DIR", str(tmp_path))
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))
    assert engine_names() == ("graph",)
