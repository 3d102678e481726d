"""Settings that come from environment variables, one class for each addon.

Rules for every class: a group that is switched off is not validated, no message shows any part
of a value, no secret has white space around it, and a value that Kubernetes has set for a
Service of the same name is explained.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ModelWrapValidatorHandler,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .exceptions import ConfigurationError
from .problem import Problem, problem_of
from .setting_texts import text_of

Settings = TypeVar("Settings", bound="EnvironmentSettings")

# the value that Kubernetes, and Docker with links, sets as NAME_PORT for a Service "name"
_SERVICE = re.compile(r"(?:tcp|udp|sctp)://[^\s/]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class EnvironmentSettings(BaseSettings):
    """A group of environment variables; each field's alias is a variable's name.

    ``read()`` takes the process's environment, where a blank variable counts as
    unset. With values given by keyword (``SomeSettings(AWS_REGION="x")``) the environment is
    ignored.

    ``switch`` is the variable that switches the group on or off, where there is one. ``code``
    begins the ids of the group's problems, such as ``S3.E001``.
    """

    switch: ClassVar[str | None] = None
    code: ClassVar[str] = "SETTINGS"

    model_config = SettingsConfigDict(
        allow_inf_nan=False,
        case_sensitive=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
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
        """Return the only source of pydantic's settings: the keywords, or the environment."""
        if isinstance(init_settings, InitSettingsSource) and init_settings.init_kwargs:
            return (init_settings,)
        return (env_settings,)

    @model_validator(mode="wrap")
    @classmethod
    def _only_while_on(cls, values: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        return handler(values if cls.is_on(values) else cls._switch_of(values))

    @field_validator("*", mode="before")
    @classmethod
    def _no_service(cls, value: Any, info: ValidationInfo) -> Any:
        name = cls.model_fields[info.field_name or ""].alias or ""
        if name.endswith("_PORT") and isinstance(value, str) and _SERVICE.fullmatch(value.strip()):
            service = name.removesuffix("_PORT").lower().replace("_", "-")
            raise ValueError(
                "must be a number, but has the address that Kubernetes sets for a Service called "
                f"{service}: set the variable to the number, or enableServiceLinks: false in the "
                "Pod, or call the Service otherwise"
            )
        return value

    @field_validator("*")
    @classmethod
    def _no_white_space_around_secrets(cls, value: Any) -> Any:
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
            if text != text.strip():
                raise ValueError("has white space at its beginning or its end: remove it")
            if _CONTROL.search(text):
                raise ValueError("has a line break or another control character: remove it")
        return value

    @classmethod
    def is_on(cls, values: Mapping[str, Any]) -> bool:
        """Return False if the group's switch is off; one that is not a flag is a mistake."""
        if not cls.switch:
            return True
        [field] = [one for one in cls.model_fields.values() if one.alias == cls.switch]
        return may_be_on(values.get(cls.switch, field.default))

    @classmethod
    def _switch_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name == cls.switch}

    @classmethod
    def read(cls: type[Settings]) -> Settings:  # pylint: disable=method-required-super
        """Return the settings that the environment holds; they are parsed once.

        :raises ConfigurationError: with every mistake at once
        """
        given = cls.given()
        known, result = _parsed.get(cls, (None, None))
        if known != given:
            result = cls._parse()
            _parsed[cls] = (given, result)
        if isinstance(result, ConfigurationError):
            raise ConfigurationError(result.problems)
        return cast(Settings, result)

    @classmethod
    def _parse(cls: type[Settings]) -> Settings | ConfigurationError:
        try:
            return cls()
        except ValidationError as error:
            return ConfigurationError(problems_of(error, cls))
        except Exception as error:  # noqa: BLE001  # not foreseen: its text may have a value
            names = ", ".join(cls.given())
            text = f"one of {names} cannot be read ({type(error).__name__})"
            return ConfigurationError([Problem(cls.problem_id(), "", text)])

    @classmethod
    def problem_id(cls, number: int = 1) -> str:
        """Return the id of a problem of this group; the first one is a wrong variable."""
        return f"{cls.code}.E{number:03}"

    @classmethod
    def given(cls) -> dict[str, str]:
        """Return the texts of the group's variables that are set in the environment."""
        names = [field.alias for field in cls.model_fields.values() if field.alias]
        return {name: os.environ[name] for name in names if os.environ.get(name, "").strip()}

    @classmethod
    def mistakes(cls) -> list[str]:
        """Return the sentences about the wrong variables of the environment."""
        return [str(problem) for problem in cls.problems()]

    @classmethod
    def problems(cls) -> list[Problem]:
        """Return the problems of the environment, at least one for each wrong variable."""
        try:
            cls.read()
        except ConfigurationError as error:
            return error.problems
        return []


# the variables of a group that were read last, and the result
_parsed: dict[type[EnvironmentSettings], tuple[Any, Any]] = {}


def sentences(error: ValidationError, group: type[EnvironmentSettings] | None = None) -> list[str]:
    """Return a sentence for each wrong variable of ``group``; without any value."""
    return [str(problem) for problem in problems_of(error, group or EnvironmentSettings)]


def problems_of(error: ValidationError, group: type[EnvironmentSettings]) -> list[Problem]:
    """Return a problem for each wrong variable of ``group``; its text has no value."""
    details = error.errors(include_input=False, include_url=False)
    return [_problem(detail, group) for detail in details]


def _problem(detail: Any, group: type[EnvironmentSettings]) -> Problem:
    number = group.problem_id()
    # a rule over several variables has no location: its message names them
    if not detail["loc"]:
        return problem_of(text_of(detail, None), number)
    location = detail["loc"][0]
    # a variable that is missing is reported by the name of its field
    fields = {field.alias: field for field in group.model_fields.values()}
    field = fields.get(location) or group.model_fields.get(str(location))
    name = (field.alias if field else None) or str(location)
    return Problem(number, name, text_of(detail, field))


def may_be_on(value: Any) -> bool:
    """Return False if a flag is off, else True, also for a wrong value: its field reports it."""
    try:
        return bool(_FLAG.validate_python(value))
    except ValidationError:
        return True


def _without_blanks(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


# A flag as operators write it: 1, true, yes, on (in any case), and their opposites
Flag = Annotated[bool, BeforeValidator(_without_blanks)]
_FLAG: TypeAdapter[bool] = TypeAdapter(Flag)


def _readable_file(path: str) -> str:
    try:
        is_file = Path(path).is_file()
    except (OSError, ValueError):
        # the error has the path, which may be the content of a key instead
        raise ValueError("must be the path of a file, not its content") from None
    if not is_file:
        raise ValueError("must be the path of a file, but there is no file with this path")
    if not os.access(path, os.R_OK, effective_ids=True):
        raise ValueError("must be the path of a file that this process may read")
    return path


# The path of a file of certificates, or of a private key
CertificateFile = Annotated[str, AfterValidator(_readable_file)]
