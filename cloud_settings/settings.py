"""Settings that come from environment variables, one class for each addon."""

import os
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .exceptions import ConfigurationError

Settings = TypeVar("Settings", bound="EnvironmentSettings")


class EnvironmentSettings(BaseSettings):
    """A group of environment variables; each field's alias is a variable's name.

    ``read()`` takes the process's environment, where a blank variable counts as
    unset. Values given by keyword (``SomeSettings(AWS_REGION="x")``) stand alone:
    nothing of the environment is mixed into them.
    """

    model_config = SettingsConfigDict(
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
        if isinstance(init_settings, InitSettingsSource) and init_settings.init_kwargs:
            return (init_settings,)
        return (env_settings,)

    @classmethod
    def read(cls: type[Settings]) -> Settings:  # pylint: disable=method-required-super
        """Return the settings that the environment holds.

        :raises ConfigurationError: with every mistake at once
        """
        try:
            return cls()
        except ValidationError as error:
            raise ConfigurationError(sentences(error)) from None

    @classmethod
    def given(cls) -> dict[str, str]:
        """Return those of the group's variables that the environment sets, as they are there."""
        names = [field.alias for field in cls.model_fields.values() if field.alias]
        return {name: os.environ[name] for name in names if os.environ.get(name, "").strip()}

    @classmethod
    def mistakes(cls) -> list[str]:
        """Return what is wrong with the environment, a sentence a variable."""
        try:
            cls.read()
        except ConfigurationError as error:
            return error.mistakes
        return []


def sentences(error: ValidationError) -> list[str]:
    return [_sentence(detail) for detail in error.errors(include_input=False, include_url=False)]


def _sentence(detail: Any) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    # a rule over several variables has no location: its message names them
    return f"{detail['loc'][0]}: {message}" if detail["loc"] else message


def _without_blanks(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


# A flag as operators write it: 1, true, yes, on (in any case), and their opposites
Flag = Annotated[bool, BeforeValidator(_without_blanks)]


def _file_of_certificates(path: str) -> str:
    if not Path(path).is_file():
        raise ValueError("takes a file of certificates, and there is none at this path")
    return path


# The path of a file of certificates, by which an addon's client knows its server
CertificateFile = Annotated[str, AfterValidator(_file_of_certificates)]
