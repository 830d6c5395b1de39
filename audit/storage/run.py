"""Folder of a run: the name of every file that it writes, and what is done and what is not."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.core.errors import RunFolderError, first_line
from audit.core.redact import Shown
from audit.settings.nesting import flat
from audit.storage import readers
from audit.storage.heatmaps import (
    DONORS,
    MOST_SIDE,
    Maps,
    kind_of,
    pack_maps,
    unpack_donors,
    unpack_maps,
)
from audit.storage.lock import LOCK, WRITER, lock_of
from audit.storage.packed import joined
from audit.storage.paths import files_below, on_disk, reached, remove, send
from audit.storage.records import (
    RECORD_SCHEMA,
    Column,
    columns_of,
    completed,
    describe_differences,
    kinds_of,
    lacking_in,
    now_called,
    optional_in,
    record_schema,
    stamped,
    unknown_in,
)
from audit.storage.swap import settle

log = logging.getLogger("audit")
MANIFEST_SCHEMA = 1
PIXELS = ".pixels-"  # begins the name of a folder of images that training works on
_PART = re.compile(r"part-([0-9]{5,9})\.json")
MOST_PARTS = 1_000_000  # of one run: 32 million images
_MOST_IMAGES = 1024  # of one part, where a manifest does not say how many there are
_MOST_ROWS = 100_000_000  # of a table, likewise
MOST_CLASSES = 25_000  # the largest data set of single-label images has 21,843
_MOST_NAME = 4_096  # characters of what stands on every page: data set, classes, model
_MOST_GRADIENTS = 65_536  # a call; it doubles as long as that pays
# Far beyond what a run writes, as the bounds below: the files may be a stranger's.
_MOST_JSON = 32 * readers.MIB
_MOST_TABLE = 1024 * readers.MIB
_MOST_EPOCHS = 10_000
MOST_PICTURE = 16_000_000  # pixels of a sheet: nine of 1,024 by 1,024 are fewer
_MOST_MODEL = 65_536 * readers.MIB
_HALF = re.compile(r"\.\d+\.")  # begins the name of a file that is still written
_ANY = "*"  # in place of a key
# What a manifest is made of, by example; any of it may be missing.
_MANIFEST: dict[str, Any] = {
    **{key: {} for key in ("config", "health", "host", "packages", "robustness")},
    "checksums": {_ANY: ""},
    "data": {"name": "", "classes": [""], "counts": {_ANY: 0}, "skipped": [{"name": ""}]},
    "model": {"sha256": "", "backbone": "", "source": "", "input_size": 0, "parameters": 0,
              "lacks": {_ANY: ""}, "several": False},
    **dict.fromkeys(("command", "finished", "flower_audit", "started"), ""),
    **{key: {_ANY: 0.0} for key in ("seconds", "stages")},
    "sessions": [{"begun": "", "command": "", "flower_audit": "", "packages": {_ANY: ""}}],
    "training": {"pipeline": "", "epochs": 0, "best_epoch": 0},
    "sweep": {"parts": 0, "part_size": 0, "test_images": 0, "explained": 0},
    "explainers": {_ANY: {"title": "", "citation": "", "description": ""}},
    "preflight": {"observations": [{"key": "", "title": "", "words": "", "strength": "",
                                    "mend": ""}]},
}  # fmt: skip
# Columns that are read of the other tables, by kind as `audit.storage.readers.Table` has them.
CONTENTS = {"name": "text", "size": "whole", "modified": "whole", "content": "text"}
RESTING_ON_ALL = ("verdicts.parquet", "sensitivity.parquet")
VERDICTS = {
    **dict.fromkeys(("name", "verdict", "verdict_reason", "verdict_cause"), "text"),
    "verdict_score": "real",
    "fragile": "flag",
}
PREDICTIONS = {"name": "text", "label": "whole", "prediction": "whole", "confidence": "real"}


HISTORY = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


def pack_part(
    records: Sequence[Mapping[str, Any]], maps: Sequence[Maps], dense: Collection[str] = ()
) -> dict[str, bytes]:
    """Pack the files of one part, in the order of writing: ``maps`` if any, ``records``.

    ``dense`` as `audit.storage.heatmaps.pack_maps` has it.
    """
    packed = {}
    if maps:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **pack_maps(maps, dense))
        packed["maps"] = buffer.getvalue()
    schema = stamped(record_schema(optional_in(records[0] if records else ())))
    table = pa.Table.from_pylist([dict(r) for r in records], schema=schema)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return packed | {"records": buffer.getvalue()}


class RunFolder:
    """The files of one run. `create` makes or resumes one, `open` reads a finished one.

    ``root`` is a folder on disk, or a URL of an object store as `storage.paths.location` gives it.

    Raises
    ------
    RunFolderError
        One of the files or folders that a run reads or writes is the other of both; or something
        in the folder is a link, or neither a file nor a folder.
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
        self.contents_file = root / "contents.parquet"
        self.donors_file = root / "donors.npz"
        self.verdicts_file = root / "verdicts.parquet"
        self.records_dir = root / "records"
        self.maps_dir = root / "maps"
        self.checksums_dir = root / "checksums"
        self.summary_json = root / "summary.json"
        self.summary_md = root / "summary.md"
        self.gate_file = root / "gate.json"
        self.owner_file = root / "model_card.toml"
        self.report_dir = root / "report"
        self.report_html = root / "report.html"
        for key, path in vars(self).items():
            if key != "root":
                readers.refuse_others(path, root, folder=key.endswith("_dir"))
        for path in _entries(root):  # files of checks among them, which have names of their own
            readers.refuse_others(path, root, folder=path.is_dir())
        self.shown = Shown()  # how all that is written here shows paths
        self.other_versions: list[str] = []  # of which records that were read here are
        self._lock = lock_of(root)
        self._session = 0

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
        run._refuse_unfit(resume=resume)
        if on_disk(root):  # an object store has no folders, and nothing that is half-written
            run._make_folders()
            with run.writing():
                run._clear()
        return run

    @classmethod
    @contextmanager
    def begun(cls, root: Path, *, resume: bool) -> Iterator[RunFolder]:
        """Hold the run folder that `create` gives: nobody else has begun it, or goes on in it."""
        run = cls.create(root, resume=resume)
        with run.writing():
            run._refuse_unfit(resume=resume)  # what came while this process waited
            yield run

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder: one process writes at a time, and it may ask for this again inside.

        Raises
        ------
        RunFolderError
            Another process holds it, for longer than a few seconds; or it cannot be written.
        """
        with self._lock.held():
            yield

    def _refuse_unfit(self, *, resume: bool) -> None:
        if all(file in (LOCK, WRITER) for file in files_below(self.root)):
            return
        if not self.manifest_file.is_file():
            raise RunFolderError(f"{self.root} holds something else: choose an empty or new --out.")
        if not resume:
            raise RunFolderError(
                f"{self.root} already holds a run: go on with --resume, or choose another --out."
            )

    def _make_folders(self) -> None:
        try:
            self.records_dir.mkdir(parents=True, exist_ok=True)
            self.maps_dir.mkdir(exist_ok=True)
            self.checksums_dir.mkdir(exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"Cannot make {self.root}: {error.strerror}.") from error

    def _clear(self) -> None:
        """Delete what killed writers left half-written; whoever holds the folder is alone."""
        folders = (self.root, self.records_dir, self.maps_dir, self.checksums_dir)
        for folder in (*folders, self.training_dir):
            for file in folder.glob(".*"):
                if _HALF.match(file.name) and file.is_file():
                    file.unlink()
        for pixels in self.training_dir.glob(f"{PIXELS}*"):
            if not pixels.is_symlink():
                remove(pixels)
        settle(self.root)

    def file(self, name: str) -> Path:
        """Return a file that a check names; `RunFolderError` where it is not a plain file."""
        file = self.root / name
        readers.refuse_others(file, self.root, folder=False)
        return file

    def manifest(self) -> dict[str, Any]:
        """Return the manifest, or {} where none is written yet."""
        try:
            found = readers.parsed(readers.content(self.manifest_file, self.root, _MOST_JSON))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RunFolderError(f"Cannot read {self.manifest_file}: {error.strerror}.") from None
        except ValueError as error:
            raise RunFolderError(f"{self.manifest_file} is not valid JSON: {error}.") from None
        if not _is_like(found, _MANIFEST):
            raise RunFolderError(f"{self.manifest_file} was not written by flower-audit.")
        self._refuse_wild(found)
        return found

    def _refuse_wild(self, manifest: Mapping[str, Any]) -> None:
        """Raise where a manifest claims what no run is made of: others size their work by it."""
        data, model, swept = (manifest.get(key, {}) for key in ("data", "model", "sweep"))
        classes = data.get("classes", [])
        shown = (data.get("name", ""), model.get("backbone", ""), model.get("source", ""))
        for what, number, most in (
            ("classes", len(classes), MOST_CLASSES),
            ("characters in a name", max(map(len, (*shown, *classes))), _MOST_NAME),
            ("pixels a side", model.get("input_size", 1), MOST_SIDE),
            ("gradients a call", _whole(manifest.get("ig_batch")), _MOST_GRADIENTS),
            ("images a part", swept.get("part_size", 1), _MOST_IMAGES),
        ):
            if not 0 <= number <= most:
                raise RunFolderError(
                    f"{self.manifest_file} claims {number:,} {what}, of at most {most:,}: it was "
                    "not written by flower-audit."
                )

    def settings(self) -> dict[str, Any]:
        """Return the settings that the run was begun with, by their names: see `carried`."""
        settings = self.config()
        if not settings:
            raise RunFolderError(f"{self.manifest_file} holds no config: begin the run anew.")
        return settings

    def config(self) -> dict[str, Any]:
        """Return settings by their names, of a run of any version; {} where it holds none yet."""
        return flat(self.manifest().get("config", {}))

    def update_manifest(self, **sections: Any) -> None:
        """Replace the named sections of the manifest, whole or not at all.

        Credentials and where on a disk inputs lie are left out, as ``shown`` does.
        """
        told = self.shown.section(sections)
        with self.writing():
            merged = {"schema": MANIFEST_SCHEMA} | self.manifest() | told
            text = json.dumps(merged, indent=2, default=str) + "\n"
            write_whole(self.manifest_file, text.encode())

    def begin_session(self, **facts: Any) -> None:
        """Keep who goes on with the run from now on: parts written until the next name it."""
        with self.writing():
            known = self.manifest()
            before = known.get("sessions") or ([_first_session(known)] if self.done_parts() else [])
            self._session = len(before) + 1
            self.update_manifest(sessions=[*before, facts])

    def sessions(self) -> dict[int, int]:
        """Return how many parts each session has written, by its number from 1."""
        told = (self._sums(part).get("session", 1) for part in self.done_parts())
        return dict(Counter(number for number in told if isinstance(number, int)))

    def fingerprint(self) -> str:
        """Return a hash of all records and finished tables: another one, another run to judge."""
        sums = self.manifest().get("checksums", {})
        tables = {name: own for name, own in sums.items() if name.endswith(".parquet")}
        parts = {part: self._sums(part).get("records") for part in sorted(self.done_parts())}
        return _sha256(json.dumps([tables, parts], sort_keys=True).encode())

    def keep(self, file: Path, content: bytes) -> None:
        """Write one file whole, and its checksum into the manifest."""
        write_whole(file, content)
        self._vouch(file, _sha256(content))

    def vouch(self, file: Path) -> None:
        """Write the checksum of a file that is whole into the manifest: it is finished."""
        self._vouch(file, self._checksum(file))

    def _vouch(self, file: Path, checksum: str) -> None:
        with self.writing():
            sums = self.manifest().get("checksums", {})
            self.update_manifest(checksums=sums | {file.name: checksum})

    def has(self, file: Path) -> bool:
        """Return whether a file is finished: there, and as its checksum in the manifest says."""
        known = self.manifest().get("checksums", {}).get(file.name)
        whole = known is not None and self._checksum(file) == known
        if known is not None and not whole:
            log.info("%s is torn or missing: it is made again.", file)
        return whole

    def sound(self, file: Path) -> Path:
        """Return the file itself; `RunFolderError` where its checksum is not the manifest's."""
        known = self.manifest().get("checksums", {}).get(file.name)
        if known is not None and self._checksum(file) != known:
            raise RunFolderError(_other_checksum(file))
        return file

    def write_part(
        self, part: int, records: Sequence[Mapping[str, Any]], maps: Sequence[Maps]
    ) -> None:
        """Write one part of records and maps; see `keep_part`."""
        self.keep_part(part, pack_part(records, maps))

    def keep_part(self, part: int, packed: Mapping[str, bytes]) -> None:
        """Write one part that is packed, then its checksums, which mark it as done."""
        for name in RESTING_ON_ALL:  # what was said of all parts stands no more
            self.file(name).unlink(missing_ok=True)
        files = self._files(part)
        for key, content in packed.items():
            write_whole(files[key], content)
        sums = {key: _sha256(content) for key, content in packed.items()}
        told = sums | {"session": self._session}
        write_whole(self._checksums(part), json.dumps(told).encode())

    def done_parts(self) -> set[int]:
        """Return the numbers of the parts that are finished, by their checksums' presence alone."""
        names = islice((p.name for p in self.checksums_dir.glob("part-*.json")), MOST_PARTS + 1)
        found = {int(named[1]) for named in map(_PART.fullmatch, names) if named}
        if len(found) > MOST_PARTS:
            raise RunFolderError(f"{self.checksums_dir} claims more than {MOST_PARTS:,} parts.")
        return found

    def whole_parts(self) -> set[int]:
        """Return the numbers of the parts whose files are as they were written; forget the torn.

        Reads every file of the run's records and maps once.
        """
        done = self.done_parts()
        whole = {part for part in done if self._torn(part) is None}
        for part in done - whole:
            log.info("Part %d is torn or incomplete: it is made again.", part)
            self._checksums(part).unlink()
        return whole

    def _torn(self, part: int, looked_at: Sequence[str] = ("records", "maps")) -> Path | None:
        """Return the first file of a part that is not as it was written; None where all are."""
        files, sums = self._files(part), self._sums(part)
        if "records" not in sums:
            return self._checksums(part)
        known = {files[key]: sums[key] for key in looked_at if key in sums}
        return next((file for file, own in known.items() if self._checksum(file) != own), None)

    def _sums(self, part: int) -> dict[str, Any]:
        """Return what is kept of a finished part; {} where that is torn."""
        try:
            found = readers.parsed(readers.content(self._checksums(part), self.root, readers.MIB))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _files(self, part: int) -> dict[str, Path]:
        name = f"part-{part:05d}"
        return {
            "records": self.records_dir / f"{name}.parquet",
            "maps": self.maps_dir / f"{name}.npz",
        }

    def _checksums(self, part: int) -> Path:
        return self.checksums_dir / f"part-{part:05d}.json"

    def records(self) -> pd.DataFrame:
        """All records in order of part and row, columns as `record_schema`.

        What earlier versions did not write holds what stands for nothing, and a line says so. Their
        verdicts are those that were judged last, when the whole run was known.
        """
        return pd.concat(self.batches(), ignore_index=True)

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield `records` some thousand at a time, one batch at least: memory stays flat."""
        verdicts = self._verdicts()
        for table in joined(self._evidence()):
            found = table.to_pandas()
            yield found if verdicts is None else _judged(found, verdicts)

    def _verdicts(self) -> pd.DataFrame | None:
        """Verdicts by name that were given when the whole run was known, if they were."""
        file = self.sound(self.verdicts_file)
        if not file.exists():
            return None
        found = self.table(file, VERDICTS).set_index("name")
        if found.index.has_duplicates:
            raise RunFolderError(f"{file} has a verdict twice: flower-audit judge {self.root}.")
        return found

    def evidence(self) -> pd.DataFrame:
        """All records as each was made, before the whole run was known; as `records` otherwise."""
        return pa.concat_tables(joined(self._evidence())).to_pandas()

    def _evidence(self) -> Iterator[pa.Table]:
        """Yield the records of each part; none of a run without any."""
        most, schema = self._claimed("part_size", _MOST_IMAGES), None
        for part in sorted(self.done_parts()):
            found = self._records(part, most)
            schema = schema or found.schema
            if found.schema != schema:
                raise RunFolderError(_other_columns(self._files(part)["records"]))
            torn = self._torn(part, ("records",))  # maps have checksums of their own
            if torn is not None:
                raise RunFolderError(_other_checksum(torn))
            yield found
        if schema is None:
            yield RECORD_SCHEMA.empty_table()

    def _records(self, part: int, most: int) -> pa.Table:
        file = self._files(part)["records"]
        with self._read(file) as table:
            names = [now_called(name) for name in table.names]
            lacking, columns = lacking_in(names), columns_of(optional_in(names))
            if not all(column.tells for column in lacking):
                raise RunFolderError(_other_columns(file))
            self._tell(lacking, unknown_in(names))
            there = table.read(kinds_of(columns, table.names), most)
            there = there.rename_columns([now_called(name) for name in there.column_names])
            found = completed(there, columns)
            if pc.any(pc.not_equal(found["part"], part)).as_py():
                raise ValueError("it holds records of another part")
            return found

    def _tell(self, lacking: Sequence[Column], unknown: Sequence[str]) -> None:
        """Say once what records of other versions lack, however many parts they fill."""
        for line in describe_differences(lacking, unknown):
            if line not in self.other_versions:
                log.warning("%s: %s.", self.root, line)
                self.other_versions.append(line)

    def _claimed(self, key: str, most: int) -> int:
        """Return a number of the manifest's ``sweep``; ``most`` where it is not there."""
        return int(self.manifest().get("sweep", {}).get(key, most))

    @cached_property
    def _side(self) -> int | None:
        """Input side of the model in pixels; None where the manifest does not know it."""
        return self.manifest().get("model", {}).get("input_size")

    def maps(self, part: int) -> Iterator[Maps]:
        """Yield maps of one part in the order of its records' ``row``."""
        file = self._files(part)["maps"]
        try:
            with readers.opened(file, self.root, _MOST_TABLE) as found:
                yield from unpack_maps(readers.arrays(found, kind_of), self._side)
        except RunFolderError:
            raise
        except FileNotFoundError:
            raise RunFolderError(f"{file} is missing: go on with --resume.") from None
        except Exception as error:  # NumPy, zip and zlib raise many kinds
            raise RunFolderError(_unreadable(file, error)) from None

    def donors(self) -> Sequence[NDArray[np.uint8]]:
        """Return backgrounds uint8 ``(H, W, 3)`` on which foregrounds were tried, if any were."""
        return Backgrounds(self._donors(unpack_donors, []), self._background)

    def donor_names(self) -> list[str]:
        """Name the images that backgrounds were taken from, in order; none where none were."""
        return self._donors(lambda found: [str(name) for name in found["names"]], [])

    def _donors(self, read: Callable[[Mapping[str, Any]], list[Any]], none: list[Any]) -> list[Any]:
        try:
            with readers.opened(self.sound(self.donors_file), self.root, _MOST_TABLE) as found:
                return read(readers.arrays(found, DONORS.get))
        except FileNotFoundError:
            return none
        except RunFolderError:
            raise
        except Exception as error:  # as many kinds as for maps
            raise RunFolderError(_unreadable(self.donors_file, error)) from None

    def _background(self, jpeg: bytes) -> NDArray[np.uint8]:
        size = self._side and (self._side, self._side)
        try:
            return readers.picture(jpeg, "JPEG", MOST_SIDE**2, size or None)
        except ValueError as error:
            raise RunFolderError(_unreadable(self.donors_file, error)) from None

    def chosen(self, part: int, rows: Collection[int]) -> Iterator[tuple[int, Maps]]:
        """Yield maps of some rows of a part, in order; `RunFolderError` where one is missing."""
        if not rows:
            return
        left = set(rows)
        for row, maps in enumerate(self.maps(part)):
            if row in left:
                left.remove(row)
                yield row, maps
        if left:
            file = self._files(part)["maps"]
            raise RunFolderError(f"{file} lacks row {min(left)} of its records: sweep again.")

    def maps_bytes(self) -> int:
        """Return the bytes of all maps on disk."""
        files = (self._files(part)["maps"] for part in self.done_parts())
        return sum(file.stat().st_size for file in files if file.exists())

    def picture(self, file: Path, kind: str) -> NDArray[np.uint8] | None:
        """Return a picture as it is shown, uint8 ``(H, W, 3)``; None where it is not there."""
        try:
            encoded = readers.content(file, self.root, _MOST_JSON)
            return readers.picture(encoded, kind, MOST_PICTURE)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{file} cannot be shown ({error}): remove it.") from None

    def history(self) -> pd.DataFrame | None:
        """Return one row an epoch, columns of `HISTORY`; None where the model was given."""
        try:
            text = readers.content(self.history_file, self.root, readers.MIB)
            return readers.columns(text, HISTORY, _MOST_EPOCHS)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunFolderError(
                f"{self.history_file} is torn ({first_line(error)}): train again."
            ) from None

    def summary(self) -> dict[str, Any]:
        """Return headline figures of the last report, or {} where none was rendered."""
        return self.told(self.summary_json)

    def told(self, file: Path, mend: str = "go on with --resume") -> dict[str, Any]:
        """Return what a JSON file of the run says, or {} where it is not there."""
        try:
            found = readers.parsed(readers.content(file, self.root, _MOST_JSON))
            if not isinstance(found, dict):
                raise ValueError("it is no object")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{file} is torn ({first_line(error)}): {mend}.") from None
        return found

    def contents(self) -> pd.DataFrame:
        """Return size, time of change and hash of each image read; none in earlier runs."""
        if not self.sound(self.contents_file).exists():
            return pd.DataFrame({"name": [], "size": [], "modified": [], "content": []})
        return self.table(self.contents_file, CONTENTS)

    def predictions(self) -> pd.DataFrame:
        """Return every test image's name, label, prediction and confidence, explained or not."""
        if not self.sound(self.predictions_file).exists():
            raise RunFolderError(
                f"{self.root} has no predictions yet: run flower-audit sweep {self.root}."
            )
        most = self._claimed("test_images", _MOST_ROWS)
        return self.table(self.predictions_file, PREDICTIONS, most)

    def table(
        self,
        file: Path,
        kinds: Mapping[str, str],
        rows: int = _MOST_ROWS,
        more: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return columns of a table that must be there, and ``more`` of them where they are."""
        with self._read(file) as table:
            there = {name: kind for name, kind in (more or {}).items() if name in table.names}
            return table.read({**kinds, **there}, rows).to_pandas()

    @contextmanager
    def _read(self, file: Path) -> Iterator[readers.Table]:
        try:
            with readers.opened(file, self.root, _MOST_TABLE) as found:
                yield readers.Table(found)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise RunFolderError(_unreadable(file, error)) from None

    def _checksum(self, file: Path) -> str:
        """Return the SHA-256 of a file; "" where it is missing."""
        try:
            with readers.opened(file, self.root, _MOST_MODEL) as found:
                return hashlib.file_digest(found, "sha256").hexdigest()
        except FileNotFoundError:
            return ""


class Backgrounds(Sequence[NDArray[np.uint8]]):
    """Pictures that are decoded when they are asked for: hundreds would fill the memory."""

    def __init__(self, jpegs: Sequence[bytes], decode: Callable[[bytes], NDArray[np.uint8]]):
        self._jpegs = jpegs
        self._decode = decode

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._jpegs)

    def __getitem__(self, index: Any) -> Any:
        """Return one of them, decoded."""
        return self._decode(self._jpegs[index])


def _judged(records: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Put the verdicts of the whole run in place of those of each image by itself."""
    known = verdicts.reindex(records["name"])
    there = known["verdict"].notna().to_numpy()
    told = {
        column: np.where(there, known[column].to_numpy(), records[column].to_numpy())
        for column in known.columns
    }
    return records.assign(**told).astype(records.dtypes[list(told)].to_dict())


def _entries(folder: Path) -> list[Path]:
    """Yield what lies in a folder on disk; nothing where that cannot be told."""
    with suppress(OSError):
        return list(folder.iterdir()) if on_disk(folder) else []
    return []


def _whole(number: object) -> int:
    """Return a number that may be missing, which is 0; -1 of what is none."""
    return int(number or 0) if isinstance(number, int | None) else -1


def _first_session(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the session that a run of an earlier version was begun in, which kept none."""
    kept = ("flower_audit", "command", "packages", "host")
    return {"begun": manifest.get("started", "")} | {k: manifest[k] for k in kept if k in manifest}


def _unreadable(file: Path, error: Exception) -> str:
    return f"{file} is missing or torn ({first_line(error)}): go on with --resume."


def _other_columns(file: Path) -> str:
    return f"{file} has the columns of another version: audit into a new --out."


def _other_checksum(file: Path) -> str:
    return f"{file} is missing or torn (other checksum): go on with --resume."


def _is_like(found: Any, example: Any) -> bool:
    """Return whether JSON is of the types of an example, as far as both go."""
    kind: Any = (int, float) if isinstance(example, float) else type(example)
    if not isinstance(found, kind):
        return False
    if isinstance(example, dict) and _ANY in example:
        return all(_is_like(value, example[_ANY]) for value in found.values())
    if isinstance(example, dict):
        return all(_is_like(found[key], example[key]) for key in example.keys() & found.keys())
    return not isinstance(example, list) or all(_is_like(item, example[0]) for item in found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_whole(file: Path, content: bytes) -> None:
    """Write ``file`` whole or not at all; raises `RunFolderError` where that fails."""
    with renamed_to(file) as beside:
        beside.write_bytes(content)


@contextmanager
def renamed_to(file: Path) -> Iterator[Path]:
    """Give a path on disk to write, then rename it to ``file``: a reader never sees half of it.

    At a URL it is sent instead, which object stores do whole or not at all.

    Raises
    ------
    RunFolderError
        It cannot be written: a full or read-only disk, a folder that is gone.
    """
    if not on_disk(file):
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / file.name
            yield local
            return send(local, file)
    # Of containers on one disk, each has a process 1. The suffix tells Keras the format.
    beside = file.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.{file.name}")
    try:
        yield beside
        beside.replace(file)
    except OSError as error:
        # HDF5's own words are many lines of its inside.
        why = os.strerror(error.errno) if error.errno else first_line(error)
        raise RunFolderError(f"Cannot write {file}: {why}.") from error
    finally:
        with suppress(OSError):  # which would hide the first
            beside.unlink(missing_ok=True)
