# SPDX-License-Identifier: MIT
"""The board's power is cut while the gateway writes to its disk, and it is booted again: what
the gateway held for stored is there, and the store opens."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import board

NUM_SENSORS = 8
CONSOLE_LAG_S = 1
CONSOLE_LINES = 32  # it holds 4 KiB
CONFIG = ("gateway: {id: board}\n"
          "mqtt: {servers: ['mqtt://127.0.0.1:1883'], topic: b}\n"
          "homeassistant: {enabled: false}\n"
          "store: {path: /data/state.db, durability: DURABILITY, flush_interval: 500ms}\n"
          "sensors:\n" +
          "".join(f"  - {{id: s{i}, driver: dht11, pin: sim/{i}, interval: 1s}}\n"
                  for i in range(NUM_SENSORS)))
SETUP = ("mkdir -p /data && mount -t ext4 /dev/vda /data || exit 1; "
         "mosquitto_sub -q 1 -t b/board/readings -F 'got %p' 2>/dev/null & sleep 1; ")
RUN = "pin2mqtt run -c /etc/pin2mqtt.yaml --log-level debug 2>&1 | grep -v posted"


def descendants(pid):
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return
    for child in map(int, children.split()):
        yield child
        yield from descendants(child)


def machines(pid):
    for child in descendants(pid):
        try:
            if "qemu" in os.readlink(f"/proc/{child}/exe"):
                yield child
        except OSError:
            pass


def is_running(task):
    try:
        return " (stopped)" not in (task / "status").read_text(encoding="ascii")
    except OSError:
        return False


def stop(pid):
    """Returns when nothing of the process runs any more."""
    os.kill(pid, signal.SIGSTOP)
    while any(map(is_running, Path(f"/proc/{pid}/task").iterdir())):
        time.sleep(0.01)


class Board:
    """A board with a disk that outlives it."""

    def __init__(self, folder, generation, durability):
        self.disk = folder / "disk"
        self.disk_at_cut = folder / "disk-at-cut"
        self.config = folder / "pin2mqtt.yaml"
        self.config.write_text(CONFIG.replace("DURABILITY", durability))
        self.program = board.gateway(generation)
        subprocess.run(["truncate", "-s", "16M", self.disk], check=True)
        subprocess.run([shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin"), "-q",
                        self.disk], check=True)
        self.is_cut = False
        self.lines = []
        self.first = {}
        self.num_got = 0
        self.stored = set()
        self.late = set()
        self.told_late = set()

    def boot(self, seed, has_broker, is_enough, delay_s=0.0):
        """Runs the gateway; delay_s after a line with which it is enough the power is cut."""
        self.is_cut = False
        self.late.clear()
        args = [board.HERE / "run", "-S", seed, "-m", "none", "-t", 3000, "-d", self.disk,
                "-a", f"{self.program}:/bin/pin2mqtt",
                "-a", f"{self.config}:/etc/pin2mqtt.yaml", "-b", "--",
                SETUP + ("" if has_broker else "killall mosquitto; sleep 1; ") + RUN]
        is_due = False
        with subprocess.Popen([str(arg) for arg in args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace") as process:
            for line in process.stdout:
                self.hear(line)
                if not is_due and is_enough():
                    is_due = True
                    threading.Timer(delay_s, self.cut_power, [process.pid]).start()
        assert self.is_cut, "".join(self.lines[-20:])
        os.replace(self.disk_at_cut, self.disk)
        self.told_late |= self.late & self.stored

    def cut_power(self, pid):
        """The disk of the next boot is what it holds now. The guest runs on without it for
        the time that its console, which is slow, needs to tell what arrived until now."""
        guests = list(machines(pid))
        for guest in guests:
            stop(guest)
        shutil.copy(self.disk, self.disk_at_cut)
        self.is_cut = True
        for guest in guests:
            os.kill(guest, signal.SIGCONT)
        time.sleep(CONSOLE_LAG_S)
        for guest in guests:
            os.kill(guest, signal.SIGKILL)

    def hear(self, line):
        got = re.search(r"got (\{.*\})$", line.strip())
        if self.is_cut:
            if got and len(self.late) < CONSOLE_LINES:
                self.late.add(json.loads(got[1])["seq"])
            return
        self.lines.append(line)
        stored = re.search(r"stored readings=(\d+) last=(\d+)$", line.strip())
        if stored:
            self.stored |= set(range(int(stored[2]) - int(stored[1]) + 1, int(stored[2]) + 1))
        if got:
            self.take(json.loads(got[1]))

    def take(self, reading):
        reading.pop("replay", None)
        self.num_got += 1
        assert self.first.setdefault(reading["seq"], reading) == reading


def check_cuts(folder, generation, durability, number):
    dice = random.Random(seed := time.time_ns())
    print("seed", seed)
    if not board.gateway(generation).exists():
        pytest.skip(f"SKIP {board.gateway(generation)} is not built")
    machine = Board(folder, generation, durability)
    for i in range(number):
        num_enough = len(machine.stored) + machine.num_got + dice.randrange(1, 40)
        # Every other time readings leave the store, too.
        machine.boot(i, i % 2 == 1, lambda: len(machine.stored) + machine.num_got >= num_enough,
                     delay_s=dice.uniform(0, 0.3))
        assert not [line for line in machine.lines if "error:" in line]
    owed = set(machine.stored)
    # What was told late does not come again, nor does what is missing: enough at some time.
    machine.boot(number, True, lambda: owed <= set(machine.first) or
                 len(machine.stored - owed) > 60 * NUM_SENSORS)
    text = "".join(machine.lines)
    assert "error:" not in text
    assert text.count("pin2mqtt 0") == number + 1
    arrived = set(machine.first) | machine.told_late
    print(number, "power cuts,", len(owed), "readings stored,", machine.num_got, "arrived,",
          len(machine.told_late - set(machine.first)), "told late,",
          machine.num_got - len(machine.first), "doubles,", len(owed - arrived), "missing")
    assert not owed - arrived
    if durability == "always":
        assert arrived >= set(range(min(arrived), max(owed) + 1))


@pytest.mark.slow
def test_power_cuts_lose_nothing_that_is_stored(tmp_path):
    check_cuts(tmp_path, 2, "always", 2)


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["always", "outage"])
def test_twenty_power_cuts_lose_nothing_that_is_stored(tmp_path, durability):
    check_cuts(tmp_path, 2, durability, 20)
