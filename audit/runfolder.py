"""Names every file that a run writes, and knows what is done and what is not."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from audit.errors import RunFolderError, first_line
from audit.heatmaps import FURTHER, Maps, pack_maps, unpack_maps
from audit.places import files_below, on_disk, reached, send

log = logging.getLogger("audit")
MANIFEST_SCHEMA = 1
EXPLAINERS = ("gradcam", "ig")
NOT_SAMPLED = "not sampled"  # why a further explainer has no figures for an image
SCORED = (*EXPLAINERS, "centre")  # centre: a Gaussian in the middle, which looks at no image
# How many pairs of near-duplicates, and outliers of each measure, have thumbnails to show.
SHOWN_PAIRS, SHOWN_OUTLIERS = 48, 12
_HALF = re.compile(r"\.\d+\.")  # begins the name of a file that is still written
# What a manifest is made of, by example; any of it may be missing.
_MANIFEST: dict[str, Any] = {
    **{key: {} for key in ("checksums", "config", "health", "host", "packages", "robustness",
                           "seconds", "stages", "sweep", "training")},
    "data": {"name": "", "classes": [""], "counts": {"train": 0}, "skipped": [{"name": ""}]},
    "model": {"sha256": ""},
    "preflight": {"observations": [{"key": "", "title": "", "words": "", "strength": "",
                                    "mend": ""}]},
}  # fmt: skip
_LOCALISATION = (
    ("mass", pa.float64()),
    ("rank_accuracy", pa.float64()),
    ("pointing", pa.float64()),
    ("skill", pa.float64()),
    ("reason", pa.string()),
)

# One row an image. Floats are NaN where undefined; the reason stands in a column beside them.
RECORD_SCHEMA = pa.schema(
    [
        ("name", pa.string()),  # file name
        ("part", pa.int32()),  # which part-*.parquet and part-*.npz
        ("row", pa.int32()),  # place in that part's maps; -1 where the image was skipped
        ("split", pa.string()),
        ("skipped", pa.string()),  # why the image could not be read; "" for all others
        ("label", pa.int32()),
        ("label_name", pa.string()),
        ("prediction", pa.int32()),  # -1 where skipped
        ("prediction_name", pa.string()),
        ("correct", pa.bool_()),
        ("confidence", pa.float64()),  # softmax of the predicted class
        ("logit", pa.float64()),  # of the explained class; with views, its mean log-probability
        ("mask_source", pa.string()),  # planted, manifest, beside, folder, official, grabcut, none
        ("mask_doubt", pa.string()),  # why the mask is suspect (tiny, full, ...); "" if it is not
        ("chance", pa.float64()),  # |M| / |valid|
        ("valid_share", pa.float64()),  # |valid| / pixels
        *((f"{name}_{column}", kind) for name in SCORED for column, kind in _LOCALISATION),
        ("ig_steps", pa.int32()),
        ("ig_completeness_error", pa.float64()),
        ("causal_reason", pa.string()),  # why nothing was tested by intervention; "" where it was
        ("log_odds", pa.float64()),  # of the explained class, in the image as it is
        ("flower_effect", pa.float64()),  # Shapley values, log-odds
        ("background_effect", pa.float64()),
        ("background_share", pa.float64()),
        ("background_share_reason", pa.string()),
        ("survival", pa.float64()),  # share of donors' backgrounds that keep the answer
        ("donors", pa.int32()),
        ("without_flower", pa.int32()),  # answers under intervention; -1 where not tried
        ("only_flower", pa.int32()),
        ("pasted_back", pa.int32()),
        ("mixed_same", pa.int32()),
        ("mixed_rand", pa.float64()),  # share of donors' backgrounds with the label as answer
        ("removal_proposer", pa.string()),  # gradcam, ig, both, scan; "" where no region was found
        ("removal_area", pa.float64()),  # share of the image
        ("removal_place", pa.string()),
        ("removal_lost", pa.float64()),  # log-odds
        ("removal_prediction", pa.int32()),
        ("removal_prediction_name", pa.string()),
        ("removal_controls", pa.int32()),
        ("removal_controls_flipped", pa.int32()),
        ("removal_control_lost", pa.float64()),
        ("passes", pa.int32()),  # forward passes of each view that the interventions took
        ("verdict", pa.string()),
        ("verdict_reason", pa.string()),  # in words
        ("verdict_score", pa.float64()),  # how much speaks for wrong reasons; NaN if undecided
        ("fragile", pa.bool_()),  # the verdict hangs on 3 px of the mask
        ("shortcut", pa.string()),  # planted data: tag, tint, texture; else ""
        ("shortcut_class", pa.int32()),  # planted data: class it was taught for; else -1
        ("prediction_without_shortcut", pa.int32()),  # planted, where a shortcut is drawn; else -1
    ]
)


def record_schema(further: Iterable[str] = ()) -> pa.Schema:
    """`RECORD_SCHEMA`, and the figures of further explainers at its end where there are any."""
    columns = [(f"{name}_{column}", kind) for name in further for column, kind in _LOCALISATION]
    return pa.schema([*RECORD_SCHEMA, *(pa.field(*column) for column in columns)])


def further_in(columns: Collection[str]) -> list[str]:
    """The further explainers that a record, or a table by its columns, has figures of."""
    return [name for name in FURTHER if f"{name}_mass" in columns]


def pack_part(records: Sequence[Mapping[str, Any]], maps: Sequence[Maps]) -> dict[str, bytes]:
    """What the files of one part hold, in the order of writing: ``maps`` if any, ``records``."""
    packed = {}
    if maps:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **pack_maps(maps))
        packed["maps"] = buffer.getvalue()
    schema = record_schema(further_in(records[0] if records else ()))
    table = pa.Table.from_pylist([dict(r) for r in records], schema=schema)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return packed | {"records": buffer.getvalue()}


class RunFolder:
    """The files of one run. `create` makes or resumes one, `open` reads a finished one.

    ``root`` is a folder on disk, or a URL of an object store as `audit.places.place` gives it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest_file = root / "manifest.json"
        self.model_file = root / "model.keras"
        self.history_file = root / "history.csv"
        self.training_dir = root / "training"
        self.augmentations_file = root / "augmentations.png"
        self.mixed_file = root / "mixed-labels.png"
        self.predictions_file = root / "predictions.parquet"
        self.donors_file = root / "donors.npz"
        self.trust_file = root / "trust.json"
        self.shortcuts_file = root / "shortcuts.json"
        self.robustness_file = root / "robustness.parquet"
        self.robustness_picture_file = root / "robustness.webp"
        self.health_file = root / "health.parquet"
        self.duplicates_file = root / "duplicates.parquet"
        self.records_dir = root / "records"
        self.maps_dir = root / "maps"
        self.checksums_dir = root / "checksums"
        self.summary_json = root / "summary.json"
        self.summary_md = root / "summary.md"
        self.gate_file = root / "gate.json"
        self.owner_file = root / "model_card.toml"
        self.report_dir = root / "report"
        self.report_html = root / "report.html"

    @classmethod
    def open(cls, root: Path) -> RunFolder:
        """Open an existing run folder; raise `RunFolderError` where ``root`` is none."""
        run = cls(root)
        with reached(root), suppress(FileNotFoundError, NotADirectoryError):
            run.manifest_file.stat()  # is_file hides that a store does not answer
        if not run.manifest_file.is_file():
            raise RunFolderError(
                f"{root} is not a run folder (no manifest.json): give the --out of an earlier run."
            )
        return run

    @classmethod
    def create(cls, root: Path, *, resume: bool) -> RunFolder:
        """Make a run folder, or go on in one; never touch a folder that holds something else."""
        run = cls(root)
        if on_disk(root) and root.exists() and not root.is_dir():
            raise RunFolderError(f"{root} is a file: choose another --out.")
        if any(True for _ in files_below(root)):
            if not run.manifest_file.is_file():
                raise RunFolderError(f"{root} holds something else: choose an empty or new --out.")
            if not resume:
                raise RunFolderError(
                    f"{root} already holds a run: go on with --resume, or choose another --out."
                )
        if not on_disk(root):
            return run  # an object store has no folders, and nothing that is half-written
        try:
            run.records_dir.mkdir(parents=True, exist_ok=True)
            run.maps_dir.mkdir(exist_ok=True)
            run.checksums_dir.mkdir(exist_ok=True)
            run._clear()
        except OSError as error:
            raise RunFolderError(f"Cannot make {root}: {error.strerror}.") from None
        return run

    def _clear(self) -> None:
        """Delete what killed writers left half-written."""
        for folder in (self.root, self.records_dir, self.maps_dir, self.checksums_dir):
            for file in folder.glob(".*"):
                if _HALF.match(file.name) and file.is_file():
                    file.unlink()

    def manifest(self) -> dict[str, Any]:
        """The manifest, or {} where none is written yet."""
        try:
            found = json.loads(self.manifest_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            raise RunFolderError(f"{self.manifest_file} is not valid JSON: {error}.") from None
        if not _is_like(found, _MANIFEST):
            raise RunFolderError(f"{self.manifest_file} was not written by flower-audit.")
        return found

    def settings(self) -> dict[str, Any]:
        """The config that the run was begun with, as the manifest keeps it."""
        settings = self.manifest().get("config")
        if not settings:
            raise RunFolderError(f"{self.manifest_file} holds no config: begin the run anew.")
        return settings

    def update_manifest(self, **sections: Any) -> None:
        """Replace the named sections of the manifest, whole or not at all."""
        merged = {"schema": MANIFEST_SCHEMA} | self.manifest() | sections
        text = json.dumps(merged, indent=2, default=str) + "\n"
        write_whole(self.manifest_file, text.encode())

    def keep(self, file: Path, content: bytes) -> None:
        """Write one file whole, and its checksum into the manifest."""
        write_whole(file, content)
        self._vouch(file, _sha256(content))

    def vouch(self, file: Path) -> None:
        """Write the checksum of a file that is whole into the manifest: it is finished."""
        self._vouch(file, _checksum(file))

    def _vouch(self, file: Path, checksum: str) -> None:
        sums = self.manifest().get("checksums", {})
        self.update_manifest(checksums=sums | {file.name: checksum})

    def has(self, file: Path) -> bool:
        """Whether a file is finished: there, and as its checksum in the manifest says."""
        known = self.manifest().get("checksums", {}).get(file.name)
        whole = known is not None and _checksum(file) == known
        if known is not None and not whole:
            log.info("%s is torn or missing: it is made again.", file)
        return whole

    def _sound(self, file: Path) -> Path:
        """The file itself; `RunFolderError` where the manifest knows another checksum of it."""
        known = self.manifest().get("checksums", {}).get(file.name)
        if known is not None and _checksum(file) != known:
            raise RunFolderError(_other_checksum(file))
        return file

    def write_part(
        self, part: int, records: Sequence[Mapping[str, Any]], maps: Sequence[Maps]
    ) -> None:
        """Write one part of records and maps; see `keep_part`."""
        self.keep_part(part, pack_part(records, maps))

    def keep_part(self, part: int, packed: Mapping[str, bytes]) -> None:
        """Write one part that is packed, then its checksums, which mark it as done."""
        files = self._files(part)
        for key, content in packed.items():
            write_whole(files[key], content)
        sums = {key: _sha256(content) for key, content in packed.items()}
        write_whole(self._checksums(part), json.dumps(sums).encode())

    def done_parts(self) -> set[int]:
        """Numbers of the parts that are finished, by their checksums' presence alone."""
        return {int(p.stem.removeprefix("part-")) for p in self.checksums_dir.glob("part-*.json")}

    def whole_parts(self) -> set[int]:
        """Numbers of the parts whose files are as they were written; the torn are no longer done.

        Reads every file of the run's records and maps once.
        """
        done = self.done_parts()
        whole = {part for part in done if self._torn(part) is None}
        for part in done - whole:
            log.info("Part %d is torn or incomplete: it is made again.", part)
            self._checksums(part).unlink()
        return whole

    def _torn(self, part: int, looked_at: Sequence[str] = ("records", "maps")) -> Path | None:
        """The first file of a part that is not as it was written; None where all are."""
        files, checksums = self._files(part), self._checksums(part)
        try:
            sums = json.loads(checksums.read_text(encoding="utf-8"))
            known = {files[key]: sums[key] for key in ("records", *sums) if key in looked_at}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return checksums
        return next((file for file, own in known.items() if _checksum(file) != own), None)

    def _files(self, part: int) -> dict[str, Path]:
        name = f"part-{part:05d}"
        return {
            "records": self.records_dir / f"{name}.parquet",
            "maps": self.maps_dir / f"{name}.npz",
        }

    def _checksums(self, part: int) -> Path:
        return self.checksums_dir / f"part-{part:05d}.json"

    def records(self) -> pd.DataFrame:
        """All records in order of part and place, columns as `record_schema`."""
        tables: list[pa.Table] = []
        for part in sorted(self.done_parts()):
            file = self._files(part)["records"]
            tables.append(_read(file))
            if tables[-1].schema != record_schema(further_in(tables[0].column_names)):
                raise RunFolderError(
                    f"{file} has the columns of another version: audit into a new --out."
                )
            torn = self._torn(part, ("records",))  # maps have checksums of their own
            if torn is not None:
                raise RunFolderError(_other_checksum(torn))
        return pa.concat_tables(tables or [RECORD_SCHEMA.empty_table()]).to_pandas()

    def maps(self, part: int) -> Iterator[Maps]:
        """Maps of one part in the order of its records' ``row``."""
        file = self._files(part)["maps"]
        try:
            with _arrays(file) as arrays:
                yield from unpack_maps({key: arrays[key] for key in arrays.files})
        except Exception as error:  # NumPy, zip, zlib and Pillow raise many kinds
            raise RunFolderError(
                f"{file} is missing or torn ({type(error).__name__}): go on with --resume."
            ) from None

    def donors(self) -> list[NDArray[np.uint8]]:
        """Backgrounds uint8 ``(H, W, 3)`` on which flowers were tried; none where none were."""
        try:
            with _arrays(self._sound(self.donors_file)) as arrays:
                images, ends = arrays["images"], arrays["image_ends"].tolist()
                starts = [0, *ends[:-1]]
                parts = [images[a:b].tobytes() for a, b in zip(starts, ends, strict=False)]
                return [np.asarray(Image.open(io.BytesIO(part))) for part in parts]
        except FileNotFoundError:
            return []
        except RunFolderError:
            raise
        except Exception as error:  # as many kinds as for maps
            raise RunFolderError(self._torn_donors(error)) from None

    def donor_names(self) -> list[str]:
        """Names of the images that backgrounds were taken from, in order; none where none were."""
        try:
            with _arrays(self._sound(self.donors_file)) as arrays:
                return [str(name) for name in arrays["names"]]
        except FileNotFoundError:
            return []
        except RunFolderError:
            raise
        except Exception as error:  # as many kinds as for maps
            raise RunFolderError(self._torn_donors(error)) from None

    def _torn_donors(self, error: Exception) -> str:
        return f"{self.donors_file} is torn ({type(error).__name__}): go on with --resume."

    def trust(self) -> dict[str, Any]:
        """Checks of the explainers, or {} where none were made."""
        return _told(self._sound(self.trust_file))

    def summary(self) -> dict[str, Any]:
        """Headline figures of the last report, or {} where none was rendered."""
        return _told(self.summary_json)

    def shortcuts(self) -> dict[str, Any]:
        """Groups of backgrounds that decide answers, or {} where none were looked for."""
        return _told(self._sound(self.shortcuts_file))

    def robustness(self) -> pd.DataFrame | None:
        """One row an image, corruption and severity; None where corruptions were not tried."""
        if not self._sound(self.robustness_file).exists():
            return None
        return _read(self.robustness_file).to_pandas()

    def health(self) -> pd.DataFrame | None:
        """One row an image of any split; None where data health was not examined."""
        if not self._sound(self.health_file).exists():
            return None
        return _read(self.health_file).to_pandas()

    def duplicates(self) -> pd.DataFrame:
        """One row a pair of near-duplicates, by name."""
        return _read(self._sound(self.duplicates_file)).to_pandas()

    def predictions(self) -> pd.DataFrame:
        """Every test image's name, label, prediction and confidence, explained or not."""
        if not self._sound(self.predictions_file).exists():
            raise RunFolderError(
                f"{self.root} has no predictions yet: run flower-audit sweep {self.root}."
            )
        return _read(self.predictions_file).to_pandas()


@contextmanager
def _arrays(file: Path) -> Iterator[Any]:
    """The arrays of an ``.npz``; nothing in it is unpickled."""
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        yield arrays


def _other_checksum(file: Path) -> str:
    return f"{file} is missing or torn (other checksum): go on with --resume."


def _is_like(found: Any, example: Any) -> bool:
    """Whether JSON is of the types of an example, as far as both go."""
    if not isinstance(found, type(example)):
        return False
    if isinstance(example, dict):
        return all(_is_like(found[key], example[key]) for key in example.keys() & found.keys())
    return not isinstance(example, list) or all(_is_like(item, example[0]) for item in found)


def _read(file: Path) -> pa.Table:
    try:
        with file.open("rb") as opened:
            return pq.read_table(opened)
    except (OSError, pa.ArrowException) as error:
        reason = first_line(error)
        raise RunFolderError(
            f"{file} is missing or torn ({reason}): go on with --resume."
        ) from None


def _told(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(f"{file} is torn ({error}): go on with --resume.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(file: Path) -> str:
    """SHA-256 of a file; "" where it is missing."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def write_whole(file: Path, content: bytes) -> None:
    """Write ``file`` whole or not at all; raises `RunFolderError` where that fails."""
    try:
        with renamed_to(file) as beside:
            beside.write_bytes(content)
    except OSError as error:
        raise RunFolderError(f"Cannot write {file}: {error.strerror}.") from error


@contextmanager
def renamed_to(file: Path) -> Iterator[Path]:
    """Give a path on disk to write, then rename it to ``file``: a reader never sees half of it.

    At a URL it is sent instead, which object stores do whole or not at all.
    """
    if not on_disk(file):
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / file.name
            yield local
            return send(local, file)
    beside = file.with_name(f".{os.getpid()}.{file.name}")  # its suffix tells Keras the format
    try:
        yield beside
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
