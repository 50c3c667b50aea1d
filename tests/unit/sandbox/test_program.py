"""`python -m harvester.sandbox`: the ready line, the flags, the end."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harvester.sandbox.__main__ import main


@contextmanager
def started(*flags: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "harvester.sandbox", *flags]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
    finally:
        process.kill()
        process.communicate()


def log_in(login: dict[str, Any], url: str) -> str:
    names = ("client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", **{name: login[name] for name in names}}
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()) as answer:
        token: str = json.load(answer)["access_token"]
    return token


def test_the_ready_line_is_enough_to_log_in() -> None:
    """Addresses and a login per account; the profiles are those of the account."""
    with started("--profiles", "3", "--accounts", "2") as (ready, _):
        for login in ready["accounts"]:
            headers = {
                "Authorization": f"Bearer {log_in(login, ready['lwa_url'])}",
                "Amazon-Advertising-API-ClientId": login["client_id"],
            }
            request = urllib.request.Request(f"{ready['ads_url']}/v2/profiles", headers=headers)
            with urllib.request.urlopen(request) as answer:
                assert [str(one["profileId"]) for one in json.load(answer)] == login["profiles"]

    first = {name: ready[name] for name in ("client_id", "client_secret", "refresh_token")}
    assert first.items() <= ready["accounts"][0].items()
    assert ready["selling_partner_url"] == ready["url"]
    assert ready["ads_urls"]["EU"] == f"{ready['url']}/eu"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(sign: signal.Signals) -> None:
    """Without an error, also while somebody is connected."""
    with started() as (ready, process):
        log_in(ready, ready["lwa_url"])
        process.send_signal(sign)

        assert process.wait(timeout=10) == 0


def test_it_ends_with_the_program_that_started_it() -> None:
    """When asked to, it takes the end of its standard input for the end."""
    with started("--until-stdin-closes") as (ready, process):
        log_in(ready, ready["lwa_url"])
        assert process.stdin is not None
        process.stdin.write(b"still there")
        process.stdin.flush()
        log_in(ready, ready["lwa_url"])
        process.stdin.close()
        process.stdin = None

        assert process.wait(timeout=10) == 0


def test_faults_come_from_a_file(tmp_path: Path) -> None:
    """In force from the first request."""
    file = tmp_path / "faults.json"
    file.write_text('[{"match": {"path": "/auth/*"}, "action": {"lwa_error": "invalid_grant"}}]')

    with started("--faults", str(file)) as (ready, _), pytest.raises(urllib.error.HTTPError) as refusal:
        log_in(ready, ready["lwa_url"])

    assert refusal.value.code == 400
    refusal.value.close()


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (["--profiles", "0"], "--profiles must be at least 1"),
        (["--accounts", "9"], "--accounts between 1 and --profiles"),
        (["--faults", "no-such-file.json"], "no-such-file.json"),
        (["--dialect", "latin"], "latin"),
    ],
)
def test_bad_flags_get_one_sentence(flags: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And exit code 2, not a traceback."""
    with pytest.raises(SystemExit) as ending:
        main(flags)

    assert ending.value.code == 2
    assert part in capsys.readouterr().err


def test_a_bad_faults_file_names_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The path inside the JSON and what is wrong there."""
    file = tmp_path / "faults.json"
    file.write_text('[{"action": {"status": "often"}}]')

    with pytest.raises(SystemExit):
        main(["--faults", str(file)])

    assert "$[0].action.status" in capsys.readouterr().err
