"""[checks]: checks that follow the sweep."""

from __future__ import annotations

from audit.settings.base import Section, Stage, setting


class CheckSettings(Section):
    """Checks that follow the sweep."""

    robustness: int = setting(
        60,
        "Test images, sampled by class, that corruptions are tried on, 51 forward "
        "passes each; 0: none.",
        affects=Stage.ROBUSTNESS,
        ge=0,
        common=True,
    )
    health: bool = setting(
        True,
        "Read every image of all splits once, for near-duplicates and outliers.",
        affects=Stage.HEALTH,
    )
    opportunity: bool = setting(
        True,
        "Ask how well backgrounds alone tell the label, on up to 600 images of the training and "
        "of the test split.",
        affects=Stage.OPPORTUNITY,
    )
    group: str = setting(
        "",
        "Columns of the manifest, or of groups.csv in the image folder, joined by commas: figures "
        "by group, and the accuracy of the worst one (planted data: shortcut).",
        affects=Stage.GROUPS,
        common=True,
    )

    cluster: str = setting(
        "",
        "Column of the manifest, or of groups.csv, whose values tell which test images are not "
        "independent (photographer, plant): intervals draw these together; without, they draw "
        "near-duplicates together.",
        affects=Stage.CLUSTERS,
    )

    @property
    def groups(self) -> tuple[str, ...]:
        """Columns of `group`, each once; () where images are in no groups."""
        return tuple(dict.fromkeys(name.strip() for name in self.group.split(",") if name.strip()))
