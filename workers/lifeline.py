"""Ties a process to its parent: when the parent ends, however it ends, the process ends too."""

import ctypes
import os
import signal
from collections.abc import Callable

# <sys/prctl.h>: the signal that a process gets when the thread that made it ends.
_PR_SET_PDEATHSIG = 1


def die_with_parent(death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to send ``death_signal`` to this process when its parent ends.

    The wish survives ``exec`` and is not inherited by forked children: see
    :func:`forks_die_with_us`. Elsewhere than on Linux nothing happens, and a parent that is
    killed there leaves its children behind.
    """
    _die_with(os.getppid(), death_signal)


def dies_with_us(death_signal: int = signal.SIGKILL) -> Callable[[], None]:
    """Return what a child of this process does before it becomes another program.

    For ``subprocess.Popen(preexec_fn=…)``: nothing that the program does first leaves a gap.
    """
    parent = os.getpid()
    return lambda: _die_with(parent, death_signal)


def forks_die_with_us() -> None:
    """Make every process forked from this one from now on end when this one ends."""
    os.register_at_fork(after_in_child=die_with_parent)


def _die_with(parent: int, death_signal: int) -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The parent may have ended just before the wish was made; then nobody would send anything.
    if os.getppid() != parent:
        os.kill(os.getpid(), death_signal)
