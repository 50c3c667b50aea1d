"""Child processes of root that must not be root: Postgres refuses to be."""

import ctypes
import os
import pwd
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a child process runs as."""

    uid: int
    gid: int
    capability: int | None = None
    """Kept so that the child may pass through folders which are closed to it, such as /root."""

    @property
    def is_someone_else(self) -> bool:
        return self.uid != os.geteuid()


def identity_for(folders: Sequence[Path], owner_uid: int | None = None) -> Identity | None:
    """The user `postgres`, else `nobody` (or the given owner) when this process is root; else itself.

    None where these folders cannot be reached by that user and no capability is at hand that would mend it.
    """
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid())
    account = pwd.getpwuid(owner_uid) if owner_uid else _account()
    if all(_reaches(account, folder) for folder in folders):
        return Identity(account.pw_uid, account.pw_gid)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if _held() & (1 << capability):
            return Identity(account.pw_uid, account.pw_gid, capability)
    return None


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _reaches(account: pwd.struct_passwd, folder: Path) -> bool:
    for part in (folder, *folder.parents):
        if not part.exists():
            continue
        found = part.stat()
        needed = 0o100 if found.st_uid == account.pw_uid else 0o010 if found.st_gid == account.pw_gid else 0o001
        if not found.st_mode & needed:
            return False
    return True


def _held() -> int:
    """This process's permitted capabilities, as the kernel's bit mask; none where it has no such thing."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapPrm:")), 0)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become(identity: Identity, *, die_with_parent: bool = False) -> Callable[[], None] | None:
    """What the child does between fork and exec; None where there is nothing to do.

    With `die_with_parent` (Linux only) the child is interrupted when the thread that started it ends, however it ends.
    """
    if not identity.is_someone_else and not die_with_parent:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    bits = 0 if identity.capability is None else 1 << identity.capability
    data = (_Data * 2)(_Data(bits, bits, bits), _Data(0, 0, 0))
    parent = os.getpid()

    def call(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), "prctl or capset failed")

    def change() -> None:
        if identity.is_someone_else:
            if identity.capability is not None:
                call(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
            os.setgroups([identity.gid])
            os.setgid(identity.gid)
            os.setuid(identity.uid)
            if identity.capability is not None:
                call(libc.capset(ctypes.byref(header), data))
                call(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, identity.capability, 0, 0))
        if die_with_parent:
            call(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0))
            if os.getppid() != parent:
                os._exit(1)

    return change
