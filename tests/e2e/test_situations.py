# SPDX-License-Identifier: MIT
"""Situations in which a gateway does not work, made true: what `doctor` says of each, and that
the running gateway says the same cause once, and not every second.

Those of lines and chips that a kernel has to have are in tests/board/test_doctor.py.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

import pytest

from conftest import MOSQUITTO, PROGRAM, WAIT_S, Broker, dead_port, own_name, wait_until
from test_tls import Authority

pytestmark = pytest.mark.xdist_group("situations")  # they are made once
WATCHED_S = 5  # in which what is said each second would be said again
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
SENSOR = "sensors: [{id: porch, driver: dht22, pin: sim/4, interval: 2s}]\n"
PINNED = "sensors: [{id: porch, driver: dht22, pin: gpiochip0/4, interval: 2s}]\n"

# A root of its own: no device but the usual ones, no trace of a container.
# $1: where; $2: "-" or the file that a container has; $3: "-", or "gpiochip0": the file without
# the device, as `docker -v` gives it; $4: "-" or what the device tree is compatible with, for %b
ROOM = """
set -e
room=$1 mark=$2 chip=$3 board=$4
shift 4
mount -t tmpfs tmpfs "$room"
for folder in /*; do
	case $folder in /dev | /sys | /.*) continue ;; esac
	if [ -L "$folder" ]; then
		cp -P "$folder" "$room/"
	elif [ -d "$folder" ]; then
		mkdir "$room$folder" && mount --rbind "$folder" "$room$folder"
	fi
done
mkdir -p "$room/dev" "$room/sys/firmware/devicetree/base"
for device in null zero urandom random; do
	touch "$room/dev/$device" && mount --bind "/dev/$device" "$room/dev/$device"
done
[ "$mark" = - ] || touch "$room$mark"
if [ "$chip" != - ]; then
	mkdir "$room/lent" && mount -t tmpfs -o nodev tmpfs "$room/lent"
	mknod "$room/lent/$chip" c 254 0 && chmod 666 "$room/lent/$chip"
	touch "$room/dev/$chip" && mount --bind "$room/lent/$chip" "$room/dev/$chip"
	# a container sees the host's sysfs, by which libgpiod 2.2 knows a chip
	mkdir -p "$room/sys/bus/gpio" "$room/sys/dev/char/254:0"
	ln -s /sys/bus/gpio "$room/sys/dev/char/254:0/subsystem"
fi
[ "$board" = - ] || printf '%b' "$board" >"$room/sys/firmware/devicetree/base/compatible"
exec chroot "$room" "$@"
"""


@dataclass
class Setup:
    """A configuration, and how programs are started with it."""

    text: str
    prefix: list = field(default_factory=list)
    is_there: bool = True  # the file of the configuration
    is_closed: bool = False  # and only root may read it


class Stage:
    """What situations are made of; all of it ends with it."""

    def __init__(self):
        # others than root must be able to come here
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="situations."))
        self.folder.chmod(0o755)
        self.program = self.folder / "pin2mqtt"
        shutil.copy(PROGRAM, self.program)
        self.brokers, self.mounts, self.holders, self.gateways = [], [], [], []
        ours, other = Authority(self.folder, "ours"), Authority(self.folder, "other")
        self.ca, self.other_ca = ours.file, other.file
        self.certificates = {"good": ours.issue("good"),
                             "named": ours.issue("named", san="DNS:broker.example"),
                             "expired": ours.issue("expired", days=-1)}

    def nowhere(self):
        holder, port = dead_port()
        self.holders.append(holder)
        return f"mqtt://127.0.0.1:{port}"

    def taken_port(self):
        holder = socket.create_server(("127.0.0.1", 0))
        self.holders.append(holder)
        return holder.getsockname()[1]

    def gateway(self, setup):
        """Another one, with a configuration of its own."""
        config = self.folder / f"other{len(self.gateways)}.yaml"
        config.write_text(setup.text)
        with config.with_suffix(".log").open("wb") as log:
            self.gateways.append(subprocess.Popen([PROGRAM, "run", "-c", config],
                                                  stdin=subprocess.DEVNULL, stderr=log))

    def new_folder(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def broker(self, *lines, password=None, certificate=None):
        broker = Broker(self.new_folder(f"broker{len(self.brokers)}"))
        self.brokers.append(broker)
        if certificate:
            file, key = self.certificates[certificate]
            lines = (*lines, f"certfile {file}", f"keyfile {key}")
            broker.url = broker.url.replace("mqtt:", "mqtts:")
        if password:
            broker.set_password("g", password)
        else:
            # with no bound at all mosquitto 2.0.11 hangs up where it refuses a message
            broker.configure(*lines, "allow_anonymous true", "max_queued_messages 1000")
        broker.start()
        return broker

    def disk(self, *options):
        folder = self.new_folder(f"disk{len(self.mounts)}")
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder],
                       check=True)
        self.mounts.append(folder)
        return folder

    def room(self, mark="-", chip="-", board="-"):
        where = self.new_folder(f"room{len(list(self.folder.glob('room*')))}")
        return ["unshare", "--mount", "sh", "-c", ROOM, "sh", where, mark, chip, board]

    def acl(self, text):
        file = self.folder / f"acl{len(self.brokers)}"
        file.write_text(text)
        file.chmod(0o644)
        return f"acl_file {file}"

    def recording(self, *options):
        file = self.folder / f"{len(list(self.folder.glob('*.csv')))}.csv"
        subprocess.run([PROGRAM, "synth", "--driver", "dht22", "--frames", "500", "-o", file,
                        *options], check=True)
        return f"sensors: [{{id: porch, driver: dht22, pin: 'replay:{file}', interval: 2s}}]\n"

    def config(self, server, mqtt="", rest=SENSOR, gateway="gateway: {id: g}\n",
               homeassistant="{enabled: false}", store=None):
        """A configuration that is right but for what is given."""
        number = len(list(self.folder.glob("store*")))
        store = store or f"path: {self.new_folder(f'store{number}')}/state.db"
        return Setup(f"{gateway}mqtt:\n  servers: ['{server}']\n{mqtt}"
                     f"store: {{{store}}}\nhomeassistant: {homeassistant}\n{rest}")

    def close(self):
        for gateway in self.gateways:
            gateway.kill()
            gateway.wait()
        for broker in self.brokers:
            broker.finish()
        for holder in self.holders:
            holder.close()
        for folder in self.mounts:
            subprocess.run(["umount", "-l", folder], check=False)
        shutil.rmtree(self.folder)


def with_prefix(setup, prefix):
    setup.prefix = prefix
    return setup


def of_tls(stage, certificate, ca):
    return stage.config(stage.broker(certificate=certificate).url, f"  tls: {{ca_file: {ca}}}\n")


def no_file(stage):
    setup = stage.config(stage.nowhere())
    setup.is_there = False
    return setup


def closed_file(stage):
    setup = with_prefix(stage.config(stage.nowhere()), NOBODY)
    setup.is_closed = True
    return setup


def full_disk(stage):
    folder = stage.disk("size=256k", "mode=777")
    (folder / "filler").write_bytes(b"x" * (240 << 10))
    return stage.config(stage.nowhere(), store=f"path: {folder}/state.db, flush_interval: 200ms",
                        rest="sensors:\n" + "".join(
                            f"  - {{id: s{i}, driver: dht11, pin: sim/{i}, interval: 1s}}\n"
                            for i in range(60)))


def frozen_broker(stage):
    broker = stage.broker()
    broker.send(signal.SIGSTOP)
    return stage.config(broker.url)


def in_room(stage, rest=SENSOR, gateway="gateway: {id: g}\n", **keys):
    return with_prefix(stage.config(stage.nowhere(), rest=rest, gateway=gateway), stage.room(**keys))


def damaged_store(stage):
    folder = stage.new_folder("store_damaged")
    (folder / "state.db").write_bytes(b"no store " * 4096)
    return stage.config(stage.nowhere(), store=f"path: {folder}/state.db")


def later_store(stage):
    folder = stage.new_folder("store_later")
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as database:
        database.execute("PRAGMA user_version=99")
    return stage.config(stage.nowhere(), store=f"path: {folder}/state.db")


def is_locked(file):
    return file.exists() and f":{file.stat().st_ino} " in pathlib.Path("/proc/locks").read_text()


def store_of_another(stage):
    file = stage.new_folder("store_shared") / "state.db"
    setup = stage.config(stage.nowhere(), store=f"path: {file}")
    stage.gateway(setup)
    wait_until(lambda: is_locked(file), "the other gateway's store")
    return setup


def id_of_another(stage):
    url = stage.broker().url
    stage.gateway(stage.config(url))
    return stage.config(url)


OLD = ["setarch", "--uname-2.6"]
MARK = "/.dockerenv"
NO_CONNECTION = "no connection to the broker .*"
NO_LINE = "porch: line not available, .*"

# name: (how it is made, what doctor's finding is called, words in it, how the gateway's line
# begins)
SITUATIONS = {
    "no_configuration": (no_file, "config_missing", "No such file", "No such file"),
    "closed_configuration": (closed_file, "config_closed", "may not be read",
                             "Permission denied"),
    "misspelt_key": (lambda s: s.config(s.nowhere(), "  usernane: g\n"), "config_wrong", "username",
                     "usernane"),
    "wrong_value": (lambda s: s.config(s.nowhere(), "  keepalive: 20\n"), "config_wrong",
                    "keepalive", "keepalive"),
    "no_sensors": (lambda s: s.config(s.nowhere(), rest="sensors: []\n"), "sensors_none",
                   "no sensors", "sensors: there are none"),
    "old_kernel": (lambda s: with_prefix(s.config(s.nowhere()), OLD), "kernel_old", "too old",
                   "finding=kernel_old"),
    "raspberry_pi_that_loses_edges": (
        lambda s: with_prefix(s.config(s.nowhere()), [*OLD, *s.room(
            board="raspberrypi,4-model-b\\0brcm,bcm2711")]),
        "kernel_bcm2835", "May 2023", "finding=kernel_bcm2835"),
    "allwinner": (lambda s: in_room(s, board="xunlong,orangepi\\0allwinner,sun8i-h3"),
                  "kernel_allwinner", "Allwinner", "finding=kernel_allwinner"),
    "no_chip": (lambda s: in_room(s, rest=PINNED), "chips_none", "this machine has no",
                NO_LINE + "finding=chips_none"),
    "container_without_chip": (lambda s: in_room(s, rest=PINNED, mark=MARK), "chips_none",
                               "this container has no", NO_LINE + "finding=chips_none"),
    "container_with_the_file_only": (
        lambda s: in_room(s, rest=PINNED, mark=MARK, chip="gpiochip0"), "chip_refused",
        "--device /dev/gpiochip0", NO_LINE + "finding=pin_access.*--device /dev/gpiochip0"),
    "container_without_a_name": (lambda s: in_room(s, gateway="", mark=MARK),
                                 "identity_container", "after this container",
                                 "finding=identity_container"),
    "no_recording": (lambda s: s.config(s.nowhere(), rest=SENSOR.replace("sim/4", "replay:/no.csv")),
                     "pin_missing", "/no.csv", NO_LINE + "finding=pin_missing"),
    "silent_sensor": (lambda s: s.config(s.nowhere(), rest=s.recording("--silent")),
                      "sensor_silent", "no_response",
                      "porch: no reading after .*verdict=no_response"),
    "wrong_checksum": (lambda s: s.config(s.nowhere(), rest=s.recording("--bytes", "0102030405")),
                       "sensor_refused", "bad_checksum",
                       "porch: no reading after .*verdict=bad_checksum"),
    "store_in_no_folder": (lambda s: s.config(s.nowhere(), store="path: /dev/null/none/state.db"),
                           "store_closed", "/dev/null/none", "cannot open the store"),
    "read_only_disk": (lambda s: s.config(s.nowhere(), store=f"path: {s.disk('ro')}/state.db"),
                       "store_closed", "Read-only", "cannot open the store"),
    "full_disk": (full_disk, "store_full", "KiB left",
                  'cannot (open|write) the store.*full.*make room'),
    "damaged_store": (damaged_store, "store_damaged", "is damaged",
                      "the store is damaged and was set aside"),
    "store_of_a_later_version": (later_store, "store_later", "a later pin2mqtt",
                                 "cannot open the store.*a later pin2mqtt"),
    "store_of_another_gateway": (store_of_another, "store_busy", f"{pathlib.Path(PROGRAM).name[:15]} (process ",
                                 "cannot open the store.*another gateway"),
    "http_port_of_another": (
        lambda s: s.config(s.nowhere(),
                           rest=f"http: {{listen: '127.0.0.1:{s.taken_port()}'}}\n" + SENSOR),
        "http_closed", f"in use by {own_name()} (process {os.getpid()})", "no HTTP, .*ss -ltnp"),
    "http_on_an_address_of_another": (
        lambda s: s.config(s.nowhere(), rest="http: {listen: '192.0.2.1:9478'}\n" + SENSOR),
        "http_closed", "192.0.2.1", "no HTTP, .*ip addr"),
    "no_broker": (lambda s: s.config(s.nowhere()), "broker_unreachable", "connection refused",
                  NO_CONNECTION + "connection refused"),
    "id_of_another_gateway": (id_of_another, "gateway_rival", "the id of this gateway",
                              "another client with the same mqtt.client_id"),
    "no_such_host": (lambda s: s.config("mqtt://nobody.invalid"), "broker_name",
                     "host not found", NO_CONNECTION + "host not found"),
    "frozen_broker": (frozen_broker, "broker_unreachable", "timed out",
                      NO_CONNECTION + "timed out"),
    "wrong_password": (lambda s: s.config(s.broker(password="right").url,
                                          "  username: g\n  password: wr0ng\n"),
                       "broker_login", "not authorised", NO_CONNECTION + "not authorised"),
    "wrong_password_in_3.1.1": (
        lambda s: s.config(s.broker(password="right").url,
                           "  version: 3.1.1\n  username: g\n  password: wr0ng\n"),
        "broker_login", "not authorised", NO_CONNECTION + "not authorised"),
    "no_password": (lambda s: s.config(s.broker(password="right").url), "broker_login",
                    "not authorised", NO_CONNECTION + "not authorised"),
    "acl": (lambda s: s.config(s.broker(s.acl("topic readwrite other/#\n")).url), "broker_acl",
            "not authorised", "refused a message topic=.*not authorised"),
    "acl_of_home_assistant": (
        lambda s: s.config(s.broker(s.acl("topic readwrite pin2mqtt/#\n")).url,
                           homeassistant="{enabled: true}"),
        "homeassistant_acl", "refuses", "refused a message topic=discovery"),
    "another_authority": (lambda s: of_tls(s, "good", s.other_ca), "broker_tls",
                          "not from an authority", NO_CONNECTION + "not from an authority"),
    "certificate_of_another_name": (lambda s: of_tls(s, "named", s.ca), "broker_tls",
                                    "name", NO_CONNECTION + "name"),
    "expired_certificate": (lambda s: of_tls(s, "expired", s.ca), "broker_tls", "expired",
                            NO_CONNECTION + "expired"),
    "tls_at_the_broker_only": (
        lambda s: s.config(s.broker(certificate="good").url.replace("mqtts:", "mqtt:")),
        "broker_unreachable", "mqtts://", NO_CONNECTION + "mqtts://"),
    "tls_at_the_gateway_only": (
        lambda s: s.config(s.broker().url.replace("mqtt:", "mqtts:")),
        "broker_tls", "TLS", NO_CONNECTION + "speak TLS"),
    "unverified_certificate": (
        lambda s: s.config(s.broker(certificate="good").url, "  tls: {verify: false}\n"),
        "broker_unverified", "not verified", "finding=broker_unverified"),
    "password_in_the_clear": (
        lambda s: s.config("mqtt://nobody.invalid", "  username: g\n  password: p4ss\n"),
        "broker_plain", "in the clear", "finding=broker_plain"),
}


# What is to be seen only before the gateway starts, and after it has met with it.
EARLY = {"damaged_store", "store_of_a_later_version"}
LATE = {"id_of_another_gateway"}


class Seen:
    """A situation with gateway and doctor in it."""

    def __init__(self, stage, name):
        make, self.kind, self.word, self.pattern = SITUATIONS[name]
        setup = make(stage)
        folder = stage.new_folder(name)
        self.log_file, self.told_file = folder / "log", folder / "told"
        config = folder / "pin2mqtt.yaml"
        if setup.is_there:
            config.write_text(setup.text)
            config.chmod(0o600 if setup.is_closed else 0o644)
        self.program, self.config = [*setup.prefix, stage.program], config
        self.gateway = self.doctor = None

    def start(self, command, output, *options):
        words = [*self.program, command, "-c", self.config, *options]
        with output.open("wb") as out:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT)

    def start_gateway(self):
        self.gateway = self.start("run", self.log_file)

    def ask_doctor(self):
        self.doctor = self.start("doctor", self.told_file, "--json")

    def said(self):
        return self.log_file.read_text(errors="replace")

    def times_said(self):
        return len(re.findall(self.pattern, self.said()))

    def end(self):
        for process in (self.gateway, self.doctor):
            if process:
                process.kill()
                process.wait()


@pytest.fixture(name="seen", scope="module")
def all_situations():
    """{name: Seen}: all at once, as each wants nothing but time."""
    if os.geteuid() != 0 or not MOSQUITTO or not shutil.which("openssl"):
        pytest.skip("SKIP it takes root, mosquitto and openssl")
    stage = Stage()
    seen = {}
    try:
        for name in SITUATIONS:
            seen[name] = Seen(stage, name)
            if name in EARLY:
                seen[name].ask_doctor()
                seen[name].doctor.wait(4 * WAIT_S)
            seen[name].start_gateway()
            if name not in EARLY | LATE:
                seen[name].ask_doctor()
        end_s = time.monotonic() + 4 * WAIT_S
        while time.monotonic() < end_s and not all(one.times_said() for one in seen.values()):
            time.sleep(0.1)
        for name in LATE:
            seen[name].ask_doctor()
        time.sleep(WATCHED_S)
        for one in seen.values():
            one.doctor.wait(4 * WAIT_S)
        yield {name: (one.told_file.read_text(), one.said(), one) for name, one in seen.items()}
    finally:
        for one in seen.values():
            one.end()
        stage.close()


@pytest.mark.parametrize("name", SITUATIONS)
def test_doctor_names_it_with_why_and_mend(seen, name):
    told, _, one = seen[name]
    found = [f for f in json.loads(told)["findings"] if f["id"] == one.kind]
    assert found, told
    assert one.doctor.returncode == (1 if json.loads(told)["problems"] else 0)
    for finding in found:
        assert finding["level"] in ("warning", "problem")
        assert finding["why"] and finding["mend"]
    assert any(one.word in finding["what"] for finding in found), found
    assert "wr0ng" not in told and "p4ss" not in told


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_gateway_says_it_once(seen, name):
    _, said, one = seen[name]
    assert len(re.findall(one.pattern, said)) == 1, said
    assert "wr0ng" not in said and "p4ss" not in said
    for line in said.splitlines():
        assert re.match(r"(error|warning|info): ", line), line


def test_there_are_enough_of_them():
    assert len(SITUATIONS) >= 25
