# SPDX-License-Identifier: MIT
"""Situations that keep a gateway from working, made true, and what `doctor` says of them.
Those of chips, lines and rights are in tests/board."""
import json
import os
import shutil
import signal
import subprocess

import pytest

import test_tls

from conftest import PROGRAM, WAIT_S, dead_port, free_port, own_name, wait_until

certificates = test_tls.certificates
serve = test_tls.tls_listener

SENSOR = "sensors: [{id: porch, driver: dht22, pin: sim/4}]\n"


class Doctor:
    """Asks doctor about a configuration."""

    def __init__(self, folder):
        self.config = folder / "doctor.yaml"

    def ask(self, text, *arguments):
        self.config.write_text(text)
        return subprocess.run([PROGRAM, "doctor", "-c", self.config, *arguments],
                              capture_output=True, text=True, timeout=3 * WAIT_S, check=False)

    def findings(self, text):
        asked = self.ask(text, "--json")
        assert asked.stderr == ""
        told = json.loads(asked.stdout)
        levels = [finding["level"] for finding in told["findings"]]
        assert told["problems"] == levels.count("problem")
        assert told["warnings"] == levels.count("warning")
        assert asked.returncode == (1 if told["problems"] else 0)
        for finding in told["findings"]:
            assert (finding["level"] == "ok") != ("why" in finding and "mend" in finding), finding
        return told["findings"]

    def of_broker(self, url, more="", homeassistant="{enabled: false}"):
        """What is found of one broker."""
        found = self.findings(f"gateway: {{id: g}}\nmqtt:\n  servers: ['{url}']\n{more}\n"
                              f"homeassistant: {homeassistant}\n" + SENSOR)
        return [finding for finding in found
                if finding["id"].startswith(("broker", "homeassistant"))]


@pytest.fixture(name="doctor")
def doctor_of(tmp_path):
    return Doctor(tmp_path)


def tls(**keys):
    return "  tls:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())


def test_a_gateway_that_works_has_no_problem(doctor, broker):
    found = doctor.findings(f"gateway: {{id: g}}\nmqtt: {{servers: ['{broker.url}']}}\n" + SENSOR)
    assert [f for f in found if f["level"] == "problem"] == []
    assert {"config", "gateway", "kernel", "chips", "pin", "broker"} <= {f["id"] for f in found}


def test_every_mistake_of_the_configuration_is_told(doctor):
    found = doctor.findings("mqtt: {servers: [mqtt://127.0.0.1], nonsense: 1}\nsensor: []\n")
    wrong = [f["what"] for f in found if f["id"] == "config_wrong"]
    assert len(wrong) == 2
    assert all(f"{doctor.config}:" in what for what in wrong)
    assert {"kernel", "gateway"} <= {f["id"] for f in found}


def test_a_configuration_that_is_not_there_is_told(doctor, tmp_path):
    doctor.config = tmp_path / "none" / "doctor.yaml"
    asked = subprocess.run([PROGRAM, "doctor", "-c", doctor.config], capture_output=True,
                           text=True, timeout=WAIT_S, check=False)
    assert asked.returncode == 1
    assert "problem" in asked.stdout and "No such file" in asked.stdout


def test_a_configuration_that_may_not_be_read_is_told(doctor):
    if os.geteuid() != 0:
        pytest.skip("SKIP only root can become somebody else")
    doctor.config.write_text(SENSOR)
    doctor.config.chmod(0o600)
    program = doctor.config.parent / "pin2mqtt"
    shutil.copy(PROGRAM, program)
    with program.open("rb") as file:  # the folder is closed to others
        asked = subprocess.run([f"/proc/self/fd/{file.fileno()}", "doctor", "--json", "-c",
                                doctor.config], capture_output=True, text=True, user=65534,
                               group=65534, extra_groups=[], pass_fds=[file.fileno()],
                               timeout=WAIT_S, check=False)
    told = json.loads(asked.stdout)["findings"][0]
    assert (asked.returncode, told["id"]) == (1, "config_closed")
    assert told["mend"] == "sudo pin2mqtt doctor"


def store_finding(doctor, lines):
    """What is found of a store with these keys."""
    found = doctor.findings(f"mqtt: {{servers: [mqtt://127.0.0.1:{free_port()}]}}\n"
                            f"store: {{{lines}}}\n" + SENSOR)
    return [finding for finding in found if finding["id"].startswith("store")]


def test_a_store_that_cannot_be_written_is_a_warning(doctor, tmp_path):
    [found] = store_finding(doctor, f"path: {tmp_path}/none/of/this/state.db")
    assert (found["id"], found["level"]) == ("store_closed", "warning")
    assert found["mend"].endswith(f"{tmp_path}/none/of/this")
    # the gateway makes one folder
    [found] = store_finding(doctor, f"path: {tmp_path}/none/state.db")
    assert (found["id"], found["level"]) == ("store", "ok")
    [found] = store_finding(doctor, f"path: {tmp_path}/state.db")
    assert (found["id"], found["level"]) == ("store", "ok")
    assert store_finding(doctor, "path: /dev/null/none/state.db, durability: none") == []


def test_a_disk_that_is_full_is_a_warning(doctor, tmp_path):
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs",
                                            tmp_path], check=False).returncode != 0:
        pytest.skip("SKIP no small disk can be mounted here")
    try:
        [found] = store_finding(doctor, f"path: {tmp_path}/state.db, max_size: 1MiB")
        assert (found["id"], found["level"]) == ("store_full", "warning")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def files_of(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_damaged_store_is_told_and_left_alone(doctor, run, tmp_path):
    gateway = run()
    gateway.wait_for_word("connected to the broker")
    gateway.stop()
    folder = tmp_path / "store"
    folder.mkdir()
    file = folder / "state.db"
    shutil.copy(gateway.store, file)
    before = files_of(folder)
    assert [f["id"] for f in store_finding(doctor, f"path: {file}")] == ["store"]
    assert files_of(folder) == before
    file.write_bytes(before["state.db"][:1024] + b"damage" * 1024)
    before = files_of(folder)
    _, found = store_finding(doctor, f"path: {file}")
    assert (found["id"], found["level"]) == ("store_damaged", "warning")
    assert "dmesg" in found["mend"]
    assert files_of(folder) == before


def test_a_store_that_was_set_aside_is_told(doctor, tmp_path):
    for name in ("state.db.corrupt-1790000000", "state.db.corrupt-1790000000-wal",
                 "state.db.corrupt-no"):
        (tmp_path / name).touch()
    _, found = store_finding(doctor, f"path: {tmp_path}/state.db")
    assert (found["id"], found["level"]) == ("store_set_aside", "warning")
    assert found["mend"].endswith(f"sudo rm {tmp_path}/state.db.corrupt-1790000000*")


def test_a_gateway_of_the_same_id_is_told_where_none_is_ours(doctor, broker, run):
    def rivals(text):
        return [f["id"] for f in doctor.findings(text) if f["id"] == "gateway_rival"]

    gateway = run()
    config = gateway.config.read_text()
    wait_until(lambda: rivals(config), "a gateway of the same id")
    doctor.config = gateway.config
    assert rivals(config) == []
    gateway.stop()
    assert rivals(config) == []


def test_the_port_of_the_running_gateway_is_its_own(doctor, run):
    gateway = run(http=f"listen: {free_port()}")
    gateway.wait_for_word("HTTP is there")
    doctor.config = gateway.config
    [found] = [f for f in doctor.findings(gateway.config.read_text())
               if f["id"].startswith("http")]
    assert (found["id"], found["level"]) == ("http", "ok") and "gateway listens" in found["what"]


def test_a_port_of_http_that_another_has_is_a_warning(doctor):
    holder, port = dead_port()
    text = f"mqtt: {{servers: [mqtt://127.0.0.1:{port}]}}\nhttp: {{listen: {port}}}\n" + SENSOR
    with holder:
        holder.listen()
        [found] = [f for f in doctor.findings(text) if f["id"].startswith("http")]
    assert (found["id"], found["level"]) == ("http_closed", "warning")
    assert f"in use by {own_name()} (process {os.getpid()})" in found["what"]
    assert "ss -ltnp" in found["mend"]
    [found] = [f for f in doctor.findings(text) if f["id"].startswith("http")]
    assert found["id"] == "http"


def test_no_sensors_is_a_warning(doctor, broker):
    found = doctor.findings(f"mqtt: {{servers: ['{broker.url}']}}\nsensors: []\n")
    assert "sensors_none" in {f["id"] for f in found}


def test_a_recording_that_is_not_there_is_told(doctor, broker):
    found = doctor.findings(f"mqtt: {{servers: ['{broker.url}']}}\n"
                            "sensors: [{id: p, driver: dht22, pin: 'replay:/no/such.csv'}]\n")
    [missing] = [f for f in found if f["id"] == "pin_missing"]
    assert "recording" in missing["mend"]


def test_a_broker_that_is_not_there_is_told(doctor):
    holder, port = dead_port()
    with holder:
        [found] = doctor.of_broker(f"mqtt://127.0.0.1:{port}")
    assert found["id"] == "broker_unreachable" and "connection refused" in found["what"]


def test_a_name_that_nobody_has_is_told(doctor):
    [found] = doctor.of_broker("mqtt://nobody.invalid")
    assert found["id"] == "broker_name" and "host not found" in found["what"]
    assert "getent hosts" in found["mend"]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_wrong_password_is_told_and_not_shown(doctor, broker, version):
    broker.stop()
    broker.set_password("g", "right")
    broker.start()
    more = f"  version: {version}\n  username: g\n  password: "
    [found] = doctor.of_broker(broker.url, more + "wr0ng-one")
    assert found["id"] == "broker_login" and "wr0ng-one" not in json.dumps(found)
    [found] = doctor.of_broker(broker.url, more + "right")
    assert found["level"] == "ok" and f"MQTT {version}" in found["what"]


def test_a_topic_that_may_not_be_written_is_told(doctor, broker, tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite pin2mqtt/other/#\n")
    broker.stop()
    broker.configure("allow_anonymous true", f"acl_file {acl}")
    broker.start()
    [found] = doctor.of_broker(broker.url)
    assert found["id"] == "broker_acl"
    acl.write_text("topic readwrite pin2mqtt/g/#\n")
    broker.stop()
    broker.start()
    [found] = doctor.of_broker(broker.url)
    assert found["level"] == "ok"


def test_a_message_that_comes_to_nobody_is_a_warning_in_3_1_1(doctor, broker, tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite pin2mqtt/other/#\n")
    broker.stop()
    broker.configure("allow_anonymous true", f"acl_file {acl}")
    broker.start()
    [found] = doctor.of_broker(broker.url, "  version: 3.1.1")
    assert (found["id"], found["level"]) == ("broker_unheard", "warning")
    acl.write_text("topic readwrite pin2mqtt/g/#\n")
    broker.stop()
    broker.start()
    [found] = doctor.of_broker(broker.url, "  version: 3.1.1")
    assert found["level"] == "ok"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_who_takes_what_home_assistant_is_told(doctor, broker, listen, version):
    more, there = f"  version: {version}", "{enabled: true, prefix: ha}"
    found = doctor.of_broker(broker.url, more, there)[-1]
    if version == "5":
        assert (found["id"], found["level"]) == ("homeassistant_absent", "warning")
    else:
        assert (found["id"], found["level"]) == ("homeassistant", "ok")
    listener = listen()
    found = doctor.of_broker(broker.url, more, there)[-1]
    assert (found["id"], found["level"]) == ("homeassistant", "ok")
    # of a device that there is not, and nothing that the broker keeps
    [probe] = [m for m in listener.wait_for("/config") if m.topic.startswith("ha/device/")]
    assert (probe.text, probe.is_retained) == ("", False)
    assert probe.topic.endswith("_DOCTOR/config")


def test_an_authority_that_is_not_trusted_is_told(doctor, serve, made):
    url = serve()
    [found] = doctor.of_broker(url, tls(ca_file=made["other_ca"]))
    assert found["id"] == "broker_tls"
    [found] = doctor.of_broker(url, tls(ca_file=made["ca"]))
    assert found["level"] == "ok"


@pytest.mark.parametrize("certificate", ["named", "expired"])
def test_a_certificate_of_another_name_or_time_is_told(doctor, serve, made, certificate):
    [found] = doctor.of_broker(serve(certificate), tls(ca_file=made["ca"]))
    assert found["id"] == "broker_tls"


def test_tls_that_is_not_verified_is_a_warning(doctor, serve):
    url = serve()
    ids = [f["id"] for f in doctor.of_broker(url, tls(verify="false"))]
    assert ids == ["broker", "broker_unverified"]


def test_tls_on_one_side_only_is_told(doctor, broker, serve):
    secure = serve()
    [found] = doctor.of_broker(secure.replace("mqtts://", "mqtt://"))
    assert found["level"] == "problem" and "mqtts://" in found["what"]
    [found] = doctor.of_broker(broker.url.replace("mqtt://", "mqtts://"))
    assert found["level"] == "problem"


def test_a_password_in_the_clear_is_a_warning_beyond_this_machine(doctor, broker):
    more = "  username: g\n  password: x"
    assert "broker_plain" in {f["id"] for f in doctor.of_broker("mqtt://nobody.invalid", more)}
    assert "broker_plain" not in {f["id"] for f in doctor.of_broker(broker.url, more)}


def test_doctor_disturbs_neither_the_gateway_nor_its_topics(doctor, broker, listen, run):
    listener = listen()
    gateway = run()
    listener.wait_for("/readings")
    found = doctor.of_broker(broker.url, "  client_id: pin2mqtt-g\n  topic: b")
    assert found[0]["level"] == "ok"
    [probe] = listener.wait_for("b/g/doctor")
    assert (probe.text, probe.is_retained) == ("{}", False)
    assert "lost" not in gateway.said() and listener.last("b/g/status") == "online"


def test_a_gateway_that_stands_still_is_told(doctor, run):
    gateway = run()
    gateway.wait_for_word("connected to the broker")
    config = gateway.process.args[gateway.process.args.index("-c") + 1]
    gateway.process.send_signal(signal.SIGSTOP)
    try:
        doctor.config = config
        found = doctor.findings(config.read_text())
    finally:
        gateway.process.send_signal(signal.SIGCONT)
    assert "gateway_hangs" in {f["id"] for f in found if f["level"] == "problem"}


def test_sensors_that_the_running_gateway_does_not_read_are_told(doctor, run, tmp_path):
    recording = tmp_path / "silent.csv"
    subprocess.run([PROGRAM, "synth", "--driver", "dht22", "--silent", "--frames", "500", "-o",
                    recording], check=True)
    gateway = run(f"  - {{id: porch, driver: dht22, pin: 'replay:{recording}', interval: 2s}}")
    gateway.wait_for_word("connected to the broker")
    doctor.config = gateway.process.args[gateway.process.args.index("-c") + 1]
    [found] = [f for f in doctor.findings(doctor.config.read_text())
               if f["id"] == "gateway_unread"]
    assert "0 of 1 sensors online" in found["what"] and "journalctl" in found["mend"]


def test_a_sensor_tells_its_values_and_how_it_comes_through(doctor, tmp_path):
    def of_sensor(pin, driver="dht22"):
        found = doctor.findings(f"mqtt: {{servers: ['mqtt://127.0.0.1:{free_port()}']}}\n"
                                f"sensors: [{{id: porch, driver: {driver}, pin: '{pin}'}}]\n")
        return [f for f in found if f["id"].startswith("sensor")]

    def recorded(*options):
        file = tmp_path / "frames.csv"
        subprocess.run([PROGRAM, "synth", "--driver", "dht22", "--frames", "20", "-o", file,
                        *options], check=True)
        return f"replay:{file}"

    [found] = of_sensor("sim/4", "dht")
    assert found["id"] == "sensor" and "a dht" in found["what"] and '"humidity"' in found["what"]
    [found] = of_sensor(recorded("--silent"))
    assert found["id"] == "sensor_silent" and "check the wiring" in found["mend"]
    [found] = of_sensor(recorded("--bytes", "0102030405"))
    assert found["id"] == "sensor_refused" and "bad_checksum" in found["what"]
    [found] = of_sensor(recorded("--temperature", "21.5"))
    assert found["id"] == "sensor" and '"temperature":21.5' in found["what"]


def test_doctor_finds_the_running_gateway(run):
    gateway = run()
    config = gateway.process.args[gateway.process.args.index("-c") + 1]

    def runs():
        asked = subprocess.run([PROGRAM, "doctor", "-c", config], capture_output=True,
                               text=True, timeout=WAIT_S, check=False)
        return "ok       the gateway runs: " in asked.stdout

    wait_until(runs, "doctor finds it")
