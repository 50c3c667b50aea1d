"""Settings: where they come from, and what a wrong one looks like."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.config import settings
from harvester.domain.errors import Misconfigured
from harvester.domain.profile import Mode, Region

CANARY = "Atzr|canary-7f3a-secret"
LOGIN = {
    "HARVESTER_ACCOUNTS__MAIN__CLIENT_ID": "amzn1.application-oa2-client.1",
    "HARVESTER_ACCOUNTS__MAIN__CLIENT_SECRET": CANARY,
    "HARVESTER_ACCOUNTS__MAIN__REFRESH_TOKEN": CANARY,
    "HARVESTER_ACCOUNTS__MAIN__REGION": "eu",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "SECRETS", tmp_path / "no-secrets")


def _set(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in (LOGIN | changes).items():
        monkeypatch.setenv(name, value)


def test_nothing_set_is_a_dry_run_without_accounts() -> None:
    """Without any setting nothing can be sent and nobody is asked."""
    loaded = settings.load()

    assert loaded.mode is Mode.DRY_RUN
    assert loaded.accounts == {}
    assert loaded.database_url is None


def test_an_account_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A login's four settings are enough; profiles come as a list of ids."""
    _set(monkeypatch, HARVESTER_ACCOUNTS__MAIN__PROFILES="11, 12")

    account = settings.load().accounts["main"]

    assert account.region is Region.EU
    assert account.profiles == ("11", "12")
    assert account.refresh_token.get_secret_value() == CANARY


@pytest.mark.parametrize(("written", "read"), [("7", ("7",)), ("7,8", ("7", "8")), ('["7", 8]', ("7", "8")), ("", ())])
def test_profile_ids_are_a_list_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]
) -> None:
    """One id, ids with commas, a JSON list and nothing are all understood."""
    _set(monkeypatch, HARVESTER_ACCOUNTS__MAIN__PROFILES=written)

    assert settings.load().accounts["main"].profiles == read


def test_a_longer_call_needs_a_longer_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way for five minutes has not failed to arrive after two; at once is for those who know better."""
    monkeypatch.setenv("HARVESTER_CALL_TIMEOUT", "300")
    with pytest.raises(Misconfigured, match=r"HARVESTER_RECONCILE_AFTER.* 300"):
        settings.load()

    for wait in ("301", "0"):
        monkeypatch.setenv("HARVESTER_RECONCILE_AFTER", wait)
        assert settings.load().reconcile_after == float(wait)


def test_secret_files_fill_what_the_environment_leaves_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file named like the variable gives its value, nested ones too."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "harvester_accounts__main__refresh_token").write_text("Atzr|from-file")
    (secrets / "HARVESTER_DATABASE_URL").write_text("postgresql://file/db")
    monkeypatch.setattr(settings, "SECRETS", secrets)
    _set(monkeypatch)
    monkeypatch.delenv("HARVESTER_ACCOUNTS__MAIN__REFRESH_TOKEN")

    loaded = settings.load()

    assert loaded.accounts["main"].refresh_token.get_secret_value() == "Atzr|from-file"
    assert loaded.database_url is not None
    assert loaded.database_url.get_secret_value() == "postgresql://file/db"


def test_a_named_env_file_never_mixes_with_the_logins_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command pointed at the sandbox meets neither the real login nor the real database."""
    _set(monkeypatch, HARVESTER_DATABASE_URL="postgresql://real/db", HARVESTER_MODE="auto")
    file = tmp_path / "sandbox.env"
    file.write_text(
        "HARVESTER_DATA_DIR=/tmp/demo\nHARVESTER_MODE=review\n"
        "HARVESTER_ACCOUNTS__SANDBOX__CLIENT_ID=a\nHARVESTER_ACCOUNTS__SANDBOX__CLIENT_SECRET=b\n"
        "HARVESTER_ACCOUNTS__SANDBOX__REFRESH_TOKEN=c\nHARVESTER_ACCOUNTS__SANDBOX__REGION=NA\n"
    )

    loaded = settings.load(file)

    assert set(loaded.accounts) == {"sandbox"}
    assert loaded.database_url is None
    assert loaded.mode is Mode.REVIEW


def test_whatever_a_login_lacks_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants to learn of them one by one."""
    monkeypatch.setenv("HARVESTER_ACCOUNTS__MAIN__CLIENT_ID", "amzn1.application-oa2-client.1")

    with pytest.raises(Misconfigured) as caught:
        settings.load()

    assert str(caught.value) == (
        "HARVESTER_ACCOUNTS__MAIN__CLIENT_SECRET: is not set, and neither are "
        "HARVESTER_ACCOUNTS__MAIN__REFRESH_TOKEN, HARVESTER_ACCOUNTS__MAIN__REGION"
    )


def test_a_missing_env_file_is_an_error(tmp_path: Path) -> None:
    """A file that was asked for and is not there stops the command."""
    with pytest.raises(Misconfigured, match=r"nowhere\.env"):
        settings.load(tmp_path / "nowhere.env")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HARVESTER_MODE", "live", "must be one of dry-run, review or auto"),
        ("HARVESTER_ACCOUNTS__MAIN__REGION", "US", "must be one of NA, EU or FE"),
        ("HARVESTER_ACCOUNTS__MAIN__CLIENT_SECRET", "", "is not set"),
        ("HARVESTER_ACCOUNTS__MAIN__ADS_URL", "sandbox:80", "must be a full address"),
        ("HARVESTER_ACCOUNTS__MAIN__PROFILES", "[7", "must be ids separated by commas"),
        ("HARVESTER_API_PATIENCE", "-1", "greater than 0"),
        ("HARVESTER_ACCOUNTS", "[]", "is no value by itself; write HARVESTER_ACCOUNTS__MAIN__CLIENT_ID"),
        ("HARVESTER_ACCOUNTS__MAIN__ADS_URL", "http://[::1", "must be an address such as https://host"),
        ("HARVESTER_ACCOUNTS__MAIN__ADS_URL", "https://", "must be an address such as https://host"),
        ("HARVESTER_ACCOUNTS__MAIN__LWA_URL", "http://127.0.0.1:99999", "must be an address such as https://host"),
        ("HARVESTER_CALL_TIMEOUT", "29", "greater than or equal to 30"),
        ("HARVESTER_RECONCILE_AFTER", "60", "must be longer than a call may take (HARVESTER_CALL_TIMEOUT, 60), or 0"),
        ("HARVESTER_CONCURRENCY", "many", "valid integer"),
        ("HARVESTER_TWO_PERSON", "create_grup", "did you mean create_group?"),
        ("HARVESTER_KEEP_DECISIONS", "86400", "must be 0 (for ever), or between 604800 (a week)"),
        ("HARVESTER_KEEP_REPORTS", "604800", "must be 0 (for ever), or between 8208000 (the 95 days"),
        ("HARVESTER_KEEP_CALLS", "nan", "must be 0 (for ever), or between 604800 (a week)"),
        (
            "HARVESTER_KEEP_REPORTS",
            "8207999",
            "must be 0 (for ever), or between 8208000 (the 95 days that Amazon keeps)",
        ),
        ("HARVESTER_KEEP_CALLS", "-1", "must be 0 (for ever)"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    """The variable is named, and what it must be."""
    _set(monkeypatch, **{name: value})

    with pytest.raises(Misconfigured) as caught:
        settings.load()

    assert caught.value.field == name
    assert sentence in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_misspelt_account_setting_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is none is an error with the nearest name."""
    _set(monkeypatch, HARVESTER_ACCOUNTS__MAIN__PROFILE="7")

    with pytest.raises(Misconfigured, match="did you mean PROFILES"):
        settings.load()


def test_unknown_variables_are_reported() -> None:
    """A misspelt setting is not silently without effect; other programs' variables are not ours."""
    said = settings.unknown({"HARVESTER_MOED": "auto", "HARVESTER_TEST_DSN": "x", "PATH": "y", "HARVESTER_MODE": "z"})

    assert said == ["HARVESTER_MOED is no setting of this version and is ignored; did you mean HARVESTER_MODE?"]


def test_a_typo_in_the_env_file_is_reported_too(tmp_path: Path) -> None:
    """Wherever it is written, a setting that is none does not pass in silence."""
    file = tmp_path / "my.env"
    file.write_text("HARVESTER_MDOE=review\nOTHER=x\n")

    said = settings.unknown({}, file)

    assert said == ["HARVESTER_MDOE is no setting of this version and is ignored; did you mean HARVESTER_MODE?"]


_names = st.sampled_from(
    [*LOGIN, "HARVESTER_MODE", "HARVESTER_API_PATIENCE", "HARVESTER_ACCOUNTS", "HARVESTER_LOG_LEVEL"]
)
_values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(changes=st.dictionaries(_names, _values, max_size=4))
def test_any_garbage_is_one_clear_sentence(changes: dict[str, str]) -> None:
    """Whatever is written into the variables: settings, or Misconfigured on one line without the secret."""
    with pytest.MonkeyPatch.context() as patch:
        _set(patch, **changes)
        try:
            loaded = settings.load()
        except Misconfigured as error:
            assert error.message
            assert "\n" not in str(error)
            assert CANARY not in str(error)
        else:
            assert CANARY not in repr(loaded)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("slack://a/b/c", ["slack://a/b/c"]),
        ("slack://a/b/c/#x,#y, mailto://u:p@h?to=a@b,c@d", ["slack://a/b/c/#x,#y", "mailto://u:p@h?to=a@b,c@d"]),
        ("slack://a\nmailto://b ,\n json://c,", ["slack://a", "mailto://b", "json://c"]),
        ('["slack://a,b", "json://c"]', ["slack://a,b", "json://c"]),
        ("", []),
    ],
)
def test_addresses_for_notices_are_a_list_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch, written: str, read: list[str]
) -> None:
    """A comma inside an address parts its receivers, not addresses."""
    _set(monkeypatch, HARVESTER_NOTIFY_URLS=written)

    loaded = settings.load()

    assert [url.get_secret_value() for url in loaded.notify_urls] == read
    assert all(url not in repr(loaded) for url in read)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (f"json://h, slack:/{CANARY}", "address 2 is not"),
        (f"json://h {CANARY}", "address 2 is not"),
        (f"json://h slack://{CANARY} mailto://", "address 3 (mailto) is not"),
        (f'["json://h", "slack://{CANARY} {CANARY}"]', "address 2 (slack) is not"),
        (f'["json://h", "{CANARY}', "Apprise URLs separated by blanks, or a JSON list"),
    ],
)
def test_an_address_that_is_none_is_named_by_place_and_scheme(
    monkeypatch: pytest.MonkeyPatch, written: str, complaint: str
) -> None:
    """Never by its text, which may be a token."""
    _set(monkeypatch, HARVESTER_NOTIFY_URLS=written)

    with pytest.raises(Misconfigured) as caught:
        settings.load()

    assert str(caught.value).startswith("HARVESTER_NOTIFY_URLS: ")
    assert complaint in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_misspelt_kind_of_notice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for messages that never come."""
    _set(monkeypatch, HARVESTER_NOTIFY_ABOUT="account_closed,profile_stoped")
    with pytest.raises(Misconfigured, match=r"NOTIFY_ABOUT: `profile_stoped` .*did you mean profile_stopped\?"):
        settings.load()

    _set(monkeypatch, HARVESTER_NOTIFY_ABOUT="everything")
    with pytest.raises(Misconfigured, match="there are rules_broken, account_closed"):
        settings.load()

    _set(monkeypatch, HARVESTER_NOTIFY_ABOUT="account_closed, profile_stopped")
    assert settings.load().notify_about == ("account_closed", "profile_stopped")


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/traces"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://two/t"},
            "http://two/t",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one", "HARVESTER_TRACES_URL": "http://three/t"}, "http://three/t"),
    ],
)
def test_traces_go_where_every_other_service_sends_them(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str | None
) -> None:
    """Unless a setting of our own says otherwise; without either there are none."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert settings.load().traces_url == address
