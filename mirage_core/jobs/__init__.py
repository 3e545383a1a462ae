"""Run an engine elsewhere: worker process, progress, cancel."""

from mirage_core.jobs.job import Job, JobCancelledError, JobState, Progress, submit
from mirage_core.jobs.local import LocalExecutor, TaskFailedError, WorkerDiedError
from mirage_core.jobs.mailbox import Mailbox

__all__ = [
    "Job",
    "JobCancelledError",
    "JobState",
    "LocalExecutor",
    "Mailbox",
    "Progress",
    "TaskFailedError",
    "WorkerDiedError",
    "classify_scan",
    "embed_scan",
    "explain_scan",
    "reconstruct_scan",
    "segment_scan",
    "submit",
]


def __getattr__(name: str) -> object:
    # The tasks pull the engines in; a window that only waits for jobs never needs them.
    if name == "segment_scan":
        from mirage_core.jobs.segment import segment_scan

        return segment_scan
    if name in ("classify_scan", "embed_scan", "explain_scan", "reconstruct_scan"):
        from mirage_core.jobs import model_tasks

        return getattr(model_tasks, name)
    raise AttributeError(name)
