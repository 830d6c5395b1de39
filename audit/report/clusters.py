"""Which images of a run are not independent: those of one cluster, given or near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.errors import RunFolderError
from audit.core.wording import plural
from audit.report.held import PLACE
from audit.storage.outputs import Table
from audit.storage.run import RunFolder

# One row a test image that has a value of the column that was asked for.
GIVEN = Table("clusters.parquet", {"column": "text", "name": "text", "cluster": "text"})
_PAIRS = Table("duplicates.parquet", {"a": "text", "b": "text"})
DUPLICATES = "near-duplicates"
SAME_IMAGE = "image"
FEW = 10  # clusters, below which a bootstrap over them is too sure


@dataclass(frozen=True)
class Clusters:
    """Clusters of the test images.

    Attributes
    ----------
    by : str
        The column that was asked for, of any origin; by default `DUPLICATES`, or `SAME_IMAGE` of
        rows that are labels of images.
    of : mapping
        Number of the cluster of each image that may share one, by name.
    images, clusters : int
        All test images, and how many clusters they make, an image alone being one.
    largest : int
        Images of the largest one.
    """

    by: str
    of: Mapping[str, int]
    images: int
    clusters: int
    largest: int

    @property
    def alone(self) -> bool:
        """Whether every image is a cluster of its own: then nothing is drawn by them."""
        return self.clusters == self.images

    @property
    def few(self) -> bool:
        """Whether there are so few that intervals are too narrow still."""
        return self.clusters < FEW

    @property
    def words(self) -> str:
        """What is drawn together, in words: of any origin where a column was asked for."""
        told = f"{plural(self.clusters, 'cluster')} of {plural(self.images, 'test image')}"
        if self.by == DUPLICATES:
            return f"near-duplicates together: {told}"
        if self.by == SAME_IMAGE:
            told = f"{plural(self.clusters, 'cluster')} of {plural(self.images, 'label')}"
            return f"labels of one image together: {told}"
        return f"images of one {self.by} together: {told}"

    def numbered(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return the number of each image's cluster, int64 ``(n,)``; one of its own if none."""
        places = table[PLACE] if PLACE in table else np.arange(len(table))
        apart = pd.Series(-1 - places, index=table.index)
        known: pd.Series = table["name"].map(self.of).fillna(apart)
        return np.asarray(known, np.int64)


def clusters_of(
    run: RunFolder, names: pd.Series, images: pd.Series | None = None
) -> Clusters | None:
    """Return the clusters of a run's test images; None where nothing tells of any.

    Parameters
    ----------
    names : Series of str
        All test images.
    images : Series of str, optional
        The image that each of them is of, where these are labels of images: labels of one image,
        and of its near-duplicates, are one cluster.

    Raises
    ------
    RunFolderError
        A file that tells of them is torn, or names an image twice.
    """
    given, pairs = GIVEN.read(run), _PAIRS.read(run)
    if given is not None:
        return _given(run, given, names, images)
    if images is not None:
        return _clusters(SAME_IMAGE, _of_images(names, images, pairs), names)
    return None if pairs is None else _clusters(DUPLICATES, _joined(pairs, names), names)


def _given(
    run: RunFolder, table: pd.DataFrame, names: pd.Series, images: pd.Series | None
) -> Clusters:
    if table["name"].duplicated().any() or table["column"].nunique() > 1:
        raise RunFolderError(
            f"{GIVEN.file(run)} names an image twice: remove it and go on with --resume."
        )
    codes, _ = pd.factorize(table["cluster"])
    by = str(table["column"].iloc[0]) if len(table) else ""
    of = dict(zip(table["name"], map(int, codes), strict=True))
    if images is not None:  # what has no value is in a cluster of its image
        own = _of_images(names, images, None)
        of = {name: -1 - code for name, code in own.items()} | of
    return _clusters(by, of, names)


def _of_images(names: pd.Series, images: pd.Series, pairs: pd.DataFrame | None) -> dict[str, int]:
    """Give the labels of an image, and of its near-duplicates, one number each."""
    joined = {} if pairs is None else _joined(pairs, images)
    first = max(joined.values(), default=-1) + 1
    codes = {image: first + k for k, image in enumerate(images.unique())} | joined
    return dict(zip(names, images.map(codes), strict=True))


def _joined(pairs: pd.DataFrame, names: pd.Series) -> dict[str, int]:
    """Give near-duplicates, and near-duplicates of these, among test images one number each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = pd.Index(names.unique())
    a, b = (index.get_indexer(pairs[side]) for side in ("a", "b"))
    tested = (a >= 0) & (b >= 0)
    a, b = a[tested], b[tested]
    links = coo_array((np.ones(len(a)), (a, b)), shape=(len(index), len(index)))
    _, codes = connected_components(links, directed=False)
    return {str(index[row]): int(codes[row]) for row in {*a.tolist(), *b.tolist()}}


def _clusters(by: str, of: Mapping[str, int], names: pd.Series) -> Clusters:
    known = names.map(of).dropna()
    sizes = known.value_counts()
    alone = len(names) - len(known)
    largest = int(sizes.max()) if len(sizes) else min(1, alone)
    return Clusters(by, of, len(names), len(sizes) + alone, largest)
