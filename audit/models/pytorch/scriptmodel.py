"""TorchScript programs, as torch.jit.save writes them."""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from audit.models.identity import hash_of
from audit.models.pytorch.model import TorchModel

_CODE = re.compile(r"(^|/)code/")
_HOLDS = re.compile(r"/(code/.*\.py|data/.*|constants/.*|data\.pkl|constants\.pkl)$")
_MANGLED = re.compile(r"\.?___torch_mangle_\d+")  # tells classes of one process apart, not models


def is_script(file: Path) -> bool:
    """Return whether a file holds a TorchScript program: an archive with code."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(map(_CODE.search, archive.namelist()))


class ScriptModel(TorchModel):
    """A TorchScript program: its weights may be constants, and no step of it can be looked at."""

    def identity(self) -> dict[str, str]:
        """Return hashes of its code, and of all values that it holds."""
        with zipfile.ZipFile(io.BytesIO(self.module.save_to_buffer())) as archive:
            held = [n for n in archive.namelist() if _HOLDS.search(n)]
            code = [n for n in held if _CODE.search(n)]
            values = [n for n in held if n not in code]
            return {
                "architecture_sha256": hash_of(_told(archive, code)),
                "weights_sha256": hash_of(_told(archive, values)),
            }

    def count_params(self) -> int | None:
        """Return the number of values in all parameters; None of a frozen one, which has none."""
        return super().count_params() or None


def _told(archive: zipfile.ZipFile, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield what an archive holds by these names, as it would be in any process."""
    for name in names:
        content = archive.read(name)
        if name.endswith(".pkl"):  # read, not run
            steps = (f"{step.name} {value}" for step, value, _ in pickletools.genops(content))
            content = "\n".join(steps).encode()
        if name.endswith((".pkl", ".py")):
            content = _MANGLED.sub("", content.decode("utf-8", "replace")).encode()
        yield _MANGLED.sub("", name), content
