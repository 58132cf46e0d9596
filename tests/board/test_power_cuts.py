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


def cut_power(pid):
    """Nothing of the guest runs on: what it has not given to the disk is gone."""
    for child in list(descendants(pid)):
        try:
            if "qemu" in os.readlink(f"/proc/{child}/exe"):
                os.kill(child, signal.SIGKILL)
        except OSError:
            pass


class Board:
    """A board with a disk that outlives it."""

    def __init__(self, folder, generation, durability):
        self.disk = folder / "disk"
        self.config = folder / "pin2mqtt.yaml"
        self.config.write_text(CONFIG.replace("DURABILITY", durability))
        self.program = board.gateway(generation)
        subprocess.run(["truncate", "-s", "16M", self.disk], check=True)
        subprocess.run([shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin"), "-q",
                        self.disk], check=True)
        self.lines = []
        self.got = []
        self.stored = []

    def boot(self, command, seed, has_broker, until=None, delay_s=0.0):
        """Runs the command; after `until` lines about readings and delay_s the power is cut."""
        args = [board.HERE / "run", "-S", seed, "-m", "none", "-t", 3000, "-d", self.disk,
                "-a", f"{self.program}:/bin/pin2mqtt",
                "-a", f"{self.config}:/etc/pin2mqtt.yaml", "-b", "--",
                SETUP + ("" if has_broker else "killall mosquitto; sleep 1; ") + command]
        num_lines = 0
        with subprocess.Popen([str(arg) for arg in args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace") as process:
            for line in process.stdout:
                num_lines += self.hear(line)
                if until and num_lines >= until:
                    until = None
                    threading.Timer(delay_s, cut_power, [process.pid]).start()

    def hear(self, line):
        """Whether it tells of readings that were stored, or arrived."""
        self.lines.append(line)
        stored = re.search(r"stored readings=(\d+) last=(\d+)$", line.strip())
        if stored:
            self.stored += range(int(stored[2]) - int(stored[1]) + 1, int(stored[2]) + 1)
        got = re.search(r"got (\{.*\})$", line.strip())
        if got:
            self.got.append(json.loads(got[1]))
        return bool(stored or got)


def check_cuts(folder, generation, durability, number):
    dice = random.Random(seed := time.time_ns())
    print("seed", seed)
    if not board.gateway(generation).exists():
        pytest.skip(f"SKIP {board.gateway(generation)} is not built")
    machine = Board(folder, generation, durability)
    for i in range(number):
        # Every other time readings leave the store, too.
        machine.boot(RUN, i, i % 2 == 1, until=dice.randrange(1, 40),
                     delay_s=dice.uniform(0, 0.3))
        assert not [line for line in machine.lines if "error:" in line]
    machine.boot(RUN.replace("pin2mqtt run", "timeout -s TERM 12 pin2mqtt run"), number, True)
    text = "".join(machine.lines)
    assert "error:" not in text
    assert text.count("pin2mqtt 0") == number + 1
    first = {}
    for reading in machine.got:
        reading.pop("replay", None)
        assert first.setdefault(reading["seq"], reading) == reading
    missing = set(machine.stored) - set(first)
    print(number, "power cuts,", len(machine.stored), "readings stored,", len(machine.got),
          "arrived,", len(machine.got) - len(first), "doubles,", len(missing), "missing")
    assert not missing
    if durability == "always":
        assert sorted(first) == list(range(min(first), max(first) + 1))


@pytest.mark.slow
def test_power_cuts_lose_nothing_that_is_stored(tmp_path):
    check_cuts(tmp_path, 2, "always", 2)


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["always", "outage"])
def test_twenty_power_cuts_lose_nothing_that_is_stored(tmp_path, durability):
    check_cuts(tmp_path, 2, durability, 20)
