"""What must be installed before a stack can start; all that is missing in one line with its remedy."""

from __future__ import annotations

import importlib.util
import os
import shutil

from stack import jars, java, mariadb, versions
from stack.problems import StackError

PROGRAMS = {
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "redis-server": "redis-server",
}


def check() -> None:
    """Raises StackError naming the packages to install (Debian's names)."""
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program, path=mariadb.PATH)}
    if any(not jars.folder(kind).is_dir() for kind in jars.VERSIONS) and not shutil.which("mvn"):
        packages.add("maven")
    try:
        java.find()
    except StackError:
        packages.add(f"openjdk-{versions.JAVA}-jre-headless")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        packages.add("util-linux")
    packages |= _to_compile()
    if packages:
        sudo = "" if os.geteuid() == 0 else "sudo "
        raise StackError(f"missing: {sudo}apt install {' '.join(sorted(packages))}")


def _to_compile() -> set[str]:
    """mysqlclient has no wheel for Linux: the first time it is compiled."""
    if importlib.util.find_spec("MySQLdb"):
        return set()
    missing = {
        package for program, package in (("gcc", "gcc"), ("pkg-config", "pkg-config")) if not shutil.which(program)
    }
    return missing if shutil.which("mariadb_config") else missing | {"libmariadb-dev"}
