"""Workers: the processes that run models and take files in. The window never does either."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mirage_core.places import data_dir

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mirage_core.jobs import Job
    from mirage_core.jobs.cluster import ClusterExecutor

ANSWER_S = 10.0
"""How long a cluster may take to answer."""
KEEP_S = 300.0
"""How long a worker keeps libraries and weights loaded for the next run."""


class Workers:
    """Worker processes of one window, started when something is to be done.

    Engines run in one that stays warm for a while. Files of models are imported in another, which
    ends with its task, so that a long segmentation keeps nobody from looking for a model; folders
    of scans in a third; a model is taught in a fourth.

    Parameters
    ----------
    tasks : mapping of str to callable, optional
        What is run instead of the core's ``segment_scan`` and the like, by their names.
    make : callable, optional
        Makes an executor that keeps its workers for so many seconds.
    """

    def __init__(
        self,
        tasks: Mapping[str, Callable[..., Any]] | None = None,
        make: Callable[[float], Executor] | None = None,
    ) -> None:
        self._tasks = dict(tasks or {})
        self._make = make or _local
        self._lock = threading.Lock()
        self._executors: dict[str, Executor] = {}
        self._far: list[ClusterExecutor] = []

    def run_engine(self, task: str, *args: Any, **kwargs: Any) -> Job:
        """Hand over the task of the core called `task`; from a background thread, it pickles."""
        return self._submit("engines", KEEP_S, self._task(task), args, kwargs)

    def run_on_files(self, task: Callable[..., Any], *args: Any, **kwargs: Any) -> Job:
        """Hand over work on files of models, to a process of its own."""
        return self._submit("files", 0.0, self._tasks.get(task.__name__, task), args, kwargs)

    def import_scans(self, task: Callable[..., Any], *args: Any, **kwargs: Any) -> Job:
        """Hand over the import of a folder, to a process of its own: it may take an hour."""
        return self._submit("scans", 0.0, self._tasks.get(task.__name__, task), args, kwargs)

    def teach(
        self,
        task: Callable[..., Any],
        source: Callable[[], Any],
        *args: Any,
        cluster: str = "",
        **kwargs: Any,
    ) -> Job:
        """Hand over the teaching of a model, to a process of its own: it may take hours.

        With the address of a `cluster` that is on one of its nodes; what it learns from is read
        here. From a background thread: that may take a while.
        """
        task = self._tasks.get(task.__name__, task)
        if not cluster:
            return self._submit("teaching", 0.0, task, (source, *args), kwargs)
        from mirage_core.jobs import submit
        from mirage_core.jobs.cluster import ClusterExecutor
        from mirage_core.jobs.teach import for_a_node

        # Anew each time: the cluster of the last run may have been started again since.
        executor = ClusterExecutor(cluster, data_dir(), ANSWER_S)
        with self._lock:
            over = [last for last in self._far if last.idle]
            self._far = [*(last for last in self._far if last not in over), executor]
        for last in over:
            last.shutdown(wait=False)
        read = self._executor("teaching", 0.0).submit(for_a_node, source).result()
        return submit(executor, task, read, *args, **kwargs)

    def end_idle(self) -> None:
        """Let go of loaded models: on some systems a file in use cannot be removed."""
        executor = self._executors.get("engines")
        end = getattr(executor, "end_idle_workers", None)
        if end is not None:
            end()

    def close(self) -> None:
        """End everything at once."""
        with self._lock:
            executors = [*self._executors.values(), *self._far]
            self._executors, self._far = {}, []
        for executor in executors:
            executor.shutdown(wait=False, cancel_futures=True)

    def _task(self, name: str) -> Callable[..., Any]:
        if name in self._tasks:
            return self._tasks[name]
        from mirage_core import jobs

        found: Callable[..., Any] = getattr(jobs, name)
        return found

    def _submit(
        self,
        kind: str,
        keep_s: float,
        task: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Job:
        from mirage_core.jobs import submit

        return submit(self._executor(kind, keep_s), task, *args, **kwargs)

    def _executor(self, kind: str, keep_s: float) -> Executor:
        with self._lock:
            if kind not in self._executors:
                self._executors[kind] = self._make(keep_s)
            return self._executors[kind]


def _local(keep_s: float) -> Executor:
    from mirage_core.jobs import LocalExecutor

    return LocalExecutor(keep_s=keep_s)
