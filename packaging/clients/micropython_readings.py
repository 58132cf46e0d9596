# SPDX-License-Identifier: MIT
"""micropython_readings.py - takes every reading of pin2mqtt from the broker, once each, on a
board with MicroPython.

Copy it to the board, connect the network there, and use it as main.py would:

    from micropython_readings import Readings

    def take(gateway, reading):
        print(gateway, reading["sensor"], reading["temperature"])

    Readings("broker.lan", take).run()

Or, where MicroPython has a command line: micropython micropython_readings.py HOST PORT [COUNT]

Speaks MQTT 3.1.1 by itself, with QoS 1 and a session: what comes while the board is off waits
at the broker. After a restart of the board the last one may come again: (gateway, seq) is its
key. It needs no other file; on a PC it runs with CPython, too.
"""
import json
import select
import socket
import struct
import sys
import time

KEEPALIVE_S = 30
MAX_PACKET_BYTES = 4096
# Types of packets, in the upper half of their first byte.
CONNACK, PUBLISH, SUBACK, PINGRESP = 2, 3, 9, 13


def text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


class Readings:
    """host, port: the broker. take(gateway, reading): is called with each reading; it has
    arrived for good when that returns, and comes again where it raises.

    client_id: the broker knows the board by it; let no two clients have the same one."""

    def __init__(self, host, take, port=1883, topic="pin2mqtt", client_id="board", user=None,
                 password=None):
        self.host, self.port, self.topic = host, port, topic
        self.client_id, self.user, self.password = client_id, user, password
        self.take = take
        self.numbers = {}  # of each gateway's newest readings: one may come twice
        self.socket = None
        self.poller = None
        self.is_listening = False

    def run(self, count=None):
        """Listens for ever, or until so many readings were taken."""
        num_taken, pause_s = 0, 1
        while True:
            try:
                self.connect()
                pause_s = 1
                while num_taken != count:
                    num_taken += self.wait()
                self.close(b"\xe0\x00")
                return
            except (OSError, ValueError) as problem:
                print("readings:", problem, "- once more in", pause_s, "s")
                self.close()
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 60)

    def connect(self):
        address = socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM)[0][-1]
        self.socket = socket.socket()
        self.socket.settimeout(KEEPALIVE_S)
        self.socket.connect(address)
        self.poller = select.poll()
        self.poller.register(self.socket, select.POLLIN)
        # Bit 1 would be a session that ends with the connection.
        flags, login = 0, b""
        if self.user is not None:
            flags |= 0x80
            login += text(self.user)
        if self.password is not None:
            flags |= 0x40
            login += text(self.password)
        self.send(0x10, text("MQTT") + struct.pack("!BBH", 4, flags, KEEPALIVE_S) +
                  text(self.client_id) + login)
        self.is_listening = False
        kind, body = self.receive()
        if kind >> 4 != CONNACK or body[1] != 0:
            raise ValueError("the broker refuses us: reason %d" % body[1])
        # "+" is any gateway, and 1 the QoS.
        self.send(0x82, struct.pack("!H", 1) + text(self.topic + "/+/readings") + b"\x01")

    def wait(self):
        """One packet, or a sign of life. Returns the number of readings taken, 0 or 1."""
        if not self.poller.poll(KEEPALIVE_S * 1000 // 2):
            self.send(0xc0, b"")
            if not self.poller.poll(KEEPALIVE_S * 1000 // 2):
                raise ValueError("the broker is silent")
        kind, body = self.receive()
        if kind >> 4 == SUBACK:
            if body[2] > 2:
                raise ValueError("the broker lets us not listen")
            self.is_listening = True
            print("readings: listening")
        if kind >> 4 != PUBLISH:
            return 0
        length = struct.unpack("!H", body[:2])[0]
        topic, payload = body[2:2 + length].decode(), body[2 + length:]
        identifier = b""
        if kind & 0x06:
            identifier, payload = payload[:2], payload[2:]
        was_new = self.handle(topic.split("/")[-2], payload)
        if identifier:
            self.send(0x40, identifier)
        return was_new

    def handle(self, gateway, payload):
        """Returns 1 for a reading that is new, else 0."""
        try:
            reading = json.loads(payload)
            number = reading["seq"]
        except (ValueError, TypeError, KeyError):
            print("readings: no reading:", payload[:80])
            return 0
        numbers = self.numbers.setdefault(gateway, [])
        if number in numbers:
            return 0
        self.take(gateway, reading)
        # The gateway posts at most sixteen again.
        numbers.append(number)
        if len(numbers) > 64:
            numbers.pop(0)
        return 1

    def send(self, kind, body):
        head, length = bytes([kind]), len(body)
        while length > 127:
            head += bytes([length & 127 | 128])
            length >>= 7
        data = head + bytes([length]) + body
        while data:
            data = data[self.socket.send(data):]

    def receive(self):
        """Returns the first byte and what follows the length."""
        kind, length, shift = self.read(1)[0], 0, 0
        while True:
            byte = self.read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 21:
                raise ValueError("this is no MQTT")
        if length > MAX_PACKET_BYTES:
            raise ValueError("a packet of %d bytes" % length)
        return kind, self.read(length)

    def read(self, num_bytes):
        data = b""
        while len(data) < num_bytes:
            piece = self.socket.recv(num_bytes - len(data))
            if not piece:
                raise OSError("the broker has closed the connection")
            data += piece
        return data

    def close(self, goodbye=b""):
        try:
            if goodbye:
                self.socket.send(goodbye)
            if self.socket:
                self.socket.close()
        except OSError:
            pass
        self.socket = None


def show(gateway, reading):
    print(gateway, reading["sensor"], reading["ts"], reading["seq"],
          reading.get("temperature"), reading.get("humidity"))


if __name__ == "__main__":
    Readings(sys.argv[1], show, int(sys.argv[2])).run(
        int(sys.argv[3]) if len(sys.argv) > 3 else None)
