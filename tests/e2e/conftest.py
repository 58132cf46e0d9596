# SPDX-License-Identifier: MIT
"""What the end-to-end tests stand on: the real gateway, a real mosquitto, and paho-mqtt for
Python as a client that shares no line of code with the gateway's."""
import collections
import functools
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
WAIT_S = 30
STOP_S = 10  # a stop's own limit is 4.8 s; the rest is for a busy machine
PROMPT_S = 4  # a stop that waits for nobody
web_ports = itertools.count(9478)
port_marks = []  # sockets, open as long as this process lives
# Since 2.0, Debian 13's, paho-mqtt wants to be told; what we take of callbacks is in both.
PAHO_CALLBACKS = [mqtt.CallbackAPIVersion.VERSION2] if hasattr(mqtt, "CallbackAPIVersion") else []

Message = collections.namedtuple("Message", "topic text qos is_retained expiry_s at_s")


def pytest_collection_modifyitems(items):
    """The slow ones first, so that side by side none of them ends long after all others."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def free_port():
    """One below those that the kernel gives to clients, which nobody takes from a stopped broker;
    to other test processes a socket's name says so."""
    while True:
        port = random.randrange(10240, 32768)
        mark = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                mark.bind(f"\0pin2mqtt-test-port-{port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
        port_marks.append(mark)
        return port


def own_name():
    """What the kernel calls this process."""
    return pathlib.Path("/proc/self/comm").read_text(encoding="utf-8").rstrip("\n")


def dead_port():
    """(socket, port): as long as the socket is open, nobody can listen there."""
    holder = socket.socket()
    while True:
        port = random.randrange(10240, 32768)
        try:
            holder.bind(("127.0.0.1", port))
            return holder, port
        except OSError:
            pass


def own_address():
    """Of this process alone: no other test can have it."""
    pid = os.getpid()
    return f"127.{1 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}:{next(web_ports)}"


def wait_until(claim, what, seconds=WAIT_S):
    """Waits until claim() is true, and returns what it returned."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        found = claim()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} s still not: {what}")


@functools.lru_cache
def npm_modules(folder):
    """A folder with the packages of a folder's lock file."""
    told = subprocess.run([TOP / "tests/npm.sh", TOP / folder], check=False,
                          stdout=subprocess.PIPE, text=True, timeout=600)
    if told.returncode == 69:
        pytest.skip("SKIP npm is not installed")
    assert told.returncode == 0
    return pathlib.Path(told.stdout.strip()) / "node_modules"


class Broker:
    """A mosquitto on a port of its own; sessions and retained messages outlive a stop."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.ports = [self.port]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.process = None
        self.configure("allow_anonymous true")

    def configure(self, *lines):
        store = self.folder / "mosquitto"
        store.mkdir(exist_ok=True)
        store.chmod(0o777)
        (self.folder / "mosquitto.conf").write_text("\n".join([
            f"listener {self.port} 127.0.0.1", "log_dest none", "user root",
            "persistence true", f"persistence_location {store}/", "max_queued_messages 0",
            *lines, ""]))

    def set_password(self, user, password):
        file = self.folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", file, user, password], check=True,
                       capture_output=True)
        file.chmod(0o644)
        self.configure("allow_anonymous false", f"password_file {file}")

    def start(self):
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", self.folder / "mosquitto.conf"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.is_up, "mosquitto listens")

    def is_up(self):
        try:
            for port in self.ports:
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def send(self, number):
        self.process.send_signal(number)

    def has_ended_by(self, number):
        self.send(number)
        try:
            self.process.wait(1)
            return True
        except subprocess.TimeoutExpired:
            return False

    def stop(self, number=signal.SIGTERM):
        if self.process:
            # Once may not do: mosquitto forgets a signal that comes while it starts.
            wait_until(lambda: self.has_ended_by(number), "mosquitto ends")
            self.process = None

    def finish(self):
        if self.process:
            self.send(signal.SIGCONT)
            self.stop(signal.SIGKILL)


class Listener:
    """Hears everything, in a session that outlives it: what it missed comes when it is
    back."""

    def __init__(self, broker, user=None, password=None, name="listener"):
        self.messages = []
        self.marks = set()
        self.lock = threading.Lock()
        self.is_subscribed = threading.Event()
        self.client = mqtt.Client(*PAHO_CALLBACKS, client_id=name, protocol=mqtt.MQTTv5)
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: self.is_subscribed.set()
        self.client.on_message = self.on_message
        self.client.reconnect_delay_set(1, 1)
        if user:
            self.client.username_pw_set(user, password)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", broker.port, clean_start=False, properties=session)
        self.client.loop_start()
        assert self.is_subscribed.wait(WAIT_S)

    def on_connect(self, client, *_):
        client.subscribe("#", options=SubscribeOptions(qos=1, retainAsPublished=True))

    def on_message(self, _client, _data, message):
        if message.topic.startswith("mark/"):
            self.marks.add(message.topic)
            return
        expiry_s = getattr(message.properties, "MessageExpiryInterval", 0)
        with self.lock:
            self.messages.append(Message(message.topic, message.payload.decode(), message.qos,
                                         message.retain, expiry_s, time.monotonic()))

    def catch_up(self):
        """Waits for all that the broker has for it: its own message comes after that."""
        mark = f"mark/{time.monotonic_ns()}"
        self.client.publish(mark, qos=1)
        wait_until(lambda: mark in self.marks, "its own message")

    def seen(self, leaf=""):
        """What has come on topics that end so."""
        with self.lock:
            return [message for message in self.messages if message.topic.endswith(leaf)]

    def texts(self, leaf):
        return [message.text for message in self.seen(leaf)]

    def last(self, leaf):
        return (self.texts(leaf) or [None])[-1]

    def forget(self):
        with self.lock:
            self.messages.clear()

    def wait_for(self, leaf, number=1, seconds=WAIT_S):
        """The messages on topics that end so, when there are that many of them."""
        return wait_until(lambda: len(self.seen(leaf)) >= number and self.seen(leaf),
                          f"{number} messages on {leaf}, only {len(self.seen(leaf))}", seconds)

    def wait_for_text(self, leaf, text, seconds=WAIT_S):
        wait_until(lambda: self.last(leaf) == text, f"{text} on {leaf}", seconds)

    def readings(self):
        return [json.loads(text) for text in self.texts("/readings")]

    def finish(self):
        self.client.disconnect()
        self.client.loop_stop()


class Gateway:
    """pin2mqtt run with a configuration of its own."""

    def __init__(self, folder, servers, sensors, mqtt_lines="", environment=None,
                 homeassistant="{enabled: false}", store="", store_path=None, prefix=(),
                 http=""):
        self.store = store_path or folder / "state.db"
        self.prefix = prefix
        self.config = folder / "pin2mqtt.yaml"
        self.options = {"servers": servers, "sensors": sensors, "mqtt_lines": mqtt_lines,
                        "homeassistant": homeassistant, "store": store, "http": http}
        self.configure()
        self.log = folder / "stderr"
        self.environment = os.environ | (environment or {})
        self.start()

    def start(self):
        """Also after an end, with the same files."""
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                [*self.prefix, PROGRAM, "run", "-c", self.config, "--log-level", "debug"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out,
                env=self.environment)
        self.status = None

    def kill(self):
        """At once, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def configure(self, more="", **options):
        """Writes the configuration: what it was made with, but for these options."""
        self.options |= options
        listed = ", ".join(f'"{server}"' for server in self.options["servers"])
        self.config.write_text("gateway: {id: g}\nmqtt:\n"
                               f"  servers: [{listed}]\n  topic: b\n"
                               f"{self.options['mqtt_lines']}\n"
                               f"homeassistant: {self.options['homeassistant']}\n"
                               f"store: {{path: {self.store}{self.options['store']}}}\n"
                               f"http: {{{self.options['http']}}}\n"
                               f"sensors:\n{self.options['sensors']}\n{more}")

    def reload(self, **options):
        """Writes another configuration and has it taken over."""
        number = self.said().count("info: reloaded ")
        self.configure(**options)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.said().count("info: reloaded ") > number, "it has reloaded")

    def said(self):
        return self.log.read_text()

    def wait_for_word(self, pattern, seconds=WAIT_S):
        return wait_until(lambda: re.search(pattern, self.said()), f"the log says {pattern}",
                          seconds)

    def is_alive(self):
        return self.process.poll() is None

    def num_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def stop(self, number=signal.SIGTERM, seconds=WAIT_S):
        """Returns how long it took. Nothing may come on stdout."""
        start_s = time.monotonic()
        self.process.send_signal(number)
        self.status = self.process.wait(seconds)
        took_s = time.monotonic() - start_s
        assert self.process.stdout.read() == b""
        self.process.stdout.close()
        return took_s

    def finish(self):
        if self.is_alive():
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


PORCH = "  - {id: porch, name: Porch, driver: dht11, pin: sim/4, interval: 1s, stale_after: 3s}"


class Web:
    """A gateway that is asked over HTTP."""

    def __init__(self, run, sensors=PORCH, more="", **options):
        self.address = own_address()
        self.gateway = run(sensors, http=f'listen: "{self.address}"{more}', **options)
        self.gateway.wait_for_word("HTTP is there")

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=WAIT_S)

    def ask(self, path, method="GET", body=None, **headers):
        """The response, with its text as .text."""
        connection = self.connect()
        connection.request(method, path, body, {name.replace("_", "-"): value
                                                for name, value in headers.items()})
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def status(self):
        return json.loads(self.ask("/api/status").text)

    def sensor(self, number=0):
        return self.status()["sensors"][number]

    def metrics(self):
        """name{labels} -> value, in the order they come."""
        lines = self.ask("/metrics").text.splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def raw(self):
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), WAIT_S)


def dht11s(number):
    """The fastest sensors there are, in number: one reading a second each."""
    return "\n".join(f"  - {{id: s{i}, driver: dht11, pin: sim/{i}, interval: 1s}}"
                     for i in range(number))


@pytest.fixture(name="sensors")
def many_sensors():
    return dht11s


@pytest.fixture(name="broker")
def running_broker(tmp_path):
    """A broker that runs; stop(), configure() and start() change that."""
    if not MOSQUITTO:
        pytest.skip("SKIP mosquitto is not installed")
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.finish()


@pytest.fixture(name="listen")
def listeners(broker):
    """listen(): a listener on the broker."""
    all_of_them = []

    def listen(**options):
        listener = Listener(broker, name=f"listener{len(all_of_them)}", **options)
        all_of_them.append(listener)
        return listener

    yield listen
    for listener in all_of_them:
        listener.finish()


@pytest.fixture(name="run")
def gateways(tmp_path, broker):
    """run(): a gateway that posts to the broker."""
    all_of_them = []

    def run(sensors=dht11s(1), servers=None, **options):
        folder = tmp_path / f"gateway{len(all_of_them)}"
        folder.mkdir()
        gateway = Gateway(folder, servers or [broker.url], sensors, **options)
        all_of_them.append(gateway)
        return gateway

    yield run
    for gateway in all_of_them:
        gateway.finish()
        print(gateway.said()[-4000:])


@pytest.fixture(name="web")
def webs(run):
    def start(*arguments, **options):
        return Web(run, *arguments, **options)

    return start


@pytest.fixture(name="clock")
def movable_clock(tmp_path):
    """(environment, set): a wall clock that can be moved; the monotonic one is the real one."""
    if b"__asan_init" in pathlib.Path(PROGRAM).read_bytes():
        pytest.skip("SKIP AddressSanitizer lets no other library come first")
    library, file = tmp_path / "wall_clock.so", tmp_path / "offset"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror",
                    TOP / "tests/e2e/wall_clock.c", "-o", library], check=True)

    def set_clock(seconds):
        file.with_suffix(".new").write_text(f"{seconds}\n", encoding="ascii")
        file.with_suffix(".new").rename(file)

    set_clock(0)
    return {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(file)}, set_clock
