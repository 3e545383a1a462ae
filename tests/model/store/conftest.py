"""Fixtures of the store's tests."""

from tests.model.store.hub_fixture import hub as hub
