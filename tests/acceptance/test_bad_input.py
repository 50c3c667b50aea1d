"""Bad input gets one clear sentence with the place of the mistake, an exit code, and nothing half done."""

import pytest

from tests.acceptance.command_line import Harvester, Result
from tests.acceptance.conftest import CleanRun
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger

SECRET = "hush-hush-4711"
RULES: dict[str, tuple[str | bytes, int]] = {
    "not YAML": ("version: 1\nrules: [\n", 3),
    "a key twice": ("version: 1\nguard: {}\nguard: {}\n", 3),
    "an unknown key": ("version: 1\n\nrulez: []\n", 3),
    "a tab": ("version: 1\nrules:\n\t- name: x\n", 3),
    "an impossible bound": (
        "version: 1\nrules:\n  - name: a\n    when: {all: [{clicks: {at_least: -3}}]}\n    then: {negate: {}}\n",
        4,
    ),
    "a fact nobody delivers": (
        "version: 1\nrules:\n  - name: a\n    when: {all: [{impressions: {at_least: 3}}]}\n    then: {negate: {}}\n",
        4,
    ),
    "no text": (b"version: 1\n# \xff\xfe\n", 2),
    "nothing": ("", 1),
}
SETTINGS = {
    "MODE": "yolo",
    "API_PATIENCE": "soon",
    "CONCURRENCY": "0",
    "LOG_LEVEL": "loud",
    "ACCOUNTS__FIRST__REGION": "MARS",
    "ACCOUNTS__FIRST__ADS_URL": "advertising-api.amazon.com",
    "ACCOUNTS__FIRST__CLIENT_SECRET": None,
    "ACCOUNTS__FIRST__REFRESH_TOKN": SECRET,
    "DATABASE_URL": f"mysql://me:{SECRET}@somewhere/x",
}


def one_sentence(result: Result, *words: str) -> str:
    """On standard error, without a traceback and without a secret; standard output is empty."""
    assert "Traceback" not in result.err, result
    assert SECRET not in result.out + result.err
    assert result.out == ""
    sentence = result.sentence
    assert sentence.startswith("harvester: ")
    for word in words:
        assert word in sentence
    return sentence


@pytest.mark.parametrize("name", RULES)
def test_a_broken_rules_file(name: str, harvester: Harvester, amazon: PretendAmazon) -> None:
    """File and line, exit code 2, and not one call to Amazon."""
    text, line = RULES[name]
    rules = harvester.folder / "my-rules.yaml"
    rules.write_bytes(text if isinstance(text, bytes) else text.encode())

    result = harvester("plan", RULES_FILE="my-rules.yaml").failed(2)

    one_sentence(result, f"my-rules.yaml:{line}: ")
    assert amazon.seen() == 0


def test_a_broken_rules_file_stops_who_judges_and_nobody_else(harvester: Harvester, amazon: PretendAmazon) -> None:
    """The kill switch works and the ledger can be read; what judges or sends refuses with file and line."""
    plan = harvester("plan", "--json").succeeded().json["plans"][0]
    (harvester.folder / "my-rules.yaml").write_text("version: 1\n\nrulez: []\n")
    harvester.environment["HARVESTER_RULES_FILE"] = "my-rules.yaml"
    harvester.environment["HARVESTER_MODE"] = "review"

    for looks in (
        ("pause", "--by", "Kim"),
        ("resume", "--by", "Kim", "--profile", plan["profile_id"]),
        ("mode", "dry-run", "--by", "Kim"),
        ("status",),
        ("plans",),
        ("show", plan["id"]),
        ("why", "towels"),
        ("ledger", "verify"),
        ("export", plan["id"], "--format", "csv"),
        ("reconcile",),
    ):
        assert "rulez" not in harvester(*looks).succeeded().err

    asked = amazon.seen()
    for judges in (
        ("plan",),
        ("apply", plan["id"], "--fingerprint", plan["fingerprint"]),
        ("approve", plan["id"], "--by", "Kim"),
        ("undo", plan["id"]),
        ("coverage",),
    ):
        one_sentence(harvester(*judges).failed(2), "my-rules.yaml:3: ")
    assert amazon.seen() == asked
    findings = {check["what"]: check["well"] for check in harvester("doctor", "--json").failed().json["checks"]}
    assert not findings["rules"]
    assert findings["database"]


def test_a_rules_file_that_is_not_there(harvester: Harvester) -> None:
    """Never the defaults in its place."""
    one_sentence(harvester("plan", RULES_FILE="elsewhere.yaml").failed(2), "elsewhere.yaml")
    one_sentence(harvester("rules", "test", "elsewhere.yaml").failed(2), "elsewhere.yaml")
    assert harvester("rules", "check", "elsewhere.yaml").failed(2).out == "elsewhere.yaml: there is no such file\n"


@pytest.mark.parametrize("name", SETTINGS)
def test_a_broken_setting(name: str, harvester: Harvester, amazon: PretendAmazon) -> None:
    """The variable is named, its value is not, and nothing was asked."""
    result = harvester("plan", **{name: SETTINGS[name]}).failed(2)

    one_sentence(result, f"HARVESTER_{name}")
    assert amazon.seen() == 0


def test_no_account_at_all(harvester: Harvester) -> None:
    """What to set, and where to look around without an account."""
    for name in [name for name in harvester.environment if "ACCOUNTS" in name]:
        del harvester.environment[name]

    one_sentence(harvester("plan").failed(2), "harvester demo", "HARVESTER_ACCOUNTS__MAIN__CLIENT_ID")
    one_sentence(harvester("coverage").failed(2), "harvester demo")


def test_an_env_file_that_is_not_there(harvester: Harvester) -> None:
    """Never the environment in its place."""
    one_sentence(harvester("--env-file", "other.env", "plan").failed(2), "other.env")


@pytest.mark.parametrize(
    "arguments",
    [("plan", "--profil", "1"), ("plam",), ("show",), ("plans", "--limit", "0"), ("--jsn", "plan")],
    ids=str,
)
def test_a_command_line_that_means_nothing(arguments: tuple[str, ...], harvester: Harvester) -> None:
    """Exit code 2 and how to use it."""
    result = harvester(*arguments).failed(2)

    assert "Usage: harvester" in result.err
    assert result.out == ""


def test_a_plan_that_is_not_there(clean: CleanRun) -> None:
    """Exit code 1, and where the plans are listed."""
    one_sentence(clean.harvester("show", "p99").failed(), "no plan p99", "harvester plans")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/nowhere", 1),
        (f"postgresql://me:{SECRET}@no-such-host.invalid/nowhere", 1),
        (f"postgresql://me:{SECRET}@127.0.0.1:99999/nowhere", 2),
        (f"somewhere:{SECRET}", 2),
    ],
)
@pytest.mark.parametrize("command", ["plan", "migrate"])
def test_a_database_that_cannot_be_reached(command: str, address: str, code: int, harvester: Harvester) -> None:
    """One sentence; a wrong address is a mistake in the settings, an unreachable one is not."""
    one_sentence(harvester(command, DATABASE_URL=address).failed(code))


def test_a_database_that_is_not_ours(harvester: Harvester, dsn: str) -> None:
    """A wrong password or a database that does not exist is told as what it is."""
    one_sentence(
        harvester("plans", DATABASE_URL=dsn.replace(Ledger(dsn).name, "no_such_database")).failed(2), "no_such"
    )
    user, rest = dsn.split("@", 1)
    stranger = f"{user.rsplit(':', 1)[0]}:{SECRET}@{rest}"
    one_sentence(harvester("plans", DATABASE_URL=stranger).failed(2), "Postgres")


def test_a_database_older_than_the_program(harvester: Harvester, ledger: Ledger, amazon: PretendAmazon) -> None:
    """It is somebody's decision to migrate it; the sentence names the command, which is then enough."""
    newest = ledger.value("SELECT max(number) FROM harvester.migration")
    ledger.execute("DELETE FROM harvester.migration WHERE number = $1", newest)

    one_sentence(harvester("plan").failed(2), "harvester migrate")
    assert amazon.seen() == 0


def test_a_database_newer_than_the_program(harvester: Harvester, ledger: Ledger) -> None:
    """Nothing is touched."""
    ledger.execute("INSERT INTO harvester.migration (number, name, checksum) VALUES (9999, '9999_later.sql', 'x')")

    for command in ("plan", "migrate"):
        one_sentence(harvester(command).failed(2), "newer than this program", "9999_later.sql")


def test_a_variable_that_is_no_setting(harvester: Harvester) -> None:
    """It is told, with what was probably meant, and stops nothing."""
    result = harvester("plans", MODUS="review").succeeded()

    assert "HARVESTER_MODUS is no setting" in result.sentence
