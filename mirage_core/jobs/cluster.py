"""ClusterExecutor: tasks on the nodes of a Dask cluster, with the executor interface of the stdlib.

On its node a task runs in a process of its own, as on this computer: it can be ended at once, gives
all its memory back, and a crash in a driver takes no node along. Program and nodes must see the
same files under the same names, and have the same version of this package.
"""

from __future__ import annotations

import pickle
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mirage_core.jobs.local import LocalExecutor, WorkerDiedError

if TYPE_CHECKING:
    from distributed import Future as DaskFuture

_ASK_EVERY_S = 0.25
_END_WITHIN_S = 5.0
_PORT = 8786
"""Of Dask's schedulers, where none is named."""
_AGAIN = "Nothing was changed. Try again, or go on where it stood."

P = ParamSpec("P")
T = TypeVar("T")


class ClusterError(Exception):
    """A cluster cannot be used.

    Attributes
    ----------
    what, hint : str
        What happened, and what to do about it.
    """

    def __init__(self, what: str, hint: str) -> None:
        self.what, self.hint = what, hint
        super().__init__(what, hint)

    def __str__(self) -> str:
        return f"{self.what} {self.hint}"


class NodeGoneError(ClusterError, WorkerDiedError):
    """A task gave no result because its node, or the scheduler, is gone."""


class ClusterExecutor(Executor):
    """Runs each task on a node of a Dask cluster, as many at a time as its nodes have threads.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``, ``host:8786`` or ``host``.
    shared_folder : Path
        A folder that program and nodes see under the same name; tasks tell there how far they are.
    timeout_s : float
        How long to wait for the scheduler.

    Raises
    ------
    ClusterError
        If Dask is not installed or the scheduler does not answer.
    """

    def __init__(self, address: str, shared_folder: Path, timeout_s: float = 10.0) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ClusterError(
                "A cluster needs Dask, which is not installed.",
                "Install the package distributed, or this program with its extra `cluster`.",
            ) from None
        self.shared_folder = shared_folder
        try:
            self._client = Client(_with_port(address), timeout=timeout_s, set_as_default=False)
        except Exception as error:  # whatever Dask says of an address
            raise _unusable(address, error) from error
        self._lock = threading.Lock()
        self._tasks: dict[Future[Any], DaskFuture[Any]] = {}
        self._closed = False

    @property
    def n_at_a_time(self) -> int:
        """How many tasks its nodes run at a time now."""
        return sum(self._client.nthreads().values())

    @property
    def idle(self) -> bool:
        """Whether no task waits or runs."""
        with self._lock:
            return not self._tasks

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn(*args, **kwargs)`` on a node; everything must be picklable."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor is shut down")
        content = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        key = f"mirage-{uuid.uuid4().hex}"
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        begun = str(self._begun(key))
        told = self._client.submit(run_apart, content, key, begun, pure=False, key=key)
        with self._lock:
            self._tasks[future] = told
        told.add_done_callback(lambda done: self._conclude(future, done))
        return future

    def kill(self, future: Future[Any]) -> None:
        """End the process of `future` at once, wherever it runs."""
        with self._lock:
            told = self._tasks.get(future)
        if told is not None:
            self._give_up(future, "ended by force")
            _within(_END_WITHIN_S, told.cancel)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; with `cancel_futures`, end those that run."""
        with self._lock:
            self._closed = True
            running = list(self._tasks)
        if cancel_futures:
            for future in running:
                self.kill(future)
        if wait:
            wait_for(running)
        _within(_END_WITHIN_S, self._client.close)

    def _begun(self, key: str) -> Path:
        """Return the file that says that a task was begun."""
        return self.shared_folder / f"{key}.begun"

    def _conclude(self, future: Future[Any], told: DaskFuture[Any]) -> None:
        """Bring what came of a task to who waits for it; called in a thread of Dask's."""
        try:
            value = told.result()
        except WorkerDiedError as error:
            self._settle(future, error=error)
        except BaseException as error:
            lost = told.status in ("cancelled", "lost") or type(error).__name__ == "KilledWorker"
            if lost:
                self._give_up(future, "its node is gone")
            else:
                self._settle(future, error=error)
        else:
            self._settle(future, value)

    def _give_up(self, future: Future[Any], why: str) -> None:
        self._settle(future, error=NodeGoneError(f"The cluster gave no result: {why}.", _AGAIN))

    def _settle(
        self, future: Future[Any], value: Any = None, error: BaseException | None = None
    ) -> None:
        with self._lock:
            told = self._tasks.pop(future, None)
        if told is None:
            return
        with suppress(OSError):
            self._begun(str(told.key)).unlink()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)


def run_apart(content: bytes, key: str, begun: str) -> Any:
    """Run a pickled call on a node, in a process of its own, while the task `key` is wanted.

    It is not any more when it was cancelled or the program that wanted it is gone. Dask runs a
    task again whose node is gone; here that is an error, for a task leaves files behind.

    Parameters
    ----------
    content : bytes
    key : str
    begun : str
        File in the shared folder that is made when it is begun.

    Raises
    ------
    NodeGoneError
        If it was begun before, on a node that is gone.
    ClusterError
        If the node does not see the shared folder.
    """
    from distributed import get_worker

    try:
        Path(begun).touch(exist_ok=False)
    except FileExistsError:
        raise NodeGoneError("The cluster gave no result: its node is gone.", _AGAIN) from None
    except OSError:
        raise ClusterError(
            f"The cluster's node cannot write to {Path(begun).parent}.",
            "Program and nodes must see the same folders under the same names.",
        ) from None
    function, args, kwargs = pickle.loads(content)
    node = get_worker()
    with LocalExecutor() as executor:
        future = executor.submit(function, *args, **kwargs)
        while not future.done():
            wait_for((future,), timeout=_ASK_EVERY_S)
            task = node.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                executor.kill(future)
        return future.result()


def _with_port(address: str) -> str:
    """Return the address of a scheduler with a port."""
    has = re.search(r":\d+$", address) or not re.match(r"(tcp://|tls://)?[^/]+$", address)
    return address if has else f"{address}:{_PORT}"


def _unusable(address: str, error: Exception) -> ClusterError:
    if address.startswith("tls://") and not isinstance(error, OSError):
        return ClusterError(
            f"{address} asks for TLS, and this computer has no certificate for it.",
            "Name its files in Dask's configuration, under distributed.comm.tls.",
        )
    return ClusterError(
        f"No cluster answers at {address}.",
        "Check the address of the Dask scheduler, and whether it runs.",
    )


def _within(seconds: float, call: Callable[[], object]) -> None:
    """Call something, and leave it alone if it takes longer: a scheduler may be gone."""

    def quietly() -> None:
        with suppress(Exception):
            call()

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    thread.join(seconds)
