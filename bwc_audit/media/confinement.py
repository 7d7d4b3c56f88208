"""What the process that decodes hostile files may still do: compute, and talk over the one connection it has.

An allow-list, not a deny-list: what a decoder needs is short and known (memory, locks, clocks, its socket), what a
kernel offers is long and grows. What is not on it fails with EPERM rather than kill, since libraries try things they can do
without. So they do without threads: FFmpeg, which may not count the processors, takes it that there is one. No file is
opened, no connection made, no program or thread started, no memory made executable.
It is for good: nothing here can be undone by the process. Flaws of the kernel in what is allowed are out of its reach.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_PROT_EXEC = 4
_X32 = 0x40000000

#: System calls by number: linux/arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
_ALLOWED = {
    "x86_64": {
        "read": 0, "write": 1, "close": 3, "poll": 7, "lseek": 8, "munmap": 11, "brk": 12, "rt_sigaction": 13,
        "rt_sigprocmask": 14, "rt_sigreturn": 15, "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25,
        "madvise": 28, "nanosleep": 35, "getpid": 39, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47,
        "exit": 60, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "sigaltstack": 131,
        "gettid": 186, "futex": 202, "restart_syscall": 219, "clock_gettime": 228,
        "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "ppoll": 271, "set_robust_list": 273,
        "getrandom": 318, "membarrier": 324, "rseq": 334,
    },
    "aarch64": {
        "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "ppoll": 73, "exit": 93,
        "exit_group": 94, "futex": 98, "set_robust_list": 99, "nanosleep": 101, "clock_gettime": 113,
        "clock_getres": 114, "clock_nanosleep": 115, "sched_yield": 124, "restart_syscall": 128,
        "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "getrlimit": 163,
        "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178, "sysinfo": 179, "sendto": 206,
        "recvfrom": 207, "brk": 214, "munmap": 215, "sendmsg": 211, "recvmsg": 212, "mremap": 216, "madvise": 233,
        "getrandom": 278, "membarrier": 283, "rseq": 293,
    },
}  # fmt: skip
#: Allowed only without PROT_EXEC in their third argument: ``mmap`` and ``mprotect``.
_MAPPING = {"x86_64": (9, 10), "aarch64": (222, 226)}
#: Allowed only upon the process itself, for ``abort``: ``tgkill``.
_SIGNAL = {"x86_64": 234, "aarch64": 131}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def confine(memory_limit_bytes: int, descriptors: int) -> tuple[str, ...]:
    """Give up all but computing. Call with one thread, all imports done, and no descriptor at or above ``descriptors``.

    Says what is in force. Limits of memory and files are always; a filter of system calls where kernel and processor
    have it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    in_force = []
    if sys.platform == "linux":
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a child that hangs does not outlive its parent
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
            in_force.append("memory closed to other processes")
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            in_force.append("no new privileges")
    _limit_resources(memory_limit_bytes, descriptors)
    in_force += [f"memory limit {memory_limit_bytes >> 20} MiB", "no new files, processes or core dumps (limits)"]
    if sys.platform == "linux" and platform.machine() in _ALLOWED and _filter_system_calls(libc, platform.machine()):
        in_force.append("no files, network, processes or threads (system call filter)")
    return tuple(in_force)


def _limit_resources(memory_limit_bytes: int, descriptors: int) -> None:
    """RLIMIT_DATA bounds private writable memory; unlike RLIMIT_AS it leaves reserved address space out. RLIMIT_NPROC does
    not bind root; time is the parent's to watch, for each file."""
    limits = {
        resource.RLIMIT_DATA: memory_limit_bytes,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: descriptors,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, limit))


def _filter_system_calls(libc: ctypes.CDLL, machine: str) -> bool:
    program = _program(machine, os.getpid())
    content = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(content))
    return bool(
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0) == 0
    )


def _program(machine: str, process_id: int) -> bytes:
    """The filter as classic BPF over ``struct seccomp_data``: number at 0, architecture at 4, arguments from 16."""
    refuse = _ERROR | errno.EPERM
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),  # system calls of another architecture have other numbers
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, refuse),
    ]
    for number in sorted(_ALLOWED[machine].values()):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in _MAPPING[machine]:
        steps += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, 16 + 8 * 2),
            (_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, refuse),
            (_RETURN, 0, 0, _ALLOW),
        ]
    steps += [
        (_EQUAL, 0, 3, _SIGNAL[machine]),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, process_id),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refuse),
    ]
    return b"".join(struct.pack("=HBBI", code, if_true, if_false, operand) for code, if_true, if_false, operand in steps)
