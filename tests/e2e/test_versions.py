# SPDX-License-Identifier: MIT
"""Brokers that do not know MQTT 5, and brokers that use what it brings."""
import re
import socket
import threading
import time

import pytest

from conftest import STOP_S, wait_until
from wire import Door


class OldBroker:
    """Refuses MQTT 5 in one of the ways that are seen, and hands the rest on to a broker."""

    def __init__(self, broker, answer):
        self.port = broker.port
        self.answer = answer
        self.versions = []
        self.door = Door(self.welcome)
        self.url = self.door.url

    def welcome(self, caller):
        threading.Thread(target=self.serve, args=[caller], daemon=True).start()

    def serve(self, caller):
        first = caller.recv(4096)
        # Fixed header, length (one byte: it is short), "MQTT" with its length, the version.
        found = re.match(rb"\x10[\x00-\xff]{1,2}\x00\x04MQTT([\x00-\xff])", first)
        if found:
            self.versions.append(found[1][0])
        if found and found[1] == b"\x05":
            caller.sendall(self.answer)
            caller.close()
            return
        with socket.create_connection(("127.0.0.1", self.port)) as behind:
            behind.sendall(first)
            threading.Thread(target=self.pump, args=[behind, caller], daemon=True).start()
            self.pump(caller, behind)

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(4096):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.door.close()


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""],
                         ids=["as 3.1.1", "as 5", "hangs up"])
def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(broker, listen, run, answer):
    old = OldBroker(broker, answer)
    listener = listen()
    gateway = run(servers=[old.url])
    listener.wait_for("/readings", 2)
    assert old.versions == [5, 4]
    assert "version=3.1.1" in gateway.said()
    assert not listener.seen("/state")[0].is_retained
    assert gateway.stop() < STOP_S
    listener.wait_for_text("/status", "offline")
    old.close()


def test_version_5_does_not_fall_back(broker, run):
    old = OldBroker(broker, b"\x20\x02\x00\x01")
    gateway = run(servers=[old.url], mqtt_lines='  version: "5"')
    gateway.wait_for_word('reason="refused: the server does not know this version"')
    time.sleep(1.5)
    assert set(old.versions) == {5}
    assert gateway.stop() < STOP_S
    old.close()


class ScriptedBroker:
    """Speaks just enough MQTT 5 to take messages, and answers as the test wants."""

    def __init__(self, connack=b"", reason_of=lambda topic: 0):
        self.connack = connack
        self.reason_of = reason_of
        self.posted = []
        self.callers = []
        self.door = Door(self.welcome)
        self.url = self.door.url

    def welcome(self, caller):
        self.callers.append(caller)
        threading.Thread(target=self.serve, args=[caller], daemon=True).start()

    @staticmethod
    def read_packet(stream):
        kind = stream.read(1)
        if not kind:
            return None, b""
        length, shift = 0, 0
        while True:
            digit = stream.read(1)[0]
            length |= (digit & 0x7f) << shift
            shift += 7
            if not digit & 0x80:
                return kind[0], stream.read(length)

    def serve(self, caller):
        stream = caller.makefile("rb")
        try:
            while True:
                kind, body = self.read_packet(stream)
                if kind is None:
                    return
                if kind >> 4 == 1:
                    caller.sendall(bytes([0x20, 3 + len(self.connack), 0, 0, len(self.connack)])
                                   + self.connack)
                elif kind >> 4 == 3:
                    self.take(caller, kind, body)
                elif kind >> 4 == 12:
                    caller.sendall(b"\xd0\x00")
        except OSError:
            pass

    def take(self, caller, kind, body):
        length = int.from_bytes(body[:2], "big")
        topic = body[2:2 + length].decode()
        qos = kind >> 1 & 3
        self.posted.append((topic, qos, bool(kind & 1)))
        if qos:
            caller.sendall(b"\x40\x03" + body[2 + length:4 + length]
                           + bytes([self.reason_of(topic)]))

    def count(self, leaf):
        return sum(topic.endswith(leaf) for topic, _, _ in self.posted)

    def dismiss(self, reason):
        """The broker's own DISCONNECT, with its reason."""
        self.callers[-1].sendall(bytes([0xe0, 2, reason, 0]))
        self.callers[-1].shutdown(socket.SHUT_RDWR)

    def close(self):
        self.door.close()


@pytest.fixture(name="script")
def scripted_brokers():
    brokers = []

    def script(**options):
        brokers.append(ScriptedBroker(**options))
        return brokers[-1]

    yield script
    for broker in brokers:
        broker.close()


@pytest.mark.parametrize("reason, words", [
    (0x8e, "another client took over the client id"), (0x8b, "the server is shutting down"),
    (0x98, "closed by an administrator")])
def test_the_reason_of_a_dismissal_is_told(run, script, reason, words):
    broker = script()
    gateway = run(servers=[broker.url])
    wait_until(lambda: broker.count("/readings"), "a reading")
    broker.dismiss(reason)
    gateway.wait_for_word(f'connection to the broker lost .* reason="{words}"')
    wait_until(lambda: broker.count("/status") >= 2, "it is back")
    assert gateway.stop() < STOP_S


def test_a_refused_message_is_told_once_and_holds_nothing_up(run, script):
    broker = script(reason_of=lambda topic: 0x87 if topic.endswith("/readings") else 0)
    gateway = run(servers=[broker.url])
    wait_until(lambda: broker.count("/readings") >= 4, "four readings")
    assert broker.count("/state") >= 3
    refusals = re.findall(r"warning: .*refused a message.*", gateway.said())
    assert len(refusals) == 1
    assert "topic=readings" in refusals[0] and "not authorised" in refusals[0]
    assert gateway.stop() < STOP_S


def test_a_quota_is_waited_for(run, script, sensors):
    times, taken = [], []

    def reason_of(topic):
        if not topic.endswith("/readings"):
            return 0
        times.append(time.monotonic())
        if times[-1] < times[0] + 3:
            return 0x97
        taken.append(topic)
        return 0

    broker = script(reason_of=reason_of)
    gateway = run(sensors(4), servers=[broker.url])
    wait_until(lambda: len(taken) >= 16, "readings after the quota")
    assert gateway.stop() < STOP_S
    assert "waiting=0" in gateway.said()
    assert len(re.findall(r"warning: .*quota exceeded", gateway.said())) == 1


def test_what_the_broker_cannot_do_is_not_asked_of_it(run, script):
    # Receive Maximum 1, Maximum QoS 0, Retain Available 0.
    broker = script(connack=b"\x21\x00\x01\x24\x00\x25\x00")
    run(servers=[broker.url])
    wait_until(lambda: broker.count("/readings") >= 2, "two readings")
    assert all(qos == 0 and not is_retained for _, qos, is_retained in broker.posted)


def test_a_receive_maximum_of_one_is_enough(run, script, sensors):
    broker = script(connack=b"\x21\x00\x01")
    gateway = run(sensors(4), servers=[broker.url])
    wait_until(lambda: broker.count("/readings") >= 12, "readings")
    assert gateway.stop() < STOP_S
