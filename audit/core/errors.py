"""Errors that end an audit with one line: what is wrong, which value, how to mend it."""

from __future__ import annotations


class AuditError(Exception):
    """An audit that cannot be done; the message is the one line that the user reads (exit 1)."""


class ConfigError(AuditError):
    """A setting that is unknown, malformed or contradicts another."""


class DataError(AuditError):
    """A data set, image or mask that is missing or unusable."""


class DownloadError(AuditError):
    """A file that cannot be had from the network; the message is its address and what is wrong."""


class BrokenImageError(DataError):
    """One image that cannot be decoded; the sweep skips it, lists it and counts it."""


class ModelError(AuditError):
    """A model that cannot be built, loaded or explained."""


class RunFolderError(AuditError):
    """A run folder that holds something else, or is incomplete or torn."""


class ClusterError(AuditError):
    """A cluster that cannot be reached, or loses what it is given."""


class TrackingError(AuditError):
    """A tracking server that cannot be reached, or refuses what it is given."""


# Every way to run without a network, for the errors of whatever could not be fetched.
OFFLINE = (
    "Without a network: --data-dir with a data set prepared elsewhere and "
    "--backbone efficientnet-lite0, whose weights come with pip, or --weights FILE.h5; "
    "or --preset planted"
)


def quoted(value: object) -> str:
    """Return a value as a message shows it: cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a nest without end
        return "(too long to show)"
    # Anything longer would push the mend at the line's end out of sight.
    return text if len(text) <= 200 else f"{text[:200]}..."


def first_line(error: Exception) -> str:
    """Return what another library's error says first, without full stop; its kind if mute."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
