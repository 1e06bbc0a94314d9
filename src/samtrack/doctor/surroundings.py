"""What a process inherits from its shell: language, rights of new files, temporary and home folders."""

from __future__ import annotations

import locale
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.doctor.trial import existing, trial_folder

OWNER = 0o700
"""Rights of the owner: a umask that takes one of them away leaves files that the next job cannot use."""


def check_locale(situation: Situation) -> Iterator[Finding]:
    """Whether text is UTF-8 and the language that the shell names exists here."""
    named = next(
        (f"{name}={os.environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "unset"
    )
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") != "utf8" and not sys.flags.utf8_mode:
        found = f"{named}: text is {encoding}; messages hold µ and … and names of files may hold anything"
        yield note("locale", found, "`export LC_ALL=C.UTF-8`")
        return
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        found = f"{named}: is not installed on this machine; programs warn of it in every log"
        yield note("locale", found, "`export LC_ALL=C.UTF-8`")
        return
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    yield ok("locale", f"{named}, text is {encoding}")


def check_umask(situation: Situation) -> Iterator[Finding]:
    """Rights that new files lack."""
    mask = os.umask(0o077)
    os.umask(mask)
    if mask & OWNER:
        found = f"{mask:03o} takes rights from yourself: jobs cannot read what others wrote"
        yield problem("umask", found, "`umask 022`, or 077 to keep results to yourself.")
    else:
        yield ok("umask", f"{mask:03o}" + (", only you can read results" if mask & 0o044 == 0o044 else ""))


def check_temporary_folder(situation: Situation) -> Iterator[Finding]:
    """Whether the folder that the shell names is the one that is used, and writable."""
    used = tempfile.gettempdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        asked = os.environ.get(name)
        if asked and Path(asked).absolute() != Path(used).absolute():
            found = f"{name}={asked} cannot be used, so {used} is; other programs may fail"
            yield note("temporary folder", found, f"`mkdir -p {asked}`, or `unset {name}`.")
            return
        if asked:
            break
    yield ok("temporary folder", used)


def check_caches(situation: Situation) -> Iterator[Finding]:
    """Whether Snakemake can keep its cache below the user's home folder, which is often full or not there on nodes."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(base) if base else Path.home() / ".cache") / "snakemake"
    try:
        with trial_folder(existing(cache)):
            yield ok("cache of Snakemake", str(cache))
    except OSError as error:
        found = f"{cache} cannot be written ({error.strerror}), and Snakemake will not start"
        yield problem("cache of Snakemake", found, "`export XDG_CACHE_HOME=` a folder of yours.")
