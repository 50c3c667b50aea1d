"""The embedded Postgres: started when down, shared when up, stopped by its last user, whatever way users end."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from harvester.adapters import embedded_postgres
from harvester.adapters.embedded_postgres import EmbeddedPostgres, embedded
from harvester.adapters.unprivileged import identity_for
from harvester.domain.errors import Misconfigured, Unavailable

ROOT = Path(__file__).parents[3]

USER = """
import asyncio, sys
from pathlib import Path
from harvester.adapters.embedded_postgres import embedded
async def main():
    async with embedded(Path(sys.argv[1]), die_with_parent="die" in sys.argv) as dsn:
        print(dsn, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every user may enter, as /var/lib/harvester would be; no server is left in it."""
    folder = Path(tempfile.mkdtemp(prefix="harvester-embedded-"))
    folder.chmod(0o755)
    yield folder
    assert server_of(folder) is None
    shutil.rmtree(folder)


def server_of(folder: Path) -> int | None:
    return EmbeddedPostgres(folder)._pid()


async def another_user(folder: Path, *options: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", USER, str(folder), *options,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"postgresql://")
    return process


async def ask(dsn: str, question: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_an_empty_folder_becomes_a_database(data_dir: Path):
    """Its data stay, its server goes with its only user; the next start finds the data."""
    async with embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 42 AS x")
        assert server_of(data_dir) is not None
    assert server_of(data_dir) is None

    async with embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT x FROM kept") == 42


async def test_it_is_quick(data_dir: Path):
    """About a second from nothing to the first answer, half of one when the data are there; a minute is a wait for nothing."""
    took = []
    for _ in range(2):
        started = time.monotonic()
        async with embedded(data_dir) as dsn:
            await ask(dsn)
            took.append(time.monotonic() - started)

    assert max(took) < 60.0


async def test_it_listens_to_its_owner_alone(data_dir: Path):
    """No network; a private folder; a password; and the folder of the data is closed to others."""
    async with embedded(data_dir) as dsn:
        assert await ask(dsn, "SHOW listen_addresses") == ""
        assert {path.stat().st_mode & 0o077 for path in (data_dir / "sockets", data_dir / "postgres")} == {0}
        assert (data_dir / "postgres" / "harvester.password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(dsn.replace("harvester:", "harvester:not-"))


async def test_two_processes_share_one_server(data_dir: Path):
    """Whoever started it may leave first; the last one stops it."""
    first = await another_user(data_dir)
    started = server_of(data_dir)
    async with embedded(data_dir) as dsn:
        assert server_of(data_dir) == started
        await first.communicate(b"")
        assert first.returncode == 0
        assert await ask(dsn) == 1
        assert server_of(data_dir) == started
    assert server_of(data_dir) is None


async def test_two_users_in_one_process_are_two(data_dir: Path):
    """The inner one does not take the server away from the outer one."""
    async with embedded(data_dir) as dsn:
        async with embedded(data_dir) as same:
            assert same == dsn
        assert await ask(dsn) == 1


async def test_a_killed_user_is_not_counted(data_dir: Path):
    """Kill -9 of one: the server goes on for the other, who is the last one then and stops it."""
    killed = await another_user(data_dir)
    async with embedded(data_dir) as dsn:
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
        assert await ask(dsn) == 1
    assert server_of(data_dir) is None


async def test_a_server_left_behind_is_taken_over(data_dir: Path):
    """Kill -9 of its only user: the next one finds it up, and stops it in the end."""
    killed = await another_user(data_dir)
    left_behind = server_of(data_dir)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()

    async with embedded(data_dir) as dsn:
        assert server_of(data_dir) == left_behind
        assert await ask(dsn) == 1
    assert server_of(data_dir) is None


async def test_a_killed_server_is_started_again(data_dir: Path):
    """Its stale files are no obstacle, and what was committed is there."""
    async with embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 42 AS x")
        pid = server_of(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while server_of(data_dir) is not None:
            await asyncio.sleep(0)
            embedded_postgres._reap()
        async with embedded(data_dir) as again:
            assert await ask(again, "SELECT x FROM kept") == 42


async def test_a_pid_file_naming_a_stranger_does_not_mislead(data_dir: Path):
    """After a crash of the machine another process may have that number: it is neither taken for ours nor stopped."""
    async with embedded(data_dir):
        pass
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/x\n0\n5432\n/x\n\n0\nready\n")

    async with embedded(data_dir) as dsn:
        assert await ask(dsn) == 1


async def test_many_starts_at_once_make_one_server(data_dir: Path):
    """On an empty folder, from several processes: one creates and starts it, all get in, it is gone afterwards."""
    users = await asyncio.gather(*(another_user(data_dir) for _ in range(4)))
    assert server_of(data_dir) is not None
    await asyncio.gather(*(user.communicate(b"") for user in users))

    assert [user.returncode for user in users] == [0] * 4


async def test_an_interrupted_creation_is_made_anew(data_dir: Path):
    """What a killed initdb left is thrown away."""
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18")
    (data_dir / "postgres.new.password").write_text("old")

    async with embedded(data_dir) as dsn:
        assert await ask(dsn) == 1
    assert not (data_dir / "postgres.new").exists()


async def test_it_dies_with_its_parent_where_asked_to(data_dir: Path):
    """For a demo: kill -9 of the process that started it leaves nothing running."""
    parent = await another_user(data_dir, "die")
    assert server_of(data_dir) is not None
    parent.send_signal(signal.SIGKILL)
    await parent.wait()

    async with asyncio.timeout(20):
        while server_of(data_dir) is not None:
            await asyncio.sleep(0)


async def test_data_of_another_version_are_refused_in_words(data_dir: Path):
    """Which version wrote them, which is here, and what to do."""
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(Misconfigured, match=r"written by PostgreSQL 12, but here is [\d, ]+; install PostgreSQL 12"):
        async with embedded(data_dir):
            pytest.fail("started on foreign data")


async def test_a_folder_that_cannot_be_made_is_named(data_dir: Path):
    """A file stands in the way."""
    (data_dir / "file").touch()

    with pytest.raises(Misconfigured, match=r"HARVESTER_DATA_DIR: the data folder .*file/below cannot be used"):
        async with embedded(data_dir / "file" / "below"):
            pytest.fail("started below a file")


async def test_a_server_that_does_not_start_says_why(data_dir: Path):
    """The last words of its log, and where the rest is: as soon as it has ended, whatever other server this process runs."""
    async with embedded(data_dir / "other"):
        async with embedded(data_dir / "broken"):
            pass
        (data_dir / "broken" / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")

        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"Postgres did not start: .*\(see .*postgres\.log\)"):
            async with embedded(data_dir / "broken"):
                pytest.fail("started with a broken configuration")
    assert time.monotonic() - started < 60.0


async def test_a_path_too_long_for_a_socket_is_no_obstacle(data_dir: Path):
    """The socket then lies in a private folder for temporary files."""
    deep = data_dir / ("a" * 60) / ("b" * 60)
    async with embedded(deep) as dsn:
        assert await ask(dsn) == 1
        sockets = EmbeddedPostgres(deep)._socket_folder(identity_for([deep]) or pytest.fail("no identity"))
        assert not sockets.is_relative_to(data_dir)
        assert sockets.stat().st_mode & 0o077 == 0
    assert server_of(deep) is None
    shutil.rmtree(sockets)


async def test_a_path_with_blanks_and_signs_is_no_obstacle(data_dir: Path):
    """Not in the address either."""
    async with embedded(data_dir / "my data?&=%20 é") as dsn:
        assert await ask(dsn) == 1
    assert server_of(data_dir / "my data?&=%20 é") is None


async def test_a_system_postgres_will_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the wheel's binaries are missing, one of the system that is new enough is taken; without any, a sentence."""
    system = [folder for folder in embedded_postgres._candidates() if "pginstall" not in str(folder)]
    monkeypatch.setattr(embedded_postgres, "_candidates", lambda: iter([]))
    with pytest.raises(Misconfigured, match="there is no PostgreSQL 15 or newer here"):
        async with embedded(data_dir):
            pytest.fail("started without binaries")

    monkeypatch.setattr(embedded_postgres, "_candidates", lambda: iter(system))
    if any((embedded_postgres._version(folder) or 0) >= 15 for folder in system):
        async with embedded(data_dir) as dsn:
            assert await ask(dsn) == 1


async def test_a_cancelled_start_leaves_nothing_running(data_dir: Path):
    """The user gave up while it was starting: it is stopped again."""
    starting = asyncio.create_task(embedded(data_dir).__aenter__())
    while not (data_dir / "users").exists():
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert server_of(data_dir) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused for being root, and can become somebody else")
class TestAsRoot:
    """Postgres refuses to be root."""

    async def test_the_server_is_somebody_else(self, data_dir: Path):
        """Neither root nor with any right of root where every folder is open."""
        async with embedded(data_dir):
            status = Path(f"/proc/{server_of(data_dir)}/status").read_text(encoding="ascii")
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert lines["Uid"].split()[0] != "0"
        assert int(lines["CapEff"], 16) == 0

    async def test_a_closed_folder_is_reached_all_the_same(self, data_dir: Path):
        """Data below /root or a private temporary folder work: the server may look through folders, and nothing more."""
        closed = data_dir / "closed"
        closed.mkdir(mode=0o700)
        async with embedded(closed / "data") as dsn:
            assert await ask(dsn) == 1
            status = Path(f"/proc/{server_of(closed / 'data')}/status").read_text(encoding="ascii")
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert int(lines["CapEff"], 16).bit_count() == 1
        assert server_of(closed / "data") is None
        assert closed.stat().st_mode & 0o777 == 0o700

    async def test_without_any_way_in_a_sentence_says_so(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch):
        """Which folders, and what to choose."""
        monkeypatch.setattr("harvester.adapters.unprivileged._held", lambda: 0)
        closed = data_dir / "closed"
        closed.mkdir(mode=0o700)

        with pytest.raises(Misconfigured, match="cannot run as root, and no other user may enter"):
            async with embedded(closed):
                pytest.fail("started where it cannot be")

    def test_an_ordinary_user_needs_no_root(self, data_dir: Path):
        """The same as nobody: nothing is changed, the server is the user himself. (Python is asked for that can be run.)"""
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        if python is None or not os.access(python, os.X_OK):
            pytest.skip("no Python that everybody may run")
        os.chown(data_dir, 65534, 65534)
        code = (
            "import sys; sys.path.insert(0, sys.argv[2])\n"
            "from pathlib import Path\n"
            "from harvester.adapters.embedded_postgres import EmbeddedPostgres\n"
            "server = EmbeddedPostgres(Path(sys.argv[1]))\n"
            "server.join(); print(server._cluster.stat().st_uid, server.leave())\n"
        )
        done = subprocess.run(
            [python, "-c", code, str(data_dir / "mine"), str(ROOT)],
            user=65534, group=65534, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("65534 True\n", 0), done.stderr
