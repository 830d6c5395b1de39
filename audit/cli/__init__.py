"""The command line: parse, make one config, call one function, print, exit."""

from audit.cli.program import cli, main

__all__ = ["cli", "main"]
