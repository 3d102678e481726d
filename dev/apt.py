"""Debian packages: those that the machine lacks, and Odoo 19 from sid without touching it."""

import os
import platform
import shutil
from pathlib import Path

from .console import DevError, run, step
from .settings import child_environment

# program that shows that the package is there -> package
PROGRAMS = {
    "redis-server": "redis-server",
    "memcached": "memcached",
    "nginx": "nginx-light",
    "chromium": "chromium",
    "openssl": "openssl",
    "swift-proxy-server": "swift-proxy",
    "swift-account-server": "swift-account",
    "swift-container-server": "swift-container",
    "swift-object-server": "swift-object",
    "node": "nodejs",
    "npm": "npm",
    "rsyslogd": "rsyslog",
    "lnav": "lnav",
    "rclone": "rclone",
    "unzip": "unzip",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "wget": "wget",
    "carbon-cache": "graphite-carbon",
    "graphite-manage": "graphite-web",
    "rsvg-convert": "librsvg2-bin",
    "msgmerge": "gettext",
    "dot": "graphviz",
}

# Debian links Odoo's fonts and jQuery to other packages; without them pages answer 500.
ODOO_PACKAGES = (
    "odoo-19",
    "fonts-montserrat/sid",
    "fonts-inconsolata",
    "fonts-font-awesome",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def install(packages: list[str]) -> None:
    """Install packages with apt, as root or through sudo.

    :raises DevError: naming the packages where neither is possible
    """
    if not packages:
        return
    with step(f"Installing from Debian: {' '.join(packages)}"):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        if sudo and not shutil.which("sudo"):
            raise DevError(f"neither root nor sudo: run 'apt-get install {' '.join(packages)}'")
        # RUNLEVEL=1: the packages' own services are not started, only ours are
        apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"]
        waiting = ["-o", "DPkg::Lock::Timeout=300"]
        run([*apt, *waiting, "update", "-q"])
        run([*apt, *waiting, "install", "-q", "-y", "--no-install-recommends", *packages])


def missing(*programs: str) -> list[str]:
    """Return the packages that have to be installed for these programs."""
    found = (shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") for name in programs)
    packages = [PROGRAMS[name] for name, path in zip(programs, found, strict=True) if not path]
    return list(dict.fromkeys(packages))


def unpack_odoo(destination: Path, work: Path) -> None:
    """Unpack Debian sid's Odoo 19 below ``destination`` (``usr/bin/odoo``); needs no root.

    A real installation from sid would replace libc and dpkg. So apt works in a separate state,
    which knows sid with a priority that only Odoo passes.
    """
    shutil.rmtree(work, ignore_errors=True)
    env = child_environment(APT_CONFIG=str(_private_apt(work)))
    packages = work / "packages"
    packages.mkdir()
    run(["apt-get", "update", "-q"], env=env)
    run(["apt-get", "download", "-q", *ODOO_PACKAGES], env=env, cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(["dpkg-deb", "-x", package, destination])
    # 70 MB of Python files without their data, which would shadow the real addons
    shutil.rmtree(destination / "usr/lib/python3/dist-packages/addons", ignore_errors=True)
    dangling = [str(path) for path in (destination / "usr/lib").rglob("*") if _dangles(path)]
    if dangling:
        raise DevError(
            "Odoo's package links to files of packages that are not unpacked: " + dangling[0]
        )
    shutil.rmtree(work)


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _private_apt(work: Path) -> Path:
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian" or not KEYRING.exists():
        raise DevError(
            "Odoo 19 is unpacked from Debian's packages, but this system is not Debian: "
            "set ODOO_SOURCE to a source tree of Odoo 17.0, 18.0 or 19.0"
        )
    codename = release["VERSION_CODENAME"]
    for directory in ("preferences.d", "state/lists/partial", "cache/archives/partial"):
        (work / directory).mkdir(parents=True)
    stanza = "Types: deb\nURIs: {}\nSuites: {}\n{}Components: main\nSigned-By: {}\n\n"
    mirror = _mirror(codename)
    (work / "odoo.sources").write_text(
        stanza.format(mirror, codename, "", KEYRING)
        # a mirror's copy of sid may be old; its signature is checked all the same
        + stanza.format(mirror, "sid", "Check-Valid-Until: no\n", KEYRING)
    )
    (work / "preferences.d" / "sid").write_text(
        "Package: *\nPin: release n=sid\nPin-Priority: -10\n\n"
        "Package: odoo-19\nPin: release n=sid\nPin-Priority: 500\n"
    )
    configuration = work / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{work}/odoo.sources";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        f'Dir::Etc::preferencesparts "{work}/preferences.d";\n'
        'Dir::Etc::preferences "/dev/null";\n'
        f'Dir::State "{work}/state";\n'
        'Dir::State::status "/var/lib/dpkg/status";\n'
        f'Dir::Cache "{work}/cache";\n'
        'Acquire::Languages "none";\n'
    )
    return configuration


def _mirror(codename: str) -> str:
    """Return the mirror that this machine already uses."""
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    found = run([*targets, f"Codename: {codename}", "Created-By: Packages"]).split()
    if not found:
        raise DevError(f"apt knows no mirror of Debian {codename}; run 'apt-get update' once")
    return found[0]
