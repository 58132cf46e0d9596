# SPDX-License-Identifier: MIT
"""Readings in a real InfluxDB, put there by packaging/clients/influxdb.py: each once, at the time
it was read, whatever was away in between."""
import datetime
import functools
import http.client
import json
import subprocess
import sys
import time
import urllib.parse

import pytest

from conftest import TOP, WAIT_S, dht11s, own_address, wait_until
from test_outage import check_complete

CLIENT = TOP / "packaging/clients/influxdb.py"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


@functools.lru_cache
def program():
    told = subprocess.run([TOP / "tests/clients.sh", "influxd"], check=True,
                          stdout=subprocess.PIPE, text=True, timeout=600)
    return told.stdout.strip()


def unix_ms(text):
    read_at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return (read_at - EPOCH) // datetime.timedelta(milliseconds=1)


class InfluxDb:
    """An influxd whose files outlive a stop."""

    def __init__(self, folder):
        self.folder = folder / "influxdb"
        self.folder.mkdir()
        self.address = own_address()
        (self.folder / "influxdb.conf").write_text(
            f'reporting-disabled = true\nbind-address = "{own_address()}"\n'
            f'[meta]\ndir = "{self.folder}/meta"\n'
            f'[data]\ndir = "{self.folder}/data"\nwal-dir = "{self.folder}/wal"\n'
            '[monitor]\nstore-enabled = false\n'
            f'[http]\nbind-address = "{self.address}"\n')
        self.start()

    def start(self):
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [program(), "-config", self.folder / "influxdb.conf"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.ask("/ping")[0] == 204, "InfluxDB answers", 2 * WAIT_S)

    def ask(self, path, method="GET"):
        """(status, text); (0, "") while nobody is there."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_S)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def query(self, text):
        """The series of the answer; none while there is no data base."""
        query = urllib.parse.urlencode({"db": "pin2mqtt", "epoch": "ms", "q": text})
        status, answer = self.ask(f"/query?{query}")
        assert status == 200, answer
        results = json.loads(answer)["results"]
        assert {result.get("error") for result in results} <= {
            None, "database not found: pin2mqtt"}, results
        return [series for result in results for series in result.get("series", [])]

    def points(self):
        """(gateway, sensor, ms) -> the other columns that have a value."""
        found = {}
        for series in self.query('SELECT * FROM "pin2mqtt"'):
            for row in series["values"]:
                point = {name: value for name, value in zip(series["columns"], row)
                         if value is not None}
                key = (point.pop("gateway"), point.pop("sensor"), point.pop("time"))
                assert key not in found
                found[key] = point
        return found

    def num_points(self):
        found = self.query('SELECT count("seq") FROM "pin2mqtt"')
        return found[0]["values"][0][1] if found else 0

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT_S)

    def finish(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="influxdb")
def running_influxdb(tmp_path):
    influxdb = InfluxDb(tmp_path)
    yield influxdb
    influxdb.finish()


class Client:
    """packaging/clients/influxdb.py"""

    def __init__(self, folder, broker, influxdb):
        self.log = folder / "client.log"
        self.command = [sys.executable, CLIENT, "--host", "127.0.0.1", "--port", str(broker.port),
                        "--topic", "b", "--influxdb", f"http://{influxdb.address}"]
        self.start()

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def finish(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="client")
def running_client(tmp_path, broker, influxdb):
    client = Client(tmp_path, broker, influxdb)
    wait_until(lambda: "listening" in client.said(), "the client listens")
    yield client
    client.finish()
    print(client.said()[-4000:])


def expected(readings, gateway="g"):
    """The points that InfluxDB is to have of them."""
    return {(gateway, reading["sensor"], unix_ms(reading["ts"])): {
        name: value for name, value in reading.items() if name not in ("sensor", "ts")}
        for reading in readings}


@pytest.mark.parametrize("num_sensors,step_s", [
    pytest.param(4, 1200, marks=pytest.mark.slow), pytest.param(64, 60, marks=pytest.mark.soak)])
def test_it_has_every_reading_of_a_two_hour_outage_at_the_time_it_was_read(
        broker, listen, web, clock, influxdb, client, num_sensors, step_s):
    """The hours pass on the gateway's wall clock, which ends at the real time; what it has read
    is asked of it over HTTP while there is no broker."""
    environment, set_clock = clock
    begin_s = -2 * 3600 - step_s
    set_clock(begin_s)
    listener = listen()
    site = web(dht11s(num_sensors), environment=environment)
    listener.wait_for("/readings", num_sensors)
    broker.stop()
    site.gateway.wait_for_word("connection to the broker lost")
    told = {}
    for offset_s in range(begin_s, 1, step_s):
        set_clock(offset_s)
        since_ms = (time.time() + offset_s) * 1000

        def read_since():
            readings = {sensor["id"]: sensor["reading"] for sensor in site.status()["sensors"]}
            return all(unix_ms(reading["ts"]) >= since_ms - 1 for reading in readings.values()
                       ) and readings

        for sensor, reading in wait_until(read_since, "each sensor is read").items():
            assert unix_ms(reading["ts"]) <= (time.time() + offset_s) * 1000 + 1
            told["g", sensor, unix_ms(reading["ts"])] = reading["seq"]
    assert len(told) == num_sensors * (-begin_s // step_s + 1)
    times_ms = [key[2] for key in told]
    assert max(times_ms) - min(times_ms) > 2 * 3600 * 1000
    broker.start()
    wait_until(lambda: site.status()["store"]["waiting"] == 0, "nothing waits any more",
               4 * WAIT_S)
    site.gateway.stop()
    listener.catch_up()
    readings = check_complete(listener.readings())
    # Each is a write that InfluxDB syncs: of those of the soak some hundred a second.
    wait_until(lambda: influxdb.num_points() >= len(readings), "InfluxDB has them all",
               20 * WAIT_S)
    points = influxdb.points()
    # Those of which the broker's end is in doubt came twice, at first without the word.
    waited = {key for key, point in points.items() if point.pop("replay", False)}
    print(f"{len(points)} points, of which {len(waited)} waited")
    assert points == expected(readings)
    assert {key: points[key]["seq"] for key in told} == told and waited >= told.keys()


def post(listener, *numbers, **more):
    for number in numbers:
        listener.client.publish("b/h/readings", json.dumps(
            {"sensor": "s", "ts": f"2026-11-22T06:00:00.{number:03}Z", "seq": number,
             "temperature": 21, **more}), qos=1)


def test_it_takes_a_double_once_and_no_nonsense(listen, influxdb, client):
    listener = listen()
    post(listener, 1, 2, 1, clock="unsynced")
    wait_until(lambda: len(influxdb.points()) >= 2, "two points")
    client.finish()
    client.start()
    post(listener, 2, clock="unsynced")  # of which it knows no more that it had it
    for number, nonsense in enumerate([
            {"sensor": "a b"}, {"sensor": 7}, {"ts": "today"}, {"sensor": "s\nx y=1"},
            {"a\nb": 1}, {"seq": "x"}, {"seq": [1]}]):
        post(listener, 10 + number, **nonsense)
    # Where it was a number before: InfluxDB itself refuses it, and keeps nobody else waiting.
    post(listener, 4, temperature="warm")
    post(listener, 5, temperature=-0.5, humidity=None, repaired=True)
    wait_until(lambda: len(influxdb.points()) >= 3, "three points")
    assert influxdb.points() == {
        ("h", "s", unix_ms("2026-11-22T06:00:00.001Z")): {
            "seq": 1, "temperature": 21, "clock": "unsynced"},
        ("h", "s", unix_ms("2026-11-22T06:00:00.002Z")): {
            "seq": 2, "temperature": 21, "clock": "unsynced"},
        ("h", "s", unix_ms("2026-11-22T06:00:00.005Z")): {
            "seq": 5, "temperature": -0.5, "repaired": True}}
    assert client.said().count("no reading") == 7
    assert "field type conflict" in client.said()


def test_it_has_what_came_while_either_was_away(listen, influxdb, client):
    listener = listen()
    post(listener, 1)
    wait_until(lambda: len(influxdb.points()) == 1, "a point")
    influxdb.stop()
    post(listener, 2, 3)
    wait_until(lambda: "does not answer" in client.said(), "it notices")
    client.finish()
    post(listener, 4)
    listener.catch_up()
    client.start()
    influxdb.start()
    post(listener, 5)
    wait_until(lambda: len(influxdb.points()) == 5, "five points")
    assert client.said().count("does not answer") <= 2  # once in each life


def filled_in(query):
    """As Grafana asks: all gateways and sensors, two hours, a point a minute."""
    return (query.replace("/^$gateway$/", "/^.*$/").replace("/^$sensor$/", "/^.*$/")
            .replace("$timeFilter",
                     "time >= '2026-11-22T05:00:00Z' and time <= '2026-11-22T07:00:00Z'")
            .replace("$__interval", "1m"))


def test_grafana_gets_what_it_asks_for(listen, influxdb, client):
    dashboard = json.loads((TOP / "packaging/dashboards/grafana/readings.json").read_text(
        encoding="utf-8"))
    listener = listen()
    post(listener, 1, 2, humidity=40.5)
    post(listener, 3, humidity=40.5, replay=True)
    post(listener, 4, humidity=40.5, sensor="t", clock="unsynced")
    wait_until(lambda: len(influxdb.points()) == 4, "four points")
    answers = {panel["title"]: influxdb.query(filled_in(panel["targets"][0]["query"]))
               for panel in dashboard["panels"]}
    numbers = {title: series[0]["values"][0][1] for title, series in answers.items()}
    assert numbers == {
        "Sensors that were read": 2, "Readings": 4, "Readings that waited for the broker": 1,
        "Readings with an unset clock": 1, "Temperature": 21, "Relative humidity": 40.5,
        "Newest reading of each sensor": 21, "Longest time between two readings": 0}
    for title in ("Temperature", "Relative humidity", "Newest reading of each sensor"):
        assert [series["tags"] for series in answers[title]] == [
            {"gateway": "h", "sensor": "s"}, {"gateway": "h", "sensor": "t"}]
    assert answers["Newest reading of each sensor"][0]["values"] == [
        [unix_ms("2026-11-22T06:00:00.003Z"), 21, 40.5]]
    chosen = {variable["name"]: influxdb.query(filled_in(variable["query"]))
              for variable in dashboard["templating"]["list"] if variable["type"] == "query"}
    assert {name: [row[1] for row in series[0]["values"]] for name, series in
            chosen.items()} == {"gateway": ["h"], "sensor": ["s", "t"]}
