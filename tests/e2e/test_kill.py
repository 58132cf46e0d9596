# SPDX-License-Identifier: MIT
"""The gateway killed at random moments, the broker stopped or killed, the network cut: what arrived is
compared with what was read."""
import json
import random
import signal
import time

import pytest

from conftest import wait_until
from test_outage import times_of
from wire import Wire

NUM_SENSORS = 64
FLUSH_S = 1


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
    """Rounds of it, at random moments; the broker ends by that signal."""

    def __init__(self, broker, listen, run, store, ending):
        self.broker, self.ending = broker, ending
        self.wire = Wire(broker.port)
        self.dice = random.Random(seed := time.time_ns())
        print("seed", seed)
        self.listener = listen()
        self.gateway = run(sensors_of(NUM_SENSORS, "2s"), servers=[self.wire.url], store=store)
        self.kills = []

    def kill(self):
        self.gateway.kill()
        self.kills.append(time.time())

    def end_broker(self):
        self.broker.stop(self.ending)
        time.sleep(self.dice.uniform(0, 2 * FLUSH_S))

    def rounds(self, number):
        """What has arrived: at the listener and, where the broker was killed and forgot what it
        had not passed on, at the broker, which acknowledged it."""
        self.listener.wait_for("/readings", 1)
        for _ in range(number):
            time.sleep(self.dice.uniform(0.1, 4))
            what = self.dice.randrange(4)
            if what == 0:
                self.end_broker()
            elif what == 1:
                self.wire.reset()
                time.sleep(self.dice.uniform(0, 0.3))
            self.kill()
            if what == 0:
                self.broker.start()
            self.gateway.start()
        wait_for_news(self.listener, time.time())
        time.sleep(1)
        self.wire.close()
        taken, heard = self.wire.record.taken(), self.listener.readings()
        lost = {reading["seq"] for reading in taken} - {reading["seq"] for reading in heard}
        print(len(lost), "acknowledged, but not passed on")
        return heard if self.ending == signal.SIGTERM else taken


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
    # A reading takes a moment, the next comes a moment after it, and the thread that writes
    # gives way to others.
    assert worst_s < FLUSH_S + 1


def check_rounds_of_always(broker, listen, run, ending, number):
    trouble = Trouble(broker, listen, run, ", durability: always", ending)
    readings = trouble.rounds(number)
    # In a few rounds chance has its say: then what is in flight is the limit.
    check_always(readings, max(0.05 * len(readings), 0 if number >= 100 else 16 * number))


def check_rounds_of_outage(broker, listen, run, ending, number):
    trouble = Trouble(broker, listen, run,
                      f", durability: outage, flush_interval: {FLUSH_S}s", ending)
    check_outage(trouble.rounds(number), trouble.kills)


ENDINGS = pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL],
                                  ids=["broker-stopped", "broker-killed"])


@ENDINGS
def test_always_loses_nothing(broker, listen, run, ending):
    check_rounds_of_always(broker, listen, run, ending, 4)


@ENDINGS
def test_outage_loses_no_more_than_the_flush_interval(broker, listen, run, ending):
    check_rounds_of_outage(broker, listen, run, ending, 4)


@pytest.mark.soak
@ENDINGS
def test_always_loses_nothing_in_a_hundred_rounds(broker, listen, run, ending):
    check_rounds_of_always(broker, listen, run, ending, 100)


@pytest.mark.soak
@ENDINGS
def test_outage_loses_no_more_in_a_hundred_rounds(broker, listen, run, ending):
    check_rounds_of_outage(broker, listen, run, ending, 100)


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
