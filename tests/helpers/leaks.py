"""Secrets to plant, and a search for them in everything that a file holds."""

import io
import zipfile

import numpy as np
import pandas as pd

USER, KEY, SECRET, TOKEN = "zq-anna", "AKIAPLANTED", "pl4nted/s3cret", "pl4ntedt0ken"


def contents(file):
    """Everything that a file holds as text: members, arrays and cells of packed ones too."""
    content = file.read_bytes()
    yield content.decode("utf-8", "replace")
    if file.suffix == ".parquet":
        yield pd.read_parquet(file).to_csv()
    if zipfile.is_zipfile(file):
        members = zipfile.ZipFile(file)
        for name in members.namelist():
            inner = members.read(name)
            yield name + inner.decode("utf-8", "replace")
            if name.endswith(".npy"):
                yield str(np.load(io.BytesIO(inner)).tolist())


def holding(files, *needles):
    """Files, and what of the needles they hold."""
    return sorted(
        {(file.name, needle) for file in files for text in contents(file) for needle in needles
         if needle in text}
    )  # fmt: skip
