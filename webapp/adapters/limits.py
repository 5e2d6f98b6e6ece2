"""Limits of memory and processor time for the process that decodes strangers' pictures."""

import resource
import signal
from pathlib import Path
from types import FrameType

# Between the warning that Python can answer and the kernel's kill, in seconds of processor time:
# enough to write down what happened.
GRACE_SECONDS = 5


class OutOfCpu(BaseException):
    """The process used the processor time that it was given.

    Not an Exception: readers that shrug off whatever a malformed photo raises must not shrug
    off this.
    """


def limit_this_process(memory_mb: int, cpu_seconds: int) -> None:
    """Limit what this process may still take, for the rest of its life.

    Call it in the forked work-horse, before a photo is opened. Memory that cannot be had raises
    MemoryError; processor time that is used up raises OutOfCpu, and five seconds later, when the
    process hangs inside a decoder and cannot listen, the kernel kills it.

    Args:
        memory_mb: address space beside what the process already has, in MB (RLIMIT_AS counts
            mapped libraries too, so an absolute figure would depend on what was imported).
        cpu_seconds: processor time from now, in seconds.
    """
    _lower(resource.RLIMIT_AS, _address_space_bytes() + memory_mb * 1024 * 1024)
    signal.signal(signal.SIGXCPU, _out_of_cpu)
    end = int(_cpu_seconds_used()) + 1 + cpu_seconds
    _lower(resource.RLIMIT_CPU, end, end + GRACE_SECONDS)


def _lower(limit: int, soft: int, hard: int | None = None) -> None:
    _, present = resource.getrlimit(limit)
    hard = soft if hard is None else hard
    if present != resource.RLIM_INFINITY:
        soft, hard = min(soft, present), min(hard, present)
    resource.setrlimit(limit, (soft, hard))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _cpu_seconds_used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _out_of_cpu(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfCpu
