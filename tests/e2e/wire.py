# SPDX-License-Identifier: MIT
"""TCP between gateway and broker that can be cut, slowed, or made to lose one direction."""
import socket
import struct
import threading
import time


class Wire:
    """A way to the broker on that port."""

    def __init__(self, port, address="127.0.0.1"):
        self.port = port
        self.pairs = []
        self.is_passing = {"up": threading.Event(), "down": threading.Event()}
        self.bytes_per_s = None
        self.lock = threading.Lock()
        self.server = socket.create_server((address, 0))
        self.url = f"mqtt://{address}:{self.server.getsockname()[1]}"
        self.heal()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            try:
                behind = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                caller.close()
                continue
            with self.lock:
                self.pairs.append((caller, behind))
            for source, sink, way in ((caller, behind, "up"), (behind, caller, "down")):
                threading.Thread(target=self.pump, args=[source, sink, way],
                                 daemon=True).start()

    def pump(self, source, sink, way):
        try:
            while data := source.recv(512):
                # Bytes of a way that is blocked are not passed on later either: they are lost
                # with the connection.
                self.is_passing[way].wait()
                if self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

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
        self.server.close()
        self.heal()
        self.reset()
