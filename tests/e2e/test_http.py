# SPDX-License-Identifier: MIT
"""What the gateway tells over HTTP, as pin2mqtt-http(7) promises it, and to whom."""
import datetime
import http.client
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import yaml
from prometheus_client.openmetrics import parser as openmetrics

from conftest import PORCH, PROGRAM, TOP, WAIT_S, own_address, wait_until

TOKEN = "0123456789abcdef"
GONE = PORCH.replace("sim/4", '"replay:/no/such"')


def test_without_listen_nothing_of_http_is_there(listen, run):
    listener = listen()
    gateway = run(PORCH)
    listener.wait_for("/readings", 2)
    maps = pathlib.Path(f"/proc/{gateway.process.pid}/maps").read_text(encoding="utf-8")
    assert "microhttpd" not in maps and "gnutls" not in maps
    assert "HTTP" not in gateway.said()


def test_health_and_readiness(broker, web):
    site = web()
    wait_until(lambda: site.ask("/readyz").status == 200, "ready")
    assert site.ask("/healthz").text == "healthy\n"
    broker.stop()
    wait_until(lambda: site.ask("/readyz").status == 503, "not ready without a broker")
    assert site.ask("/healthz").status == 200
    broker.start()
    wait_until(lambda: site.ask("/readyz").status == 200, "ready again")


def test_what_delta_holds_back_is_counted_and_shown(listen, web):
    listener = listen()
    site = web(PORCH.replace("stale_after: 3s", "stale_after: 10m, derive: [dew_point], "
                             "filters: [delta: {temperature: 100}]"))
    wait_until(lambda: site.sensor()["held_back"] > 1, "something was held back")
    listener.catch_up()
    reading = json.loads(listener.wait_for("/readings")[0].text)
    shown = site.sensor()["reading"]
    assert shown["ts"] > reading["ts"] and shown["seq"] == reading["seq"]
    assert "dew_point" in shown
    metrics = site.metrics()
    assert metrics['pin2mqtt_sensor_readings_total{sensor="porch",result="posted"}'] == 1
    assert metrics['pin2mqtt_sensor_readings_total{sensor="porch",result="held_back"}'] > 1
    assert 'pin2mqtt_sensor_dew_point_celsius{sensor="porch"}' in metrics
    assert metrics['pin2mqtt_sensor_up{sensor="porch"}'] == 1
    assert len(listener.readings()) == 1


def test_promtool_finds_no_fault_in_the_metrics(listen, web):
    site = web()
    listen().wait_for("/readings", 2)
    response = site.ask("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    checked = subprocess.run(["promtool", "check", "metrics"], input=response.text,
                             capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_openmetrics_is_what_its_own_parser_takes(listen, web):
    site = web()
    listen().wait_for("/readings", 2)
    response = site.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in
                openmetrics.text_string_to_metric_families(response.text)}
    assert families["pin2mqtt_build"].type == "info"
    assert families["pin2mqtt_sensor_reads"].type == "counter"
    assert families["pin2mqtt_sensor_temperature_celsius"].unit == "celsius"
    plain = {line.split()[2] for line in site.ask("/metrics").text.splitlines()
             if line.startswith("# TYPE")}
    named = {name + {"counter": "_total", "info": "_info"}.get(family.type, "")
             for name, family in families.items()}
    assert plain == named


def test_metrics_and_status_are_what_the_broker_got(listen, web):
    listener = listen()
    site = web()
    listener.wait_for("/readings", 3)
    # Both tell of the newest reading; another may come between two looks.
    def is_same():
        values, sensor = site.metrics(), site.sensor()
        reading = listener.readings()[-1]
        return (reading["seq"] == sensor["reading"]["seq"] and
                values['pin2mqtt_sensor_temperature_celsius{sensor="porch"}'] ==
                reading["temperature"] == sensor["reading"]["temperature"] and
                abs(values['pin2mqtt_sensor_relative_humidity_ratio{sensor="porch"}'] * 100 -
                    reading["humidity"]) < 0.001)
    wait_until(is_same, "metrics and status as published")
    values = site.metrics()
    assert values['pin2mqtt_sensor_up{sensor="porch"}'] == 1
    assert values["pin2mqtt_mqtt_connected"] == 1
    wait_until(lambda: site.metrics()["pin2mqtt_mqtt_puback_duration_seconds_count"] >= 3,
               "acknowledgements are timed")
    assert values['pin2mqtt_sensor_read_duration_seconds_count{sensor="porch"}'] >= 3
    assert 0 < values["process_cpu_seconds_total"] < 100
    resident = site.gateway.resident_kib() * 1024
    assert 0.5 < values["process_resident_memory_bytes"] / resident < 2
    assert abs(values["process_start_time_seconds"] - time.time()) < 300
    assert values["process_open_fds"] > 5
    assert '"Porch"' in site.ask("/metrics").text


def test_a_stale_sensors_values_vanish_and_its_last_success_stays(web):
    site = web()
    success = 'pin2mqtt_sensor_last_success_timestamp_seconds{sensor="porch"}'
    celsius = 'pin2mqtt_sensor_temperature_celsius{sensor="porch"}'
    wait_until(lambda: celsius in site.metrics(), "a value")
    site.gateway.reload(sensors=GONE)
    wait_until(lambda: celsius not in site.metrics(), "the value vanishes")
    values = site.metrics()
    assert values['pin2mqtt_sensor_up{sensor="porch"}'] == 0
    assert abs(values[success] - time.time()) < 300
    sensor = site.sensor()
    assert not sensor["up"] and sensor["line_faulty"] and sensor["reading"]["seq"]


def events(site, response=None):
    """The events as (name, data), as they come."""
    if response is None:
        connection = site.connect()
        connection.request("GET", "/api/events")
        response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"
    name = None
    for line in response:
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_events_tell_each_reading_as_it_comes(listen, web):
    listener = listen()
    site = web()
    listener.wait_for("/readings", 1)
    heard = events(site)
    assert next(heard) == ("sensors", {"sensors": 1})
    assert next(heard)[0] == "gateway"
    told = []
    while len(told) < 4:
        name, data = next(heard)
        if name == "sensor" and data["reading"]:
            told.append(data["reading"]["seq"])
    assert told == list(range(told[0], told[0] + 4))


def test_events_tell_of_the_broker_and_of_a_reload(broker, web):
    site = web()
    heard = events(site)
    for name, data in heard:
        if name == "gateway" and data["mqtt"]["connected"]:
            break
    broker.stop()
    for name, data in heard:
        if name == "gateway" and not data["mqtt"]["connected"]:
            break
    broker.start()
    site.gateway.reload(sensors=f"{PORCH}\n  - {{id: shed, driver: dht22, pin: sim/5}}")
    for name, data in heard:
        if name == "sensors" and data["sensors"] == 2:
            break
    names = set()
    for name, data in heard:
        if name == "sensor":
            names.add(data["id"])
        if names == {"porch", "shed"}:
            break


def test_listeners_are_few_and_come_back(web):
    site = web()
    connections = []
    for _ in range(8):
        connection = site.connect()
        connection.request("GET", "/api/events")
        assert connection.getresponse().status == 200
        connections.append(connection)
    assert site.ask("/api/events").status == 503
    for connection in connections:
        connection.close()
    wait_until(lambda: next(iter(events(site)), None) if is_free(site) else None,
               "a place is free again")


def is_free(site):
    connection = site.connect()
    connection.request("GET", "/api/events")
    status = connection.getresponse().status
    connection.close()
    return status == 200


def test_frames_come_with_what_the_decoder_made_of_them(tmp_path, web):
    bad = tmp_path / "bad.csv"
    subprocess.run([PROGRAM, "synth", "--driver", "dht22", "--bytes", "01e200d7bb", "-o", bad],
                   check=True, timeout=WAIT_S)
    site = web(f'{PORCH}\n  - {{id: bad, driver: dht22, pin: "replay:{bad}", interval: 2s, '
               'retries: 0, decode: strict}')
    for name in ("porch", "bad"):
        wait_until(lambda n=name: json.loads(site.ask(f"/api/sensors/{n}/frames").text)["frames"],
                   f"a frame of {name}")
    good = json.loads(site.ask("/api/sensors/porch/frames").text)
    frame = good["frames"][-1]
    assert good["driver"] == "dht11" and frame["verdict"] == "clean"
    assert len(frame["edges"]) == 42 and {level for _, level in frame["levels"]} == {0, 1}
    assert "cells: a 0 is" in frame["explanation"][1]
    assert isinstance(frame["temperature"], float)
    refused = json.loads(site.ask("/api/sensors/bad/frames").text)["frames"][-1]
    assert refused["verdict"] == "bad_checksum" and "temperature" not in refused
    assert "refused: the sum of the bytes differs" in refused["explanation"]
    assert site.ask("/api/sensors/nobody/frames").status == 404


def history(site, sensor="porch", **arguments):
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    response = site.ask(f"/api/sensors/{sensor}/history?{query}")
    assert response.status == 200, response.text
    return json.loads(response.text)


def seconds(reading):
    stamp = reading["ts"].replace("Z", "+00:00")
    return round(datetime.datetime.fromisoformat(stamp).timestamp(), 3)


def test_history_is_what_the_broker_got_and_outlives_a_restart(listen, web):
    listener = listen()
    since = int(time.time() * 1000) - 1000
    site = web()
    listener.wait_for("/readings", 3)
    site.gateway.stop()
    num_before = len(listener.readings())
    site.gateway.start()
    listener.wait_for("/readings", num_before + 3)
    got = {seconds(reading): reading for reading in listener.readings()}
    past = history(site, since=since, until=since + 300_000, points=5000)
    assert past["sensor"] == "porch" and "min" not in past
    assert past["ts"] == sorted(past["ts"])
    told = dict(zip(past["ts"], zip(past["values"]["temperature"], past["values"]["humidity"])))
    for ts, reading in got.items():
        assert told[ts] == (reading["temperature"], reading["humidity"])
    few = history(site, since=since, until=since + 300_000, points=1)
    assert len(few["ts"]) == 1
    assert few["max"]["temperature"][0] >= max(told[ts][0] for ts in got)
    assert few["min"]["temperature"][0] <= min(told[ts][0] for ts in got)
    assert history(site, until=since)["ts"] == []


def test_who_asks_for_no_history_is_told_why(web):
    site = web()
    for path, status, words in [
            ("/api/sensors/none/history", 404, "no such sensor"),
            ("/api/sensors/porch/history?since=yesterday", 400, "since: neither"),
            ("/api/sensors/porch/history?since=2&until=1", 400, "since: after until"),
            ("/api/sensors/porch/history?points=9999", 400, "points: not a number")]:
        response = site.ask(path)
        assert response.status == status and words in response.text
    moment = "2026-11-22T07:00:00.000%2B01:00"
    assert history(site, since=moment, until=moment)["ts"] == []
    assert history(site, since=moment.replace("%2B", "+"), until=moment)["ts"] == []


def test_metrics_tell_whether_a_reload_went_well(web):
    site = web()
    first = site.metrics()
    assert first["pin2mqtt_config_reload_success"] == 1
    assert first["pin2mqtt_store_bytes"] > 0 and first["pin2mqtt_store_fsyncs_total"] > 0
    assert first["pin2mqtt_store_written_bytes_total"] >= first["pin2mqtt_store_bytes"] / 2
    site.gateway.configure(sensors="  - {id: porch, driver: none, pin: sim/4}")
    site.gateway.process.send_signal(signal.SIGHUP)
    wait_until(lambda: site.metrics()["pin2mqtt_config_reload_success"] == 0, "refused")
    loaded = "pin2mqtt_config_reload_timestamp_seconds"
    assert site.metrics()[loaded] == first[loaded]
    site.gateway.reload(sensors=PORCH.replace("interval: 1s", "interval: 2s"))
    assert site.metrics()["pin2mqtt_config_reload_success"] == 1
    assert site.metrics()[loaded] > first[loaded]


def test_it_takes_less_than_three_megabytes(listen, run, sensors, web):
    number = 64
    listener = listen()
    without = run(sensors(number))
    listener.wait_for("/readings", number)
    without_kib = without.resident_kib()
    without.stop()
    num_before = len(listener.readings())
    site = web(sensors(number))
    listener.wait_for("/readings", num_before + number)
    for i in range(number):
        for path in ("/metrics", "/api/status", f"/api/sensors/s{i}/frames",
                     f"/api/sensors/s{i}/history"):
            assert site.ask(path).status == 200
    more_kib = site.gateway.resident_kib() - without_kib
    print(f"with HTTP {more_kib} KiB more")
    assert more_kib < 3000


def test_a_token_is_asked_for(web):
    site = web(more=f", token: {TOKEN}")
    assert site.ask("/healthz").status == 200
    refused = site.ask("/metrics")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert site.ask("/metrics", Authorization=f"Bearer {TOKEN}x").status == 401
    assert site.ask("/metrics", Authorization=f"Bearer {TOKEN}").status == 200
    assert TOKEN not in site.gateway.said()


def test_a_name_that_is_not_ours_is_refused(web):
    site = web(more=", hosts: [greenhouse.lan]")
    for name in ("evil.example", "localhost.evil.example:80", ""):
        assert site.ask("/metrics", Host=name).status == 421
    for name in ("greenhouse.lan", "localhost:1", "127.0.0.1", "[::1]:9478",
                 socket.gethostname().split(".", maxsplit=1)[0]):
        assert site.ask("/metrics", Host=name).status == 200


def test_nothing_can_be_changed(web):
    site = web()
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = site.ask("/api/status", method, "x" * 1000)
        assert response.status == 405 and response.headers["Allow"] == "GET, HEAD"
    head = site.ask("/metrics", "HEAD")
    assert head.status == 200 and head.text == "" and int(head.headers["Content-Length"]) > 1000
    assert "Access-Control-Allow-Origin" not in head.headers


def test_a_connection_serves_many_requests(web):
    connection = web().connect()
    for _ in range(100):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        assert response.status == 200 and response.read() == b"healthy\n"


def test_an_address_that_is_taken_is_tried_again(listen, run):
    listener = listen()
    address = own_address()
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        gateway = run(PORCH, http=f'listen: "{address}"')
        gateway.wait_for_word("error: no HTTP, will try again .* Address already in use")
        listener.wait_for("/readings", 2)
    gateway.wait_for_word("HTTP is there")
    assert gateway.said().count("no HTTP") == 1


def test_reloads_and_requests_do_not_disturb_each_other(web):
    site = web()
    statuses = []
    is_over = threading.Event()

    def keep_asking():
        while not is_over.is_set():
            statuses.append(site.ask("/metrics").status)
            statuses.append(site.ask("/api/sensors/porch/frames").status)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        for number in range(1, 5):
            site.gateway.reload(sensors="\n".join(
                [PORCH, *(f"  - {{id: s{number}{i}, driver: dht22, pin: sim/{5 + i}}}"
                          for i in range(number))]))
    finally:
        is_over.set()
        thread.join()
    assert set(statuses) == {200}
    assert len(site.status()["sensors"]) == 5


def test_a_stop_does_not_wait_for_who_listens(web):
    site = web()
    heard = events(site)
    next(heard)
    with site.raw() as idle:
        idle.sendall(b"GET /metrics HTT")
        assert site.gateway.stop() < WAIT_S
    assert site.gateway.status == 0


HOSTILE = [
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/sensors/%2e%2e%2f%00porch/frames HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n",
    b"GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\nxxx",
    b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"b" * 60000 + b"\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET /metrics HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x00" * 1000,
    b"\r\n\r\n\r\n",
    b"GET",
    b"",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
]


def attack(site, seed, number):
    """Requests of any kind, some of which are never ended, and answers that are not read."""
    chance = random.Random(seed)
    for _ in range(number):
        data = chance.choice(HOSTILE)
        if chance.random() < 0.3:
            at = chance.randrange(len(data) + 1)
            data = data[:at] + chance.randbytes(chance.randrange(50)) + data[at:]
        try:
            with site.raw() as hostile:
                hostile.settimeout(0.2 if chance.random() < 0.02 else 0.002)
                hostile.sendall(data[:chance.randrange(len(data) + 1)]
                                if chance.random() < 0.2 else data)
                while hostile.recv(65536):
                    pass
        except OSError:
            pass


@pytest.mark.slow
def test_ten_thousand_hostile_requests_disturb_nothing(listen, web):
    listener = listen()
    site = web()
    site.ask("/metrics")
    listener.wait_for("/readings", 1)
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    before_kib = site.gateway.resident_kib()
    threads = [threading.Thread(target=attack, args=(site, seed + i, 2500)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What they left hanging ends by itself.
    wait_until(lambda: site.ask("/healthz").status == 200, "answers after them", 60)
    readings = [reading["seq"] for reading in listener.wait_for("/readings", 3) and
                listener.readings()]
    assert readings == list(range(readings[0], readings[0] + len(readings)))
    assert site.sensor()["reads"].keys() == {"clean"}
    assert site.gateway.is_alive()
    assert site.gateway.resident_kib() - before_kib < 4096
    wait_until(lambda: site.gateway.num_files() < 40, "their connections are closed", 60)


@pytest.mark.slow
def test_slow_clients_are_ended_and_others_served(web):
    site = web()
    slow = [site.raw() for _ in range(40)]
    is_over = threading.Event()

    def drip():
        while not is_over.wait(1):
            for client in slow:
                try:
                    client.sendall(b"G")
                except OSError:
                    pass

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        def is_served():
            try:
                return site.ask("/healthz").status == 200
            except OSError:
                return False

        wait_until(is_served, "somebody else is served", 60)
    finally:
        is_over.set()
        thread.join()
        for client in slow:
            client.close()


class Prometheus:
    """A Prometheus with our configuration, but that it scrapes a site each second, and with our
    alerts, but without their patience."""

    def __init__(self, folder, site):
        dashboards = TOP / "packaging/dashboards"
        rules = (dashboards / "alerts.yml").read_text(encoding="utf-8")
        (folder / "alerts.yml").write_text(re.sub("for: .*", "for: 0s", rules))
        config = yaml.safe_load((dashboards / "prometheus.yml").read_text(encoding="utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"][0] |= {"authorization": {"credentials": TOKEN},
                                        "static_configs": [{"targets": [site.address]}]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.address = own_address()
        with (folder / "prometheus.log").open("w") as log:
            self.process = subprocess.Popen(
                [shutil.which("prometheus"), f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={self.address}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, path):
        """What it answers; nothing while it is not there."""
        connection = http.client.HTTPConnection(self.address, timeout=WAIT_S)
        try:
            connection.request("GET", f"/api/v1/{path}")
            return json.loads(connection.getresponse().read())["data"]
        except (OSError, ValueError, KeyError):
            return {}
        finally:
            connection.close()

    def query(self, expression):
        return self.ask(f"query?query={expression}").get("result")

    def alerts(self):
        """The names of those that fire, with the sensor where they have one."""
        return {(alert["labels"]["alertname"], alert["labels"].get("sensor"))
                for alert in self.ask("alerts").get("alerts", []) if alert["state"] == "firing"}

    def finish(self):
        self.process.terminate()
        self.process.wait(WAIT_S)


@pytest.fixture(name="prometheus")
def prometheuses(tmp_path):
    all_of_them = []

    def start(site):
        if not shutil.which("prometheus"):
            pytest.skip("SKIP prometheus is not installed")
        all_of_them.append(Prometheus(tmp_path, site))
        return all_of_them[-1]

    yield start
    for prometheus in all_of_them:
        prometheus.finish()


@pytest.mark.slow
def test_prometheus_scrapes_it(listen, web, prometheus):
    site = web(more=f", token: {TOKEN}")
    listen().wait_for("/readings", 1)
    scraper = prometheus(site)
    found = wait_until(lambda: scraper.query("pin2mqtt_sensor_temperature_celsius"),
                       "Prometheus has a temperature", 60)
    assert found[0]["metric"]["sensor"] == "porch"
    assert re.fullmatch(r"-?\d+(\.\d+)?", found[0]["value"][1])
    assert scraper.query('up{job="pin2mqtt"}')[0]["value"][1] == "1"


@pytest.mark.slow
def test_alerts_fire_when_a_sensor_falls_silent_and_when_the_broker_goes(broker, listen, web,
                                                                         prometheus):
    site = web(f"{PORCH}\n  - {{id: shed, driver: dht11, pin: sim/5, interval: 1s}}",
               more=f", token: {TOKEN}")
    listen().wait_for("/readings", 4)
    scraper = prometheus(site)
    wait_until(lambda: scraper.query("pin2mqtt_sensor_up") and not scraper.alerts(),
               "all is well", 60)
    site.gateway.reload(sensors=f"{GONE}\n  - {{id: shed, driver: dht11, pin: sim/5, "
                                "interval: 1s}")
    wait_until(lambda: scraper.alerts() == {("SensorStale", "porch")}, "one alert", 60)
    broker.stop()
    wait_until(lambda: ("GatewayDisconnected", None) in scraper.alerts(), "another", 60)
    site.gateway.stop()
    wait_until(lambda: ("GatewayDown", None) in scraper.alerts(), "the last", 60)
