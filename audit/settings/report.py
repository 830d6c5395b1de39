"""[report]: contents of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from audit.settings.base import Section, Stage, setting


class ReportSettings(Section):
    """Contents of the report."""

    model_card: Path | None = setting(
        None,
        "TOML file of what only the model's owner knows, for its model card: intended "
        "use, licence, ...",
        affects=Stage.REPORT,
    )
    share: bool = setting(
        False,
        "Leave the host and times of day out of report/ as well, as report.html and "
        "compare.html always do: they are made to be attached.",
        affects=Stage.REPORT,
    )
    site_builder: Literal["mkdocs", "zensical"] = setting(
        "mkdocs",
        "What builds report/: MkDocs, or Zensical by extra 'zensical'.",
        affects=Stage.REPORT,
    )
