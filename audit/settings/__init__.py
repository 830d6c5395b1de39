"""Settings: one frozen config of nested models, a file for each section."""

from audit.settings.config import Config
from audit.settings.loading import PRESETS, change, load_config

__all__ = ["PRESETS", "Config", "change", "load_config"]
