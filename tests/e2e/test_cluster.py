# SPDX-License-Identifier: MIT
"""Many gateways on a RabbitMQ cluster of three nodes with its MQTT plug-in, each node killed and
brought back: what arrived is compared with what each gateway stored."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import paho.mqtt.client as mqtt
import pytest

from conftest import PAHO_CALLBACKS, PROGRAM, free_port, wait_until

BIN = pathlib.Path("/usr/lib/rabbitmq/bin")
NUM_NODES = 3
NUM_GATEWAYS = int(os.environ.get("PIN2MQTT_GATEWAYS", "200"))
INTERVAL_S = 10
# A node that comes back takes over from those that stayed.
START_S = 300
# Who may connect in RabbitMQ's own configuration, from this machine.
USER = PASSWORD = "guest"


class Node:
    """One RabbitMQ of the cluster, with files and ports of its own."""

    def __init__(self, folder, number, epmd_port):
        self.name = f"p2m{os.getpid()}n{number}@localhost"
        self.folder = folder / f"node{number}"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.port, self.amqp_port, self.dist_port = free_port(), free_port(), free_port()
        self.process = None
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.amqp_port}\n"
                          f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
                          # What waits for a subscriber is on every node.
                          "mqtt.durable_queue_type = quorum\n", encoding="ascii")
        plugins = self.folder / "enabled_plugins"
        plugins.write_text("[rabbitmq_mqtt].\n", encoding="ascii")
        self.environment = os.environ | {
            "HOME": str(folder), "ERL_EPMD_PORT": str(epmd_port), "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.dist_port), "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"), "RABBITMQ_LOGS": "-",
            # Its schedulers do not spin while they wait, and there are many on one machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"}

    @staticmethod
    def as_user(*command):
        """RabbitMQ is not run as root."""
        if os.geteuid() != 0:
            return list(command)
        user = pwd.getpwnam("rabbitmq")
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                *command]

    def start(self):
        with (self.folder / "said").open("a") as said:
            # In a group of its own: the script starts the runtime.
            self.process = subprocess.Popen(
                self.as_user(str(BIN / "rabbitmq-server")), env=self.environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)

    def control(self, *arguments, seconds=START_S):
        return subprocess.run(
            self.as_user(str(BIN / "rabbitmqctl"), "-n", self.name, *arguments),
            env=self.environment, cwd=self.folder, capture_output=True, text=True, check=True,
            timeout=seconds, stdin=subprocess.DEVNULL).stdout

    def is_up(self):
        try:
            self.control("await_startup", seconds=60)
            return True
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def finish(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Cluster:
    """Three of them that are one broker."""

    def __init__(self, folder):
        self.epmd_port = free_port()
        self.nodes = [Node(folder, i, self.epmd_port) for i in range(NUM_NODES)]

    def start(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_until(node.is_up, f"{node.name} is up", START_S)
        for node in self.nodes[1:]:
            for command in (["stop_app"], ["reset"], ["join_cluster", self.nodes[0].name],
                            ["start_app"]):
                node.control(*command)

    def finish(self):
        for node in self.nodes:
            node.finish()
        # Who knows the nodes' ports was started by the first of them, and stays.
        wait_until(self.has_no_names, "epmd ends")

    def has_no_names(self):
        said = subprocess.run(["epmd", "-port", str(self.epmd_port), "-kill"], check=False,
                              capture_output=True, text=True)
        return re.search("Killed|Cannot connect", said.stdout + said.stderr)


class Listener:
    """A session of QoS 1 that outlives nodes and connections."""

    def __init__(self, cluster):
        self.ports = [node.port for node in cluster.nodes]
        self.readings = {}  # by topic and number
        self.num_doubles = 0
        self.different = []
        self.is_ended = False
        self.is_subscribed = threading.Event()
        self.client = mqtt.Client(*PAHO_CALLBACKS, client_id="listener", clean_session=False,
                                  protocol=mqtt.MQTTv311)
        self.client.username_pw_set(USER, PASSWORD)
        self.client.on_connect = lambda client, *_: client.subscribe("b/+/readings", 1)
        self.client.on_subscribe = lambda *_: self.is_subscribed.set()
        self.client.on_message = self.on_message
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        assert self.is_subscribed.wait(START_S)

    def run(self):
        number = 0
        while not self.is_ended:
            try:
                self.client.connect("127.0.0.1", self.ports[number % NUM_NODES], keepalive=20)
                while not self.is_ended and self.client.loop(1) == 0:
                    pass
            except OSError:
                pass
            number += 1
            time.sleep(0.5)

    def on_message(self, _client, _data, message):
        reading = json.loads(message.payload)
        reading.pop("replay", None)
        of_gateway = self.readings.setdefault(message.topic, {})
        self.num_doubles += reading["seq"] in of_gateway
        if of_gateway.setdefault(reading["seq"], reading) != reading:
            self.different.append(reading)

    def heard(self):
        """How many of each gateway."""
        return {topic: len(readings) for topic, readings in self.readings.copy().items()}

    def finish(self):
        self.is_ended = True
        self.thread.join()


class Gateways:
    """Each a process of its own, with the nodes in another order."""

    def __init__(self, folder, cluster):
        ports = [node.port for node in cluster.nodes]
        self.folder = folder
        self.processes = []
        for i in range(NUM_GATEWAYS):
            turned = ports[i % NUM_NODES:] + ports[:i % NUM_NODES]
            servers = ", ".join(f'"mqtt://127.0.0.1:{port}"' for port in turned)
            config = folder / f"g{i}.yaml"
            config.write_text(
                f"gateway: {{id: g{i}}}\n"
                f"mqtt: {{servers: [{servers}], topic: b, username: {USER}, "
                f"password: {PASSWORD}}}\n"
                "homeassistant: {enabled: false}\n"
                f"store: {{path: {folder}/g{i}.db, durability: always}}\n"
                f"sensors: [{{id: s, driver: dht22, pin: sim/0, interval: {INTERVAL_S}s}}]\n",
                encoding="ascii")
            with (folder / f"g{i}.log").open("w") as log:
                self.processes.append(subprocess.Popen(
                    [PROGRAM, "run", "-c", config, "--log-level", "debug"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log))

    def stored(self):
        """The numbers of all readings that each has committed to its store."""
        numbers = {}
        for i in range(NUM_GATEWAYS):
            log = (self.folder / f"g{i}.log").read_text(encoding="utf-8")
            pairs = [tuple(map(int, pair)) for pair in
                     re.findall(r"stored readings=(\d+) last=(\d+)", log)]
            numbers[f"b/g{i}/readings"] = {seq for number, last in pairs
                                           for seq in range(last - number + 1, last + 1)}
        return numbers

    def num_reconnects(self):
        return sum((self.folder / f"g{i}.log").read_text(encoding="utf-8").count(
            "connected to the broker server=") - 1 for i in range(NUM_GATEWAYS))

    def finish(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)


@pytest.fixture(name="cluster")
def running_cluster():
    if not (BIN / "rabbitmq-server").exists():
        pytest.skip("SKIP rabbitmq-server is not installed")
    # Not in pytest's, where no other user may look.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pin2mqtt-cluster-"))
    folder.chmod(0o777)
    cookie = folder / ".erlang.cookie"
    cookie.write_text("pin2mqtt", encoding="ascii")
    if os.geteuid() == 0:
        shutil.chown(cookie, "rabbitmq", "rabbitmq")
    cookie.chmod(0o400)
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.finish()
        shutil.rmtree(folder)


def wait_for_all(listener):
    """Until each gateway has been heard of once more."""
    before = listener.heard()
    wait_until(lambda: sum(number > before.get(topic, 0)
                           for topic, number in listener.heard().items()) == NUM_GATEWAYS,
               "a reading of each gateway", START_S)


def check(listener, gateways):
    stored = gateways.stored()
    print(len(stored), "gateways,", sum(map(len, stored.values())), "readings stored,",
          gateways.num_reconnects(), "reconnects,", listener.num_doubles, "doubles")
    assert all(stored.values())
    assert not listener.different
    wait_until(lambda: sum(listener.heard().values()) >= sum(map(len, stored.values())),
               "all has arrived", START_S)
    for topic, numbers in stored.items():
        assert set(listener.readings[topic]) == numbers, topic


@pytest.mark.soak
def test_each_node_is_killed_twice_and_nothing_is_missing(tmp_path, cluster):
    listener = Listener(cluster)
    gateways = Gateways(tmp_path, cluster)
    try:
        wait_for_all(listener)
        for _ in range(2):
            for node in cluster.nodes:
                node.kill()
                time.sleep(INTERVAL_S)
                wait_for_all(listener)
                node.start()
                wait_until(node.is_up, f"{node.name} is up again", START_S)
                wait_for_all(listener)
    finally:
        gateways.finish()
    check(listener, gateways)
    listener.finish()
