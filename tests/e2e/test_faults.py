# SPDX-License-Identifier: MIT
"""What networks, brokers and clocks do to a gateway. After each, what arrived is held against
what was read, reading by reading."""
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from conftest import STOP_S, dht11s, wait_until
from test_outage import check_complete, check_kept_time, times_of
from wire import Wire

WINDOW = 16  # messages in flight


@pytest.fixture(name="wire")
def wire_to_the_broker(broker):
    wire = Wire(broker.port)
    yield wire
    wire.close()


def wait_past(listener, moment, number=1):
    """Until readings have come that were taken after that moment."""
    wait_until(lambda: sum(ts > moment for ts in times_of(listener.readings())) >= number,
               "readings from after it", 90)


def check_all(listener, max_doubles=0.5):
    readings = check_complete(listener.readings())
    check_kept_time(readings)
    num_doubles = len(listener.readings()) - len(readings)
    print(len(readings), "readings,", num_doubles, "doubles")
    assert num_doubles <= max_doubles * len(readings)


def test_connections_that_are_reset_at_random(listen, run, wire):
    dice = random.Random(seed := time.time_ns())
    print("seed", seed)
    listener = listen()
    run(dht11s(8), servers=[wire.url])
    listener.wait_for("/readings", 8)
    for _ in range(12):
        time.sleep(dice.uniform(0, 2))
        wire.reset()
    wait_past(listener, time.time())
    check_all(listener)


def test_acknowledgements_that_are_lost(listen, run, wire):
    """What the broker has taken and the gateway cannot know comes twice, and is the same."""
    listener = listen()
    gateway = run(dht11s(8), servers=[wire.url])
    listener.wait_for("/readings", 8)
    for _ in range(3):
        wire.block("down")
        time.sleep(1.5)
        wire.reset()
        wire.heal()
        wait_past(listener, time.time())
    check_all(listener)
    assert len(listener.readings()) > len({r["seq"] for r in listener.readings()})
    assert gateway.said().count("connected to the broker") == 4


def test_a_connection_that_falls_silent(listen, run, wire):
    """Nothing passes and nobody says so: the keepalive finds out."""
    listener = listen()
    gateway = run(dht11s(4), servers=[wire.url], mqtt_lines="  keepalive: 5s")
    listener.wait_for("/readings", 4)
    wire.block("up", "down")
    gateway.wait_for_word("connection to the broker lost", 60)
    wire.reset()
    wire.heal()
    wait_past(listener, time.time())
    check_all(listener)


def test_a_slow_connection(listen, run, wire):
    """A third of what the sensors give passes; the rest waits and comes in order."""
    listener = listen()
    run(dht11s(8), servers=[wire.url])
    listener.wait_for("/readings", 8)
    wire.bytes_per_s = 700
    time.sleep(12)
    assert len(listener.readings()) < 8 * 10
    wire.bytes_per_s = None
    wait_past(listener, time.time())
    check_all(listener, 0)


def test_a_broker_that_is_killed(broker, listen, run, wire):
    """It forgets what it has acknowledged and not passed on, and the listener with it: what it
    took is told by its acknowledgements on the wire."""
    dice = random.Random(seed := time.time_ns())
    print("seed", seed)
    listener = listen()
    gateway = run(dht11s(16), servers=[wire.url])
    for _ in range(6):
        wait_past(listener, time.time())
        # Whichever is blocked is lost with the broker: readings, or acknowledgements.
        wire.block(*dice.choice([["up"], ["down"], []]))
        time.sleep(dice.uniform(0, 1.5))
        broker.stop(signal.SIGKILL)
        wire.heal()
        time.sleep(dice.uniform(0, 1))
        broker.start()
    wait_past(listener, time.time())
    assert gateway.stop() < STOP_S
    taken = wire.record.taken()
    readings = check_complete(taken)
    check_kept_time(readings)
    heard = {reading["seq"] for reading in listener.readings()}
    print(len(readings), "readings,", len(taken) - len(readings), "doubles,",
          sum(reading["seq"] not in heard for reading in readings), "not passed on")
    assert len(taken) - len(readings) <= 6 * WINDOW


class Namespace:
    """A network of its own for the gateway, with one cable to ours."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        wait_until(self.is_apart, "the namespace is there")
        number = self.process.pid % 250 + 1
        self.cable, self.address = f"p2m{self.process.pid}", f"10.213.{number}.1"
        self.ip("link", "add", self.cable, "type", "veth", "peer", "name", "up0", "netns",
                str(self.process.pid))
        self.ip("addr", "add", f"{self.address}/30", "dev", self.cable)
        self.ip("link", "set", self.cable, "up")
        self.inside("ip", "addr", "add", f"10.213.{number}.2/30", "dev", "up0")
        self.inside("ip", "link", "set", "up0", "up")
        self.inside("ip", "link", "set", "lo", "up")

    def is_apart(self):
        return os.readlink(f"/proc/{self.process.pid}/ns/net") != os.readlink("/proc/self/ns/net")

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def prefix(self):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--"]

    def inside(self, *command):
        subprocess.run([*self.prefix(), *command], check=True, capture_output=True)

    def pull_the_cable(self):
        self.ip("link", "set", self.cable, "down")

    def plug_it_in(self):
        self.ip("link", "set", self.cable, "up")

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="namespace")
def network_namespace():
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("SKIP a network of its own takes root and ip(8)")
    namespace = Namespace()
    yield namespace
    namespace.close()


def test_a_cable_that_is_pulled(broker, listen, run, namespace):
    """Packets are dropped and nobody is told: on a connection that stands, and while it is
    made."""
    listener = listen()
    wire = Wire(broker.port, namespace.address)
    gateway = run(dht11s(4), servers=[wire.url], mqtt_lines="  keepalive: 5s",
                  prefix=namespace.prefix())
    listener.wait_for("/readings", 4)
    namespace.pull_the_cable()
    gateway.wait_for_word("connection to the broker lost", 60)
    gateway.wait_for_word("no connection to the broker", 60)
    namespace.plug_it_in()
    wait_past(listener, time.time())
    check_all(listener)
    namespace.pull_the_cable()
    time.sleep(2)
    assert gateway.stop() < STOP_S
    assert gateway.status == 0
    wire.close()


@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "back"])
def test_a_clock_that_jumps(broker, listen, run, clock, hours):
    """`ts` follows the clock and nothing else does: intervals, order, what waits."""
    environment, set_clock = clock
    listener = listen()
    gateway = run(dht11s(4), environment=environment, mqtt_lines="  keepalive: 5s")
    listener.wait_for("/readings", 12)
    broker.stop()
    gateway.wait_for_word("connection to the broker lost")
    time.sleep(2)
    set_clock(hours * 3600)
    time.sleep(3)
    broker.start()
    listener.wait_for("/readings", len(listener.readings()) + 40)
    readings = check_complete(listener.readings())
    for sensor in {reading["sensor"] for reading in readings}:
        times = times_of([reading for reading in readings if reading["sensor"] == sensor])
        gaps = [later - sooner for sooner, later in zip(times, times[1:])]
        jumps = [gap for gap in gaps if abs(gap - 1) > 0.9]
        assert len(jumps) == 1 and abs(jumps[0] - 1 - hours * 3600) < 0.9, gaps
        assert len(times) >= 12
    assert listener.last("/s0/availability") == "online"
    assert "stale" not in gateway.said()
    assert gateway.said().count("connected to the broker") == 2
    set_clock(0)
    listener.wait_for("/readings", len(listener.readings()) + 8)
    assert gateway.stop() < STOP_S and gateway.status == 0
    check_complete(listener.readings())
