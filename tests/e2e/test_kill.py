# SPDX-License-Identifier: MIT
"""The gateway killed at random moments, the broker stopped, the network cut: what arrived is
compared with what was read."""
import json
import random
import select
import signal
import socket
import struct
import threading
import time

import pytest

from conftest import wait_until
from test_outage import times_of

NUM_SENSORS = 64
FLUSH_S = 1


class Network:
    """A way to the broker that can be cut."""

    def __init__(self, port):
        self.port = port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self.server.getsockname()[1]}"
        self.pairs = []
        self.lock = threading.Lock()
        self.is_up = True
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.port), 1)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            if not self.is_up:
                self.cut()
            threading.Thread(target=self.carry, args=(near, far), daemon=True).start()

    def carry(self, near, far):
        try:
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        raise OSError
                    (far if end is near else near).sendall(data)
        except (OSError, ValueError):
            near.close()
            far.close()

    def cut(self):
        """What is on its way is lost, in both directions."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def finish(self):
        self.is_up = False
        self.server.close()
        self.cut()


def first_copies(readings):
    """By number; doubles must say the same."""
    first = {}
    for reading in readings:
        reading = dict(reading)
        reading.pop("replay", None)
        assert first.setdefault(reading["seq"], reading) == reading
    return first


def wait_for_news(listener, after):
    wait_until(lambda: any(ts > after for ts in times_of(listener.readings()[-20:])),
               "readings from after all that")


def sensors_of(number, interval):
    return "\n".join(f"  - {{id: s{i}, driver: dht11, pin: sim/{i}, interval: {interval}}}"
                     for i in range(number))


class Trouble:
    """Rounds of it, at random moments."""

    def __init__(self, broker, listen, run, store):
        self.broker = broker
        self.network = Network(broker.port)
        self.dice = random.Random(seed := time.time_ns())
        print("seed", seed)
        self.listener = listen()
        self.gateway = run(sensors_of(NUM_SENSORS, "2s"), servers=[self.network.url],
                           store=store)
        self.kills = []

    def kill(self):
        self.gateway.kill()
        self.kills.append(time.time())

    def stop_broker(self):
        # As a power cut would end it, once what it has acknowledged is with the listener;
        # what it then forgets is not ours to answer for.
        self.broker.stop(signal.SIGTERM)
        time.sleep(self.dice.uniform(0, 2 * FLUSH_S))

    def rounds(self, number):
        self.listener.wait_for("/readings", 1)
        for _ in range(number):
            time.sleep(self.dice.uniform(0.1, 2))
            what = self.dice.randrange(4)
            if what == 0:
                self.stop_broker()
            elif what == 1:
                self.network.cut()
                time.sleep(self.dice.uniform(0, 0.3))
            self.kill()
            if what == 0:
                self.broker.start()
            self.gateway.start()
        wait_for_news(self.listener, time.time())
        time.sleep(1)
        self.network.finish()
        return self.listener.readings()


def check_always(readings, max_doubles):
    first = first_copies(readings)
    seqs = sorted(first)
    missing = sorted(set(range(seqs[0], seqs[-1] + 1)) - set(seqs))
    assert not missing
    num_doubles = len(readings) - len(first)
    print(len(first), "readings,", num_doubles, "doubles")
    assert num_doubles <= max_doubles


def runs_of(first):
    """Readings of consecutive numbers, together."""
    runs = []
    for seq in sorted(first):
        if not runs or seq != runs[-1][-1]["seq"] + 1:
            runs.append([])
        runs[-1].append(first[seq])
    return runs


def check_outage(readings, kills):
    runs = runs_of(first_copies(readings))
    # No gap but those between two runs of the gateway: it was killed in each.
    assert len(runs) <= len(kills) + 1
    worst_s = 0
    for one in runs[:-1]:
        last_s = max(times_of(one))
        killed_s = min(kill for kill in kills if kill > last_s - 0.1)
        worst_s = max(worst_s, killed_s - last_s)
    print(len(runs), "runs,", len(readings), f"readings, at most {worst_s:.2f} s lost")
    # A reading takes a moment, and the next comes a moment after it.
    assert worst_s < FLUSH_S + 0.5


def check_rounds_of_always(broker, listen, run, number):
    trouble = Trouble(broker, listen, run, ", durability: always")
    readings = trouble.rounds(number)
    # In a few rounds chance has its say: then what is in flight is the limit.
    check_always(readings, max(0.05 * len(readings), 0 if number >= 100 else 16 * number))


def check_rounds_of_outage(broker, listen, run, number):
    trouble = Trouble(broker, listen, run,
                      f", durability: outage, flush_interval: {FLUSH_S}s")
    check_outage(trouble.rounds(number), trouble.kills)


def test_always_loses_nothing(broker, listen, run):
    check_rounds_of_always(broker, listen, run, 4)


def test_outage_loses_no_more_than_the_flush_interval(broker, listen, run):
    check_rounds_of_outage(broker, listen, run, 4)


@pytest.mark.soak
def test_always_loses_nothing_in_a_hundred_rounds(broker, listen, run):
    check_rounds_of_always(broker, listen, run, 100)


@pytest.mark.soak
def test_outage_loses_no_more_in_a_hundred_rounds(broker, listen, run):
    check_rounds_of_outage(broker, listen, run, 100)


@pytest.mark.parametrize("durability", ["always", "outage"])
def test_a_stop_loses_nothing_and_leaves_no_gap(broker, listen, run, durability):
    broker.stop()
    gateway = run(sensors_of(8, "1s"), store=f", durability: {durability}")
    time.sleep(3)
    gateway.stop()
    gateway.start()
    gateway.wait_for_word("readings of an earlier run wait waiting=")
    broker.start()
    listener = listen()
    wait_for_news(listener, time.time())
    first = first_copies(listener.readings())
    assert len(runs_of(first)) == 1
    assert len(first) > 16
    texts = [json.loads(text) for text in listener.texts("/state")]
    newest = {reading["sensor"]: 0 for reading in first.values()}
    # A state is never older than one that was there before.
    for topic, state in zip([message.topic for message in listener.seen("/state")], texts):
        sensor = topic.split("/")[2]
        assert state["seq"] >= newest[sensor]
        newest[sensor] = state["seq"]
