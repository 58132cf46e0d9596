# SPDX-License-Identifier: MIT
"""packaging/dashboards/node-red.json in a real Node-RED: it takes the flow as its editor would
hand it over, and shows every reading of a gateway once."""
import html
import http.client
import json
import re
import shutil
import signal
import subprocess

import pytest

from conftest import TOP, WAIT_S, dht11s, npm_modules, own_address, wait_until

PROBE = 7  # the number of a reading that is told until it comes through
FLOW = json.loads((TOP / "packaging/dashboards/node-red.json").read_text(encoding="utf-8"))


def flow_for(broker):
    """As somebody imports it who has set his broker, and has the debug node write to the log."""
    flow = json.loads(json.dumps(FLOW))
    for node in flow:
        if node["type"] == "mqtt-broker":
            assert node["broker"] == "localhost" and node["port"] == "1883"
            node |= {"broker": "127.0.0.1", "port": str(broker.port)}
        if node["type"] == "mqtt in":
            node["topic"] = node["topic"].replace("pin2mqtt/", "b/", 1)
        if node["type"] == "debug":
            node["console"] = True
    return flow


class NodeRed:
    """A Node-RED without flows, and then with those that it is given."""

    def __init__(self, folder):
        self.folder = folder / "node-red"
        self.folder.mkdir()
        self.log = folder / "node-red.log"
        self.address = own_address()
        host, port = self.address.split(":")
        (self.folder / "settings.js").write_text("module.exports = " + json.dumps({
            "uiHost": host, "uiPort": int(port), "flowFile": "flows.json",
            "credentialSecret": False, "telemetry": {"enabled": False},
            "logging": {"console": {"level": "info"}}}))
        self.start()

    def start(self):
        node_red = npm_modules("tests/node_red") / "node-red/red.js"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [shutil.which("node"), node_red, "--userDir", self.folder,
                 "--settings", self.folder / "settings.js"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.ask("GET", "/settings")[0] == 200, "Node-RED answers", 2 * WAIT_S)

    def ask(self, method, path, body=None, **headers):
        """(status, text); (0, "") while nobody is there."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_S)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def deploy(self, flow, client):
        """Gives it the flow, and waits until that takes what is on the broker."""
        status, text = self.ask("POST", "/flows", json.dumps(flow),
                                **{"Content-Type": "application/json"})
        assert status == 204, text

        def shows_a_probe():
            client.publish("b/probe/readings", json.dumps({"sensor": "probe", "seq": PROBE}))
            return f"seq: {PROBE}" in self.said()

        wait_until(shows_a_probe, "Node-RED shows a reading", 2 * WAIT_S)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def numbers(self):
        """Of the readings that its debug node showed, in the order they came."""
        numbers = map(int, re.findall(r"\bseq: (\d+),?\n", self.said()))
        return [number for number in numbers if number != PROBE]

    def rows(self):
        """What its page shows: (gateway, sensor) -> (values, time)."""
        status, text = self.ask("GET", "/pin2mqtt")
        assert status == 200
        rows = [[re.sub("<br>", " ", html.unescape(cell)).strip() for cell in
                 row.split("<td>")[1:]] for row in text.split("<tr>") if "<td>" in row]
        return {(row[0], row[1]): (row[2], row[3].partition("\n")[0]) for row in rows
                if row[0] != "probe"}

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(WAIT_S)

    def finish(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="node_red")
def running_node_red(tmp_path):
    node_red = NodeRed(tmp_path)
    yield node_red
    node_red.finish()
    print(node_red.said()[-4000:])


def test_it_takes_the_flow_and_shows_what_a_gateway_reads(broker, listen, run, node_red):
    flow = flow_for(broker)
    listener = listen()
    node_red.deploy(flow, listener.client)
    kept = json.loads(node_red.ask("GET", "/flows")[1])
    assert {node["id"]: node["type"] for node in kept} == {
        node["id"]: node["type"] for node in flow}
    assert "missing types" not in node_red.said()
    gateway = run(dht11s(2))
    listener.wait_for("/g/readings", 4)
    gateway.stop()
    listener.catch_up()
    readings = [json.loads(text) for text in listener.texts("/g/readings")]
    wait_until(lambda: len(node_red.numbers()) >= len(readings), "it has them all")
    assert node_red.numbers() == [reading["seq"] for reading in readings]
    newest = {("g", reading["sensor"]): (
        f"temperature {reading['temperature']:g} humidity {reading['humidity']:g}",
        reading["ts"]) for reading in readings}
    assert len(newest) == 2
    wait_until(lambda: node_red.rows() == newest, f"its page shows {newest}")


def test_it_shows_a_double_once_and_what_came_while_it_did_not_run(broker, listen, node_red):
    listener = listen()
    node_red.deploy(flow_for(broker), listener.client)

    def post(*numbers):
        for number in numbers:
            listener.client.publish("b/h/readings", json.dumps(
                {"sensor": "<s>", "ts": f"2026-11-22T06:00:00.{number % 1000:03}Z",
                 "seq": number, "temperature": -0.5}), qos=1)

    first = 1795327200123000
    post(first, first + 1, first, first + 1)
    for nonsense in ("{", "7", "null", '{"sensor":"s"}', '{"sensor":1,"seq":1}'):
        listener.client.publish("b/h/readings", nonsense, qos=1)
    post(first + 3)
    wait_until(lambda: len(node_red.numbers()) >= 3, "three numbers")
    node_red.stop()
    post(first + 4, first + 2)
    listener.catch_up()
    node_red.start()
    wait_until(lambda: len(node_red.numbers()) >= 5, "five numbers")
    assert [number - first for number in node_red.numbers()] == [0, 1, 3, 4, 2]
    newest = {("h", "<s>"): ("temperature -0.5", "2026-11-22T06:00:00.004Z")}
    wait_until(lambda: node_red.rows() == newest, f"its page shows {newest}")
