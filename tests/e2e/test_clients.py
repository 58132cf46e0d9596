# SPDX-License-Identifier: MIT
"""The examples of packaging/clients, on each generation of what they run on: they take every
reading of a real gateway, once each, also when the broker goes and comes."""
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from conftest import WAIT_S, dht11s, wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = TOP / "packaging/clients"


@functools.lru_cache
def surroundings(name):
    told = subprocess.run([TOP / "tests/clients.sh", name], check=True, stdout=subprocess.PIPE,
                          text=True, timeout=600)
    return told.stdout.strip()


class Client:
    """A client that runs, and what it prints."""

    def __init__(self, kind, folder, broker, count=None):
        self.out, self.err = folder / "client.out", folder / "client.err"
        counted = [] if count is None else [str(count)]
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        if kind.startswith("paho"):
            environment["PYTHONPATH"] = surroundings(kind)
            command = [sys.executable, CLIENTS / "readings.py", "--host", "127.0.0.1", "--port",
                       str(broker.port), "--topic", "b",
                       *(["--count", *counted] if counted else [])]
        else:
            interpreter = sys.executable if kind == "cpython" else surroundings(kind)
            script = ("import sys; sys.path.insert(0, %r); import micropython_readings as m; "
                      "m.Readings('127.0.0.1', m.show, %d, 'b').run(%s)"
                      % (str(CLIENTS), broker.port, count))
            command = [interpreter, "-c", script]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=environment)

    def told(self):
        return self.out.read_text() + self.err.read_text()

    def num_subscribed(self):
        return self.told().count("readings: listening\n")

    def wait_until_it_listens(self, number=1):
        wait_until(lambda: self.num_subscribed() >= number or self.process.poll() is not None,
                   "the client listens", 2 * WAIT_S)
        assert self.process.poll() is None, self.told()

    def readings(self):
        """(gateway, sensor, number) of what it took."""
        lines = [line.split() for line in self.out.read_text().splitlines(True)
                 if line.endswith("\n") and not line.startswith("readings: ")]
        return [(line[0], line[1], int(line[3])) for line in lines]

    def wait_for(self, number):
        return wait_until(lambda: len(self.readings()) >= number and self.readings(),
                          f"{number} readings", 2 * WAIT_S)

    def finish(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="start", params=["paho1", "paho2", "micropython", "cpython"])
def clients(request, tmp_path, broker):
    """start(): the client, once it listens."""
    all_of_them = []

    def start(**options):
        client = Client(request.param, tmp_path, broker, **options)
        all_of_them.append(client)
        client.wait_until_it_listens()
        return client

    yield start
    for client in all_of_them:
        client.finish()
        print(client.told()[-4000:])


def post(listener, *numbers):
    for number in numbers:
        listener.client.publish("b/h/readings", json.dumps(
            {"sensor": "s", "ts": "2026-11-22T06:00:00.123Z", "seq": number,
             "temperature": -0.5, "humidity": 48.2, "replay": True}), qos=1)


def test_it_takes_what_a_gateway_reads(start, run, listen):
    listener = listen()
    client = start(count=6)
    run(sensors=dht11s(3))
    assert client.process.wait(2 * WAIT_S) == 0
    listener.wait_for("/readings", 6)
    posted = [("g", reading["sensor"], reading["seq"]) for reading in listener.readings()]
    assert client.readings() == posted[:6]


def test_it_takes_a_double_once_and_no_nonsense(start, listen):
    listener = listen()
    client = start()
    post(listener, 1795327200123456, 2, 2, 1795327200123456)
    for nonsense in ("", "{", "[]", "7", '{"sensor":"s"}', "x" * 3000):
        listener.client.publish("b/h/readings", nonsense, qos=1)
    post(listener, 2, 3)
    assert [number for _, _, number in client.wait_for(3)] == [1795327200123456, 2, 3]
    post(listener, 4)
    assert [number for _, _, number in client.wait_for(4)][3:] == [4]


def test_it_takes_what_came_while_the_broker_was_away(start, broker, listen):
    listener = listen()
    client = start()
    post(listener, 1)
    client.wait_for(1)
    broker.stop()
    broker.start()
    post(listener, 2)
    assert [number for _, _, number in client.wait_for(2)] == [1, 2]
    client.wait_until_it_listens(2)
    assert client.process.poll() is None


def test_the_broker_keeps_readings_while_it_does_not_run(start, listen):
    listener = listen()
    client = start()
    client.process.send_signal(signal.SIGKILL)
    client.process.wait()
    post(listener, 1, 2)
    listener.wait_for("/readings", 2)
    assert [number for _, _, number in start().wait_for(2)] == [1, 2]
