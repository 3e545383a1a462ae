"""One segmentation at a time; its result goes to the session it was started for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_viewer.background import Background
from mirage_viewer.engine_run import EngineRun, remarks_message
from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.annotate import Edit, PreparedAdoption, Proposal


class Segmentation(EngineRun):
    """Runs an engine, adopts its proposal as one edit. All of it is in the session at the end."""

    noun = "Segmentation"
    topic = "segment"

    def __init__(self, background: Background, workers: Workers) -> None:
        super().__init__(background, workers)
        self._overwrite = False

    def start(
        self,
        target: OpenScan,
        engine: str,
        b_scans: tuple[int, ...] | None,
        how: dict[str, str],
        *,
        overwrite: bool = False,
    ) -> None:
        """Run `engine` on `b_scans` of `target`, None for all; ignored while one runs."""
        if not self.running:
            self._overwrite = overwrite
            self._begin(target, "segment_scan", engine, how, b_scans=b_scans)

    def _take(self, proposal: Proposal) -> None:
        """Take the result over: worked out in the background, done here in one edit."""
        target, overwrite = self.target, self._overwrite
        assert target is not None
        target.runner.finish()
        session = target.session

        def done(prepared: PreparedAdoption) -> None:
            if self._cancelled:
                self._was_cancelled()
            elif session.adopt_prepared(prepared):
                self._adopted(prepared.edit, proposal.remarks)
            else:
                # A stroke came between: it counts, so the result is worked out once more.
                self._take(proposal)

        self._background.run(
            lambda: session.prepare(proposal, overwrite=overwrite), done, self._fail
        )

    def _adopted(self, edit: Edit | None, remarks: tuple[str, ...]) -> None:
        if edit is None:
            self._finish(
                Message(
                    "Segmentation found nothing to change.",
                    "Corrected and approved B-scans are kept as they are.",
                    topic="segment",
                )
            )
        else:
            self._finish(remarks_message(remarks, "segment"))
