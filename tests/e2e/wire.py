# SPDX-License-Identifier: MIT
"""TCP between gateway and broker that can be cut, slowed, or made to lose one direction; what
it carries of readings is kept."""
import contextlib
import json
import socket
import struct
import threading
import time


CONNECT, PUBLISH, PUBACK = 1, 3, 4


class Packets:
    """The MQTT packets of one direction, put together from what comes in any pieces."""

    def __init__(self):
        self.data = b""

    def feed(self, data):
        """The packets that are whole now: type, flags and what follows the length."""
        self.data += data
        while len(self.data) >= 2:
            length, offset = 0, 1
            while offset < len(self.data):
                length |= (self.data[offset] & 0x7f) << 7 * (offset - 1)
                offset += 1
                if self.data[offset - 1] < 0x80:
                    break
            else:
                return
            if len(self.data) < offset + length:
                return
            yield self.data[0] >> 4, self.data[0] & 15, self.data[offset:offset + length]
            self.data = self.data[offset + length:]


class Record:
    """What the connections of a wire said of readings."""

    def __init__(self):
        self.sent = []  # every copy that the gateway has sent, in order
        self.acknowledged = []  # the numbers of those that the broker has said it took

    def connection(self):
        """(up, down): what is to be told of the bytes of a new connection."""
        waiting, up, down = {}, Packets(), Packets()
        version = None

        def feed_up(data):
            nonlocal version
            for kind, flags, body in up.feed(data):
                # The gateway asks in TLS, too, why a server hangs up.
                if kind == CONNECT and body.startswith(b"\0\4MQTT"):
                    version = body[6]
                elif version and kind == PUBLISH and flags & 6:
                    self.note_sent(body, version, waiting)

        def feed_down(data):
            for kind, _, body in down.feed(data):
                seq = waiting.pop(body[:2], None) if kind == PUBACK else None
                if seq is not None and (len(body) < 3 or body[2] < 0x80):
                    self.acknowledged.append(seq)

        return feed_up, feed_down

    def taken(self):
        """Every copy of each reading that the broker has said it took, in order."""
        numbers = set(self.acknowledged[:])
        return [reading for reading in self.sent[:] if reading["seq"] in numbers]

    def note_sent(self, body, version, waiting):
        topic_end = 2 + int.from_bytes(body[:2], "big")
        packet_id, rest = body[topic_end:topic_end + 2], body[topic_end + 2:]
        if body[2:topic_end].endswith(b"/readings"):
            if version == 5:
                assert rest[0] < 0x80
                rest = rest[1 + rest[0]:]
            reading = json.loads(rest)
            self.sent.append(reading)
            waiting[packet_id] = reading["seq"]


class Door:
    """Listens on a port of its own; take(caller) is called with one after the other."""

    def __init__(self, take, address="127.0.0.1"):
        self.take = take
        self.server = socket.create_server((address, 0))
        self.url = f"mqtt://{address}:{self.server.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            self.take(caller)

    def close(self):
        # Only this ends an accept() that waits, and thereby the listening.
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Wire:
    """A way to the broker on that port."""

    def __init__(self, port, address="127.0.0.1"):
        self.port = port
        self.pairs = []
        self.is_passing = {"up": threading.Event(), "down": threading.Event()}
        self.bytes_per_s = None
        self.record = Record()
        self.lock = threading.Lock()
        self.heal()
        self.door = Door(self.connect, address)
        self.url = self.door.url

    def connect(self, caller):
        try:
            behind = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            caller.close()
            return
        with self.lock:
            self.pairs.append((caller, behind))
        feed_up, feed_down = self.record.connection()
        for arguments in ((caller, behind, "up", feed_up), (behind, caller, "down", feed_down)):
            threading.Thread(target=self.pump, args=arguments, daemon=True).start()

    def pump(self, source, sink, way, feed):
        try:
            while data := source.recv(512):
                feed(data)
                # Bytes of a way that is blocked are not passed on later either: they are lost
                # with the connection.
                self.is_passing[way].wait()
                if self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def block(self, *ways):
        for way in ways:
            self.is_passing[way].clear()

    def heal(self):
        for event in self.is_passing.values():
            event.set()

    def reset(self):
        """Every connection ends with RST, in whatever it is at."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for caller, behind in pairs:
            for end in (caller, behind):
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                except OSError:
                    pass
                end.close()

    def close(self):
        self.door.close()
        self.heal()
        self.reset()
