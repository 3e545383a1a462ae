"""Who agreed to which terms and when: a record on this computer, asked anew when a text changes."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from mirage_core.io.atomic import atomic_file
from mirage_core.model.store.card import Sha256
from mirage_core.model.store.terms import Terms
from mirage_core.places import data_dir


class Consent(BaseModel):
    """An agreement to terms as they were shown; the name of who agreed is not kept.

    Attributes
    ----------
    terms_id : str
    text_sha256 : str
        Of all that was shown, :attr:`Terms.text_sha256`.
    given : datetime
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    terms_id: str
    text_sha256: Sha256
    given: AwareDatetime

    def covers(self, terms: Terms) -> bool:
        """Return whether it was given to exactly these words."""
        return (self.terms_id, self.text_sha256) == (terms.id, terms.text_sha256)


_Recorded = TypeAdapter(tuple[Consent, ...])


class Consents:
    """The agreements given on this computer, in ``consents.json`` of the data folder."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path if path is not None else data_dir() / "consents.json"

    def all(self) -> tuple[Consent, ...]:
        """Return what was agreed to, oldest first; nothing if the record cannot be read.

        A lost record is no harm: the question is put again.
        """
        try:
            return _Recorded.validate_python(json.loads(self.path.read_bytes())["consents"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ()

    def find(self, terms: Terms) -> Consent | None:
        """Return the agreement to these terms as they stand, None if there is none."""
        return next((c for c in reversed(self.all()) if c.covers(terms)), None)

    def record(self, terms: Terms) -> Consent:
        """Keep that someone agreed to `terms` now, after they were shown.

        Raises
        ------
        ExportError
            If the record cannot be written.
        """
        consent = Consent(terms_id=terms.id, text_sha256=terms.text_sha256, given=datetime.now(UTC))
        earlier = self.all()
        if not earlier:
            with contextlib.suppress(OSError):  # there was none, or it is damaged and kept aside
                os.replace(self.path, self.path.with_suffix(".damaged.json"))
        content = {"consents": _Recorded.dump_python((*earlier, consent), mode="json")}
        with atomic_file(self.path, overwrite=True) as path:
            path.write_text(json.dumps(content, indent=2), encoding="utf-8")
        return consent
