"""A setting: a field of a section, which says what a change of it would change."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo


class Stage(StrEnum):
    """Work of a run that rests on settings, in its order."""

    SPLIT = "split"  # which images there are, and in which split
    READ = "read"  # what is given, as it is read
    MASK = "mask"
    TRAIN = "train"
    PREDICT = "predict"
    EXPLAIN = "explain"  # interventions and verdicts among it
    ROBUSTNESS = "robustness"
    HEALTH = "health"
    OPPORTUNITY = "opportunity"
    GROUPS = "groups"
    CLUSTERS = "clusters"
    REPORT = "report"


def setting(
    default: Any,
    text: str,
    *,
    affects: Stage | tuple[Stage, ...],
    own: bool = False,
    common: bool = False,
    **bounds: Any,
) -> Any:
    """Define a field of a section.

    Parameters
    ----------
    text : str
        Help, on the command line and in the handbook.
    affects : Stage or tuple of Stage
        Stages whose outcome rests on it: it may change as long as none of them has begun. () for
        what nothing written rests on.
    own : bool
        Of whoever runs it (whom to trust, which machines to use): never taken from a run folder,
        which may come from anybody, and never compared.
    common : bool
        What most people give: ``--help`` shows it; all others are for ``--help-all``.
    bounds
        As of `pydantic.Field`: ``ge``, ``lt``, ``min_length``, ...
    """
    stages = (affects,) if isinstance(affects, Stage) else affects
    extra: dict[str, Any] = {"affects": stages, "own": own, "common": common}
    return Field(default, description=text, json_schema_extra=extra, **bounds)


def affects(field: FieldInfo) -> frozenset[Stage]:
    """Stages whose outcome rests on a field that `setting` defines."""
    return frozenset(_extra(field)["affects"])


def is_own(field: FieldInfo) -> bool:
    """Tell whether a field is of whoever runs it."""
    return bool(_extra(field)["own"])


def is_common(field: FieldInfo) -> bool:
    """Tell whether most people give a field."""
    return bool(_extra(field)["common"])


def _extra(field: FieldInfo) -> dict[str, Any]:
    assert isinstance(field.json_schema_extra, dict)
    return dict(field.json_schema_extra)


class Section(BaseModel):
    """Settings that belong together: a table of the TOML file, a group of the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _own_type(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse another type: TOML tells kinds apart, so ``true`` is no 1 and ``"2"`` no 2."""
        if isinstance(value, int) and abs(value) >= 2**32:  # NumPy and Keras take no larger seed
            raise ValueError("expected a number below 2^32")
        kind = cls.model_fields[info.field_name or ""].annotation
        if kind is bool and not isinstance(value, bool):
            raise ValueError("expected true or false")
        if kind in (int, float, int | None, float | None) and isinstance(value, bool | str):
            raise ValueError("expected a number")
        return value
