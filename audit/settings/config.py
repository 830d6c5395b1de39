"""One frozen config, made of its sections."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from audit.settings.base import Section
from audit.settings.checks import CheckSettings
from audit.settings.data import DataSettings
from audit.settings.explain import ExplainSettings
from audit.settings.intervene import InterveneSettings
from audit.settings.masks import MaskSettings
from audit.settings.model import ModelSettings
from audit.settings.report import ReportSettings
from audit.settings.run import RunSettings
from audit.settings.training import TrainingSettings
from audit.settings.verdict import Thresholds


class Config(BaseModel):
    """Every setting of an audit, by section; each is a TOML key and a flag of the same name.

    Names are unique over all sections, so that a flag or an argument in Python needs no section.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataSettings = DataSettings()
    masks: MaskSettings = MaskSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    explain: ExplainSettings = ExplainSettings()
    intervene: InterveneSettings = InterveneSettings()
    verdict: Thresholds = Thresholds()
    checks: CheckSettings = CheckSettings()
    report: ReportSettings = ReportSettings()
    run: RunSettings = RunSettings()

    def flat(self) -> dict[str, Any]:
        """Values of all settings by their names."""
        return {name: value for _, section in self for name, value in section}

    def kept(self) -> dict[str, Any]:
        """Values as a manifest keeps them: by section, of JSON's types."""
        return self.model_dump(mode="json")


SECTIONS: dict[str, type[Section]] = {
    name: type(field.default) for name, field in Config.model_fields.items()
}
SECTION_OF = {name: key for key, section in SECTIONS.items() for name in section.model_fields}
FIELDS: dict[str, FieldInfo] = {
    name: field for section in SECTIONS.values() for name, field in section.model_fields.items()
}
