"""A hub on this computer, and an environment that points nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.store.hub_server import Hub, running_hub
from tests.model.store.models import weights

REPO = "j-morano/MIRAGE-Base"
LICENCE = b"You may look at these weights, kindly.\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one repository of MIRAGE's authors; the only one this test can reach."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MIRAGE_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("mirage_core.model.store.download.RETRY_AFTER_S", (0.0, 0.0))
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        running.repos[REPO] = {
            "model.safetensors": weights(side=700),
            "LICENSE": LICENCE,
            "README.md": b"---\nlicense: cc-by-4.0\n---\n# About\n",
        }
        running.licenses[REPO] = "cc-by-4.0"
        yield running
