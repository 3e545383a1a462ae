"""Store: the SQLite database of a project, its connections and transactions."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from mirage_core.project.errors import ProjectError, Trouble, trouble_of
from mirage_core.project.migrations import (
    MIGRATIONS,
    SCHEMA_VERSION,
    Migration,
    back_up,
    migrate_step,
    version_of,
)
from mirage_core.project.schema import APPLICATION_ID

DATABASE = "project.db"
BUSY_MS = 5000
"""How long a write waits while another program writes."""

_NO_ACCESS = (
    "The project folder cannot be written to; it is open for reading only.",
    "To work on it, ask for write access, or copy the folder to a place of your own.",
)
_NEWER = (
    "The project was made by a newer version of this program; it is open for reading only.",
    "To work on it, update the program.",
)
_FULL = (
    "The disk that holds the project is full; it is open for reading only.",
    "To work on it, free some space there and open it again.",
)
_ASKED_FOR = ("The project is open for reading only.", "To work on it, open it for writing.")

# FULL syncs the log at every commit, so that an edit also survives a power cut; fullfsync is
# what macOS needs for the same.
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA temp_store = MEMORY",
)


class Store:
    """Connections to one ``project.db``.

    Attributes
    ----------
    folder : Path
    read_only : bool
    notice : str
        Why it is read-only and what to do, for the user; empty when it can be written to.
    """

    def __init__(self, folder: Path, why_read_only: tuple[str, str] | None = None) -> None:
        self.folder = folder
        self.read_only = why_read_only is not None
        self._why = why_read_only or ("", "")
        self.notice = " ".join(self._why).strip()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self.engine: Engine = create_engine(
            "sqlite+pysqlite://", creator=self._connect, poolclass=QueuePool, pool_size=2
        )
        event.listen(self.engine, "begin", _begin)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / DATABASE

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection with a consistent view.

        Raises
        ------
        ProjectError
            For whatever SQLite or the file system says.
        """
        with self.in_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, wait_ms: int = BUSY_MS) -> Iterator[Connection]:
        """Give a connection in a write transaction; durable when the block has ended.

        Parameters
        ----------
        wait_ms : int
            How long to wait for another program that is writing.

        Raises
        ------
        ProjectError
            As for `read`, and when the project is open for reading only; nothing was written.
        """
        if self.read_only:
            raise ProjectError(self.folder, Trouble.READ_ONLY, *self._why)
        with self.in_words(), self.engine.connect() as connection:
            connection = connection.execution_options(mirage_wait_ms=wait_ms)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into :class:`ProjectError`."""
        try:
            yield
        except DBAPIError as error:
            cause = error.orig if error.orig is not None else error
            raise ProjectError(self.folder, trouble_of(cause)) from error
        except (sqlite3.Error, OSError) as error:
            raise ProjectError(self.folder, trouble_of(error)) from error

    def _connect(self) -> sqlite3.Connection:
        connection = self._connect_reading() if self.read_only else self._connect_to("mode=rw")
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            if not self.read_only:
                _use_write_ahead_log(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _connect_to(self, how: str, database: Path | None = None) -> sqlite3.Connection:
        # Transactions are begun by _begin; the driver's own idea of when is switched off.
        return sqlite3.connect(
            f"{(database or self.database).resolve().as_uri()}?{how}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )

    def _connect_reading(self) -> sqlite3.Connection:
        # In a folder without write access there may be no room for SQLite's shared memory.
        with suppress(sqlite3.OperationalError):
            connection = self._connect_to("mode=ro")
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error:
                connection.close()
                raise
            return connection
        log = self.database.with_name(f"{DATABASE}-wal")
        if not log.exists() or log.stat().st_size == 0:
            return self._connect_to("mode=ro&immutable=1")
        if self._copy is None:
            self._copy = tempfile.TemporaryDirectory(prefix="mirage-project-")
            for file in (self.database, log):
                shutil.copyfile(file, Path(self._copy.name) / file.name)
        return self._connect_to("mode=rw", Path(self._copy.name) / DATABASE)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a database to WAL; it stays so for good."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Unlike other statements this one does not wait while another program does the same.
            if trouble_of(error) is not Trouble.BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    connection.execute("PRAGMA journal_size_limit = 16777216")


def _begin(connection: Connection) -> None:
    wait_ms = connection.get_execution_options().get("mirage_wait_ms")
    if wait_ms is None:
        connection.exec_driver_sql("BEGIN")
    elif wait_ms == BUSY_MS:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_ms}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            # The next who gets this connection may be more patient.
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MS}")


def create_store(folder: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> Store:
    """Make ``project.db`` in `folder` and open it."""
    database = folder / DATABASE
    try:
        (folder / "scans").mkdir(parents=True, exist_ok=True)
        # Exclusively: of two programs that create a project here, one finds it made.
        database.open("xb").close()
    except FileExistsError as error:
        raise ProjectError(
            folder,
            Trouble.BUSY,
            "There is a project or a file of that name here already.",
            "Open it, or choose another folder.",
        ) from error
    except OSError as error:
        raise ProjectError(folder, trouble_of(error)) from error
    return open_store(folder, migrations=migrations)


def open_store(
    folder: Path,
    *,
    read_only: bool = False,
    why: tuple[str, str] = _ASKED_FOR,
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> Store:
    """Open ``project.db`` in `folder`, migrating an older one; fall back to reading only.

    `why` is what a project that is asked for `read_only` tells who tries to write.
    """
    if not (folder / DATABASE).is_file() or _is_foreign(folder / DATABASE):
        raise ProjectError(folder, Trouble.NOT_A_PROJECT)
    if not read_only and not _writable(folder):
        return _reading(folder, _NO_ACCESS)
    if read_only:
        return _reading(folder, why)
    store = Store(folder)
    try:
        version = _checked_version(store)
        if version > len(migrations):
            store.close()
            return _reading(folder, _NEWER)
        if version < len(migrations):
            _migrate(store, version, migrations)
    except ProjectError as error:
        store.close()
        if error.trouble is Trouble.READ_ONLY:
            return _reading(folder, _NO_ACCESS)
        if error.trouble is Trouble.DISK_FULL:
            with suppress(ProjectError):  # one that has to be made or converted first
                return _reading(folder, _FULL)
        raise
    return store


def _reading(folder: Path, why: tuple[str, str]) -> Store:
    store = Store(folder, why)
    try:
        version = _checked_version(store)
        if version < SCHEMA_VERSION:
            raise ProjectError(
                folder,
                Trouble.READ_ONLY,
                "The project is of an older version, which has to be converted first.",
                "Open it once where it can be written to.",
            )
    except ProjectError:
        store.close()
        raise
    return store


def _is_foreign(database: Path) -> bool:
    """Return whether this is another program's database, changing nothing in it.

    SQLite itself looks, as into a file that nobody changes. The file must never be opened in
    another way: where a program closes a file, the system takes away all its locks on it, those
    of its other connections too, and another program that believes itself alone then removes
    the log from under them.
    """
    log = database.with_name(f"{database.name}-wal")
    try:
        if log.exists() and log.stat().st_size:
            return False  # what the file says now may stand in the log
        uri = f"{database.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            (made_by,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (OSError, sqlite3.Error):
        return False  # damaged, or not to be read: opening it will say
    return bool(made_by != APPLICATION_ID and tables > 0)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / DATABASE, os.W_OK)


def _checked_version(store: Store) -> int:
    with store.read() as connection:
        version = version_of(connection)
        made_by = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if made_by != APPLICATION_ID and tables:
        raise ProjectError(store.folder, Trouble.NOT_A_PROJECT)
    if not store.read_only:
        with store.write():
            pass  # Taking the write lock tells whether the folder can be written to.
    return version


def _migrate(store: Store, version: int, migrations: tuple[Migration, ...]) -> None:
    if version > 0:
        with store.in_words():
            back_up(store.database, version)
    stepped = True
    while stepped:
        with store.write() as connection:
            stepped = migrate_step(connection, migrations)
