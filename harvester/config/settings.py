"""Settings: the only reader of the environment."""

import difflib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from harvester.config.fields import (
    EVERY_MORNING,
    Address,
    DatabaseAddress,
    NotifyAddresses,
    Words,
    a_week_or_for_ever,
    as_long_as_amazon_or_for_ever,
    cron,
    known_kinds,
    longer_than_a_call,
    upper,
)
from harvester.config.notices import known_notices
from harvester.domain.errors import Misconfigured
from harvester.domain.profile import Mode, Region

PREFIX = "HARVESTER_"
SECRETS = Path("/run/secrets")


class SellingPartnerSettings(BaseModel):
    """A Selling Partner login, for catalog facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = Field(min_length=1)
    url: Address | None = None


class AccountSettings(BaseModel):
    """One advertising login."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1, description="Client id of the Login with Amazon application.")
    client_secret: SecretStr = Field(min_length=1, description="Its client secret.")
    refresh_token: SecretStr = Field(min_length=1, description="Refresh token of the advertiser's grant.")
    region: Annotated[Region, BeforeValidator(upper)] = Field(
        description="`NA`, `EU` or `FE`: the host that serves its profiles."
    )
    ads_url: Address | None = Field(None, description="Base address instead of Amazon's (a sandbox, a proxy).")
    lwa_url: Address | None = Field(None, description="The token address instead of Amazon's.")
    profiles: Words = Field(
        (), description="Only these profile ids, separated by commas. Empty: all that the login can edit."
    )
    selling_partner: SellingPartnerSettings | None = Field(
        None,
        description="Optional Selling Partner login (`__CLIENT_ID`, `__CLIENT_SECRET`, `__REFRESH_TOKEN`, `__URL`).",
    )


def default_data_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "harvester"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "harvester"


def _standard_traces_url() -> str | None:
    """What every OpenTelemetry library looks at: an address for traces, or one for all signals."""
    exact = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    for_all = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return exact or (f"{for_all.rstrip('/')}/v1/traces" if for_all else None)


def _secret_files(source: PydanticBaseSettingsSource) -> NestedSecretsSettingsSource:
    return NestedSecretsSettingsSource(source, secrets_dir_missing="ok", secrets_nested_delimiter="__")


class Settings(BaseSettings):
    """Everything an operator can set. Times are seconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_nested_delimiter="__",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    database_url: DatabaseAddress | None = Field(
        None, description="PostgreSQL 15 or newer. Unset: an embedded Postgres under `DATA_DIR`."
    )
    data_dir: Path = Field(default_factory=default_data_dir, description="Where the embedded Postgres keeps its data.")
    mode: Mode = Field(Mode.DRY_RUN, description="`dry-run`, `review` or `auto`.")
    rules_file: Path | None = Field(
        None, description="Default: `rules.yaml` in the working folder if it is there, else the built-in rules."
    )
    accounts: dict[str, AccountSettings] = Field(
        default_factory=dict, description="Advertising logins, by a name of your own."
    )
    api_patience: float = Field(
        120, gt=0, le=86_400, description="How long one reading call is retried before it is given up."
    )
    call_timeout: float = Field(
        60, ge=30, le=600, description="How long one call waits for its answer; good ones may take 30."
    )
    reconcile_after: Annotated[float, AfterValidator(longer_than_a_call)] = Field(
        120,
        ge=0,
        le=86_400,
        description="How long an `unknown` action waits until a listing may say it never came. Over `CALL_TIMEOUT`.",
    )
    schedule: Annotated[str, AfterValidator(cron)] = Field(
        EVERY_MORNING,
        description="When each profile is harvested: a cron line of five fields, in the profile's own time zone.",
    )
    schedule_jitter: float = Field(
        1800,
        ge=0,
        le=86_400,
        description="The profiles of a time zone are spread over so long after their moment, each always alike.",
    )
    discover_every: int = Field(
        3600, ge=10, le=86_400, description="How often the service asks which profiles its logins can edit."
    )
    worker_silence: float = Field(
        30,
        ge=1,
        le=3600,
        description="After so long without a sign of life from its worker, another one takes a piece of work over.",
    )
    lease_grace: float = Field(
        90,
        ge=1,
        le=3600,
        description="After so long without a sign of life a process loses the profiles it holds; longer than any call.",
    )
    drain: float = Field(
        75, ge=1, le=3600, description="How long a service that was told to stop waits for calls under way."
    )
    concurrency: int = Field(8, ge=1, le=1000, description="How many profiles are harvested side by side.")
    keep_decisions: Annotated[float, AfterValidator(a_week_or_for_ever)] = Field(
        34_560_000, description="How long decisions are kept that no action refers to. 0: for ever."
    )
    keep_calls: Annotated[float, AfterValidator(a_week_or_for_ever)] = Field(
        34_560_000, description="How long calls are kept that carried no action. 0: for ever."
    )
    keep_reports: Annotated[float, AfterValidator(as_long_as_amazon_or_for_ever)] = Field(
        34_560_000, description="How long the days of reports are kept. 0: for ever."
    )
    report_patience: float = Field(
        10_800, ge=0, le=86_400, description="How long `harvester plan` waits for the reports that the rules need."
    )
    two_person: Annotated[Words, AfterValidator(known_kinds)] = Field(
        ("create_group", "negate_brand"),
        description="Kinds that two people must approve. `create_group` means those that create campaigns.",
    )
    notify_urls: NotifyAddresses = Field(
        (), description="Apprise URLs that are told what people must know. They hold tokens."
    )
    notify_every: float = Field(
        900, ge=1, le=604_800, description="At most one message per this time; what happens meanwhile is grouped."
    )
    notify_about: Annotated[Words, AfterValidator(known_notices)] = Field(
        (), description="Only these kinds of notices. Empty: all."
    )
    catalog_max_age: float = Field(
        604_800,
        ge=0,
        le=31_536_000,
        description="How old catalog facts may be before they are read again. 0: they are read in every run.",
    )
    log_format: Literal["console", "json"] = Field("console", description="`console` or `json`.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    metrics_host: str = Field(
        "127.0.0.1", description="Where `serve` and `worker` answer probes and Prometheus; `0.0.0.0`: anybody may ask."
    )
    metrics_port: int = Field(9464, ge=0, le=65_535, description="Its port; 0: there is no such server.")
    traces_url: Address | None = Field(
        default_factory=_standard_traces_url,
        description="Where OpenTelemetry traces go, OTLP over HTTP; needs the extra `otel`.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        secrets = _secret_files(file_secret_settings)
        return init_settings, env_settings, dotenv_settings, secrets


def demo_folder() -> Path:
    """Below the data folder in force, whatever else is configured."""
    return Path(os.environ.get(f"{PREFIX}DATA_DIR") or default_data_dir()).expanduser().absolute() / "demo"


class _NamedFileSettings(Settings):
    """Settings whose env file was named on the command line: what it says goes before the environment.

    A file that names accounts names all of them, so that a sandbox's file never meets a real login of the environment.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = _Without(settings_cls, env_settings, dotenv_settings)
        secrets = _Without(settings_cls, _secret_files(file_secret_settings), dotenv_settings)
        return init_settings, dotenv_settings, environment, secrets


class _Without(PydanticBaseSettingsSource):
    """A source without the accounts and the database that another source names already."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        source: PydanticBaseSettingsSource,
        named: PydanticBaseSettingsSource,
    ) -> None:
        super().__init__(settings_cls)
        self._source, self._named = source, named

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        values = dict(self._source())
        named = self._named()
        if "accounts" in named:
            values.pop("accounts", None)
        if "data_dir" in named:
            values.pop("database_url", None)
        return values


def load(env_file: Path | None = None) -> Settings:
    """Environment first, then `.env`, then secret files; an env file that is named goes before the environment.

    Raises Misconfigured, naming the variable and never its value.
    """
    if env_file is not None and not env_file.is_file():
        raise Misconfigured("there is no such file", file=str(env_file))
    kind = _NamedFileSettings if env_file else Settings
    try:
        return kind(_env_file=env_file or Path(".env"), _secrets_dir=SECRETS if SECRETS.is_dir() else None)
    except ValidationError as error:
        raise _sentence(error) from None
    except UnicodeDecodeError:
        raise Misconfigured("is not UTF-8 text", file=str(env_file or ".env")) from None
    except Exception as error:
        if type(error).__name__ != "SettingsError":
            raise
        raise Misconfigured(f"a setting cannot be read: {error}") from None


def unknown(environment: Iterable[str] | None = None, env_file: Path | None = None) -> list[str]:
    """One sentence per variable of this process and its env file that begins like a setting and is none."""
    file = env_file or Path(".env")
    written = dotenv_values(file) if file.is_file() else {}
    sentences = []
    for name in sorted({*(os.environ if environment is None else environment), *written}):
        if not name.upper().startswith(PREFIX) or name.upper().startswith(f"{PREFIX}TEST_"):
            continue
        field = name[len(PREFIX) :].lower().split("__")[0]
        if field not in Settings.model_fields:
            near = difflib.get_close_matches(field, Settings.model_fields, n=1)
            hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
            sentences.append(f"{name} is no setting of this version and is ignored{hint}")
    return sentences


def _sentence(error: ValidationError) -> Misconfigured:
    first, *others = error.errors(include_input=False, include_url=False)
    location = [str(part) for part in first["loc"]]
    name = _variable(first["loc"])
    message = first["msg"].removeprefix("Value error, ").replace("Input should", "must")
    if first["type"] == "missing":
        lacking = [_variable(other["loc"]) for other in others if other["type"] == "missing"]
        message = "is not set" + (
            f", and neither {'is' if len(lacking) == 1 else 'are'} {', '.join(lacking)}" if lacking else ""
        )
    elif first["type"] == "extra_forbidden":
        near = _nearest(location)
        message = "is no setting" + (f"; did you mean {near}?" if near else "")
    elif first["type"] in {"dict_type", "model_type"}:
        message = "is no value by itself; write HARVESTER_ACCOUNTS__MAIN__CLIENT_ID and so on"
    elif first["type"] in {"enum", "literal_error"}:
        message = f"must be one of {first.get('ctx', {}).get('expected', '')}".replace("'", "")
    return Misconfigured(message, field=name)


def _variable(location: Iterable[int | str]) -> str:
    return PREFIX + "__".join(str(part).upper() for part in location)


def _nearest(location: Iterable[str]) -> str | None:
    *parents, wrong = location
    names = SellingPartnerSettings.model_fields if "selling_partner" in parents else AccountSettings.model_fields
    near = difflib.get_close_matches(wrong, names, n=1)
    return near[0].upper() if near else None
