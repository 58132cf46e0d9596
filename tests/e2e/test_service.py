# SPDX-License-Identifier: MIT
"""What a service manager and `pin2mqtt health` are told by the running gateway."""
import contextlib
import ctypes
import errno
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

from conftest import PROGRAM, WAIT_S, dht11s, wait_until

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 17, 0x4206, 0x4207
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        number = ctypes.get_errno()
        if number in (errno.EPERM, errno.ENOSYS):
            pytest.skip(f"SKIP threads may not be stopped here: {os.strerror(number)}")
        raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def stopped(process, name):
    """One thread of the process stands still, as if it hung."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
    thread = next(int(task.name) for task in tasks if (task / "comm").read_text().strip() == name)
    ptrace(PTRACE_SEIZE, thread)
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)
    yield
    ptrace(PTRACE_DETACH, thread)


class Manager:
    """The service manager's end of the protocol."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(WAIT_S)

    def next(self):
        lines = self.socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def wait_for(self, claim):
        """The next message of which it is true, and those before it."""
        messages = []
        end_s = time.monotonic() + WAIT_S
        while time.monotonic() < end_s:
            messages.append(self.next())
            if claim(messages[-1]):
                return messages
        raise AssertionError(messages)

    def forget(self):
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)
        self.socket.settimeout(WAIT_S)


@pytest.fixture(name="manager")
def service_manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.socket.close()


@pytest.fixture(name="watched")
def watched_gateway(run, manager):
    """A gateway whose manager wants to hear of it each 900 ms."""
    def start(**options):
        return run(environment={"NOTIFY_SOCKET": str(manager.path),
                                "WATCHDOG_USEC": "900000"}, **options)
    return start


def health(gateway, *arguments):
    config = gateway.process.args[gateway.process.args.index("-c") + 1]
    return subprocess.run([PROGRAM, "health", "-c", config, *arguments], capture_output=True,
                          text=True, timeout=WAIT_S, check=False)


def test_manager_hears_ready_status_watchdog_and_stopping(manager, watched):
    gateway = watched()
    assert manager.next()["READY"] == "1"
    told = manager.wait_for(lambda message: "1 of 1 sensors online" in message["STATUS"]
                            and message["STATUS"].endswith("connected"))
    assert all(message.get("WATCHDOG") == "1" for message in told)
    gateway.stop()
    assert gateway.status == 0
    manager.wait_for(lambda message: message.get("STOPPING") == "1")


def test_ready_does_not_wait_for_a_broker(manager, watched, broker):
    broker.stop()
    watched()
    assert manager.next()["READY"] == "1"
    told = manager.wait_for(lambda message: "no broker" in message["STATUS"]
                            and "1 of 1" in message["STATUS"])
    assert told[-1]["WATCHDOG"] == "1"


@pytest.mark.parametrize("thread, name", [("capture", "a capture"),
                                          ("publisher", "the publisher")])
def test_watchdog_is_not_fed_while_a_thread_hangs(manager, watched, thread, name):
    gateway = watched()
    manager.wait_for(lambda message: message.get("WATCHDOG") == "1")
    with stopped(gateway.process, thread):
        manager.wait_for(lambda message: "WATCHDOG" not in message)
        for _ in range(3):
            assert "WATCHDOG" not in manager.next()
        asked = health(gateway)
        assert asked.returncode == 1
        assert asked.stdout.startswith(f"unhealthy: {name} does not move; ")
        assert json.loads(health(gateway, "--json").stdout)["healthy"] is False
    manager.forget()
    manager.wait_for(lambda message: message.get("WATCHDOG") == "1")
    assert health(gateway).returncode == 0
    assert gateway.said().count(f"error: {name} does not move") == 1
    assert f"info: {name} moves again" in gateway.said()


def test_gateway_runs_on_when_the_manager_is_gone(manager, watched):
    gateway = watched()
    manager.wait_for(lambda message: message.get("WATCHDOG") == "1")
    manager.socket.close()
    gateway.wait_for_word("warning: the service manager cannot be told: Connection refused")
    assert health(gateway).returncode == 0
    gateway.stop()
    assert gateway.said().count("the service manager cannot be told") == 1


def test_health_tells_of_the_running_gateway(run):
    gateway = run(sensors=dht11s(2))

    def is_reading():
        asked = health(gateway, "--json")
        told = json.loads(asked.stdout) if asked.returncode == 0 else {}
        return told if told.get("online") == 2 and told["connected"] else None

    told = wait_until(is_reading, "health says that both sensors are online")
    assert (told["healthy"], told["id"], told["sensors"]) == (True, "g", 2)
    assert told["reads"] >= 2 and told["uptime_s"] >= 0 and told["dropped"] == 0
    asked = health(gateway)
    assert asked.returncode == 0 and asked.stderr == ""
    assert asked.stdout.startswith("healthy: 2 of 2 sensors online, ")


def test_health_finds_the_gateway_by_any_name_of_the_folder(run, tmp_path):
    gateway = run()
    wait_until(lambda: health(gateway).returncode == 0, "the gateway answers")
    config = pathlib.Path(gateway.process.args[3])
    (tmp_path / "link").symlink_to(config.parent)
    for path, folder in ((config.name, config.parent), (f"./{config.name}", config.parent),
                         (tmp_path / "link" / config.name, "/")):
        asked = subprocess.run([PROGRAM, "health", "-c", path], cwd=folder,
                               capture_output=True, timeout=WAIT_S, check=False)
        assert asked.returncode == 0, path


def test_health_says_where_no_gateway_runs(run):
    gateway = run()
    wait_until(lambda: health(gateway).returncode == 0, "the gateway answers")
    gateway.stop()
    asked = health(gateway)
    assert asked.returncode == 69
    assert asked.stdout == "" and "no gateway runs here with " in asked.stderr


def test_health_tells_a_gateway_that_hangs_from_one_that_is_not_there(run):
    gateway = run()
    wait_until(lambda: health(gateway).returncode == 0, "the gateway answers")
    with stopped(gateway.process, "pin2mqtt"):
        asked = health(gateway)
    assert asked.returncode == 1
    assert "the gateway does not answer: Connection timed out" in asked.stderr


def test_one_that_asks_and_goes_harms_nobody(run):
    gateway = run()
    wait_until(lambda: health(gateway).returncode == 0, "the gateway answers")
    # The kernel's list leaves out some while others come and go.
    name = wait_until(lambda: name_of_health(gateway), "the socket's name")
    for _ in range(100):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect("\0" + name[1:])
    assert health(gateway).returncode == 0


def name_of_health(gateway):
    """Of the socket that is asked; None: it is not in the list."""
    lines = pathlib.Path("/proc/net/unix").read_text(encoding="utf-8").split("\n")
    return next((line.split()[-1] for line in lines if re.search(r"@pin2mqtt/[^/]*$", line)
                 and socket_of(gateway, line.split()[6])), None)


def socket_of(gateway, inode):
    files = pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()
    return any(os.readlink(file) == f"socket:[{inode}]" for file in files)


def test_second_gateway_with_the_same_configuration_says_so(run, broker):
    gateway = run()
    wait_until(lambda: health(gateway).returncode == 0, "the gateway answers")
    second = subprocess.Popen(gateway.process.args, stderr=subprocess.PIPE, text=True)
    try:
        said = ""
        while "another gateway runs here" not in said:
            line = second.stderr.readline()
            assert line, said
            said += line
    finally:
        second.kill()
        second.wait()
        second.stderr.close()
    assert broker.is_up() and health(gateway).returncode == 0
