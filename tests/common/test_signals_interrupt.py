"""Signals become one exception, and its exit status, in a real process."""

import os
import signal
import subprocess
import sys

import pytest

from avatar.common.signals import ENDING, Interrupted, check, received, signals_interrupt


def program(text: str, **options: object) -> "subprocess.CompletedProcess[str]":
    head = "import os, signal, sys\nfrom avatar.common import signals\nfrom avatar.common.signals import *\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", head + text], env=environment, capture_output=True, text=True, timeout=60, **options
    )  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("signum", ENDING)
def test_every_signal_ends_with_its_status_and_one_line(signum: signal.Signals) -> None:
    answer = program(
        f"with signals_interrupt(announce=True):\n    signal.raise_signal({int(signum)})\n    print('on')\n"
    )
    assert answer.returncode == 128 + signum
    assert answer.stderr == f"\nended by {signum.name}; the same command goes on from here\n"
    assert not answer.stdout


def test_an_exception_that_python_drops_is_not_lost() -> None:
    text = (
        "class Freed:\n    def __del__(self):\n        signal.raise_signal(signal.SIGTERM)\n"
        "with signals_interrupt():\n    Freed()\n    print('dropped')\n    signals.check()\n    print('on')\n"
    )
    answer = program(text)
    assert answer.returncode == 128 + signal.SIGTERM
    assert answer.stdout == "dropped\n"
    assert program(text.replace("    signals.check()\n", "")).returncode == 128 + signal.SIGTERM


def test_what_follows_from_a_signal_counts_as_the_signal() -> None:
    text = (
        "with signals_interrupt():\n    try:\n        signal.raise_signal(signal.SIGTERM)\n"
        "    except Interrupted:\n        raise RuntimeError('a worker died')\n"
    )
    assert program(text).returncode == 128 + signal.SIGTERM


def test_a_second_signal_does_not_stop_what_runs_at_the_end() -> None:
    text = (
        "import atexit\natexit.register(lambda: (signal.raise_signal(signal.SIGTERM), print('written')))\n"
        "with signals_interrupt():\n    try:\n        signal.raise_signal(signal.SIGTERM)\n"
        "    finally:\n        signal.raise_signal(signal.SIGINT)\n        print('closed')\n"
    )
    answer = program(text)
    assert answer.returncode == 128 + signal.SIGTERM
    assert answer.stdout == "closed\nwritten\n"


def test_a_later_signal_ends_what_hangs() -> None:
    text = (
        "signals.REPEATED_SECONDS = 0\nwith signals_interrupt():\n"
        "    try:\n        signal.raise_signal(signal.SIGTERM)\n"
        "    except Interrupted:\n        signal.raise_signal(signal.SIGTERM)\n        print('on')\n"
    )
    answer = program(text)
    assert answer.returncode == 128 + signal.SIGTERM
    assert not answer.stdout


def test_what_was_ignored_stays_ignored() -> None:
    text = "with signals_interrupt():\n    signal.raise_signal(signal.SIGHUP)\n    print('on')\n"
    answer = program(f"signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{text}")  # as nohup does
    assert (answer.returncode, answer.stdout) == (0, "on\n")


def test_a_forked_child_dies_of_a_signal_as_if_we_were_not_there() -> None:
    text = (
        "with signals_interrupt():\n    child = os.fork()\n    if not child:\n"
        "        signal.raise_signal(signal.SIGINT)\n        signal.raise_signal(signal.SIGTERM)\n        os._exit(0)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    answer = program(text)
    assert (answer.returncode, answer.stdout) == (0, f"{-signal.SIGTERM}\n")


def test_handlers_are_put_back_and_may_nest() -> None:
    before = [signal.getsignal(signum) for signum in ENDING]
    with signals_interrupt(), signals_interrupt():
        assert [signal.getsignal(signum) for signum in ENDING] != before
        check()
    assert [signal.getsignal(signum) for signum in ENDING] == before
    assert received() is None


def test_it_travels_between_processes() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(Interrupted(signal.SIGTERM)))  # noqa: S301
    assert (again.code, again.signum, str(again)) == (143, signal.SIGTERM, "ended by SIGTERM")
