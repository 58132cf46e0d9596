# SPDX-License-Identifier: MIT
"""The virtual board: boots it, and tells what was sent from what arrived.

What the sensors sent is the module's log; what arrived is what mosquitto_sub saw. The
values are worked out from the bytes here once more, independently of the gateway.
"""
import json
import os
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
UNAVAILABLE = 69


class Unavailable(Exception):
    """The board cannot be on this machine; the text says why."""


class Failed(Exception):
    """The board ran and the command in it failed; the text is what it said."""


@dataclass
class Start:
    """A start pulse, as the module's log has it."""

    line: int
    frame: int
    what: str  # A answered, a cut short, s start pulse not taken, S silent
    data: bytes
    release_ns: int
    low_us: int
    edges: int
    irqs: int
    merged: int

    @property
    def start_ns(self):
        return self.release_ns - self.low_us * 1000


@dataclass
class Reading:
    """A reading, as a subscriber got it."""

    sensor: str
    utc_ns: int
    values: dict


@dataclass
class Run:
    """What came home from the board."""

    text: str
    starts: list
    files: dict
    clock_offset_ns: int = 0  # UTC less CLOCK_MONOTONIC
    readings: list = field(default_factory=list)


def gateway(generation):
    """The pin2mqtt that is built against libgpiod 1 or 2."""
    default = REPO / "build" / f"gpiod{generation}" / "src" / "app" / "pin2mqtt"
    return Path(os.environ.get(f"PIN2MQTT_GPIOD{generation}", default)).absolute()


def build():
    """Builds the board where that is needed; raises Unavailable where it cannot be."""
    done = subprocess.run([HERE / "build"], capture_output=True, text=True, check=False)
    if done.returncode == UNAVAILABLE:
        raise Unavailable(done.stderr.strip())
    if done.returncode:
        raise Failed(done.stderr)


def module_model(driver):
    """The dht_bus module's name of a driver that has several."""
    return {"am2301": "dht21"}.get(driver, driver)


def boot(command, *, shift=0, load=None, window=None, seed=0, module="", conf=(), play=(),
         files=(), broker=False, limit_s=1800):
    """Runs `command` in the board and returns what came home.

    conf: rows for the module's conf; play: rows for its play
    files: pairs (path here, path there), copied with their libraries
    """
    with tempfile.TemporaryDirectory(prefix="board.") as folder:
        args = [HERE / "run", "-s", shift, "-S", seed, "-m", module, "-t", limit_s,
                "-o", f"{folder}/out", "-a", f"{HERE}/guest.sh:/guest.sh"]
        args += ["-l", load] if load else []
        args += ["-w", window] if window else []
        args += ["-b"] if broker else []
        for row in conf:
            args += ["-C", row]
        if play:
            Path(folder, "play").write_text("".join(f"{row}\n" for row in play))
            args += ["-P", f"{folder}/play"]
        for here, there in files:
            args += ["-a", f"{here}:{there}"]
        done = subprocess.run([str(a) for a in [*args, "--", f". /guest.sh; {command}"]],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False)
        found = {path.name: path.read_text(errors="replace")
                 for path in Path(folder, "out").glob("*")}
    if done.returncode:
        log = found.get("gateway.log", "")[-4000:]
        raise Failed(f"status {done.returncode}: {done.stdout}\n{log}")
    run = Run(done.stdout, parse_log(found.get("sent.log", "")), found)
    if "clock" in found:
        now_ns, _, _, utc_ns = map(int, found["clock"].split())
        run.clock_offset_ns = utc_ns - now_ns
    run.readings = parse_readings(found.get("mqtt.log", ""))
    return run


def configuration(sensors, more=""):
    """A configuration for `sensors`: dicts with id, driver, pin and further keys."""
    rows = "".join(f"  - {json.dumps(sensor)}\n" for sensor in sensors)
    store = "store: {path: /tmp/state.db}\n"
    return ("gateway: {id: board}\n"
            "mqtt: {servers: ['mqtt://127.0.0.1:1883']}\n"
            f"{more if 'store:' in more else more + store}sensors:\n{rows}")


def run_gateway(generation, sensors, command, *, more="", files=(), broker=True, **options):
    """Boots the board with the gateway of this libgpiod in it; see boot()."""
    with tempfile.NamedTemporaryFile("w", prefix="board.", suffix=".yaml") as file:
        file.write(configuration(sensors, more))
        file.flush()
        files = [(gateway(generation), "/bin/pin2mqtt"), (file.name, "/etc/pin2mqtt.yaml"),
                 *files]
        return boot(command, files=files, broker=broker, **options)


def parse_log(text):
    starts = []
    for row in text.splitlines():
        line, frame, what, data, release, low, edges, irqs, merged = row.split()
        starts.append(Start(int(line), int(frame), what,
                            bytes.fromhex("" if data == "-" else data), int(release),
                            int(low), int(edges), int(irqs), int(merged)))
    return starts


def parse_readings(text):
    readings = []
    for row in text.splitlines():
        topic, _, payload = row.partition(" ")
        if topic != "pin2mqtt/board/readings":
            continue
        values = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
        utc_ns = parse_utc(values["ts"])
        readings.append(Reading(values["sensor"], utc_ns, {
            name: values[name] for name in ("temperature", "humidity") if name in values}))
    return readings


def parse_utc(text):
    """'2026-01-01T00:00:01.234Z' -> ns"""
    from datetime import datetime, timezone

    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * 10**9 + at.microsecond * 1000


def decode(driver, data):
    """The values that these bytes stand for, by the data sheets."""
    if driver in ("dht11", "dht12"):
        temperature = Decimal(data[2]) + Decimal(data[3] & 0x7F) / 10
        if data[3] & 0x80:
            temperature = -temperature
        return {"humidity": Decimal(data[0]) + Decimal(data[1]) / 10,
                "temperature": temperature}
    humidity = Decimal(data[0] << 8 | data[1]) / 10
    raw = data[2] << 8 | data[3]
    if raw & 0xF000 == 0x8000:
        raw = -(raw & 0x7FFF)
    elif raw & 0x8000:
        raw -= 0x10000
    return {"humidity": humidity, "temperature": Decimal(raw) / 10}


@dataclass
class Account:
    """Readings held against the start pulses they came from, of one sensor."""

    right: list = field(default_factory=list)  # pairs (start, reading)
    wrong: list = field(default_factory=list)  # the same, or (None, reading)
    lost: list = field(default_factory=list)  # starts that were answered, and no reading came


def account(run, drivers, tolerance_ns=30_000_000):
    """Pairs readings with start pulses by time. drivers: {sensor id: (line, driver)}.

    A reading that no answered start pulse explains is wrong, as is one with other values, a
    double, or one out of order.
    """
    by_sensor = defaultdict(list)
    for reading in run.readings:
        by_sensor[reading.sensor].append(reading)
    unknown = set(by_sensor) - set(drivers)
    if unknown:
        raise Failed(f"readings of sensors that are not there: {unknown}")
    accounts = {}
    for sensor, (line, driver) in drivers.items():
        answered = [s for s in run.starts if s.line == line and s.what == "A"]
        accounts[sensor] = pair(answered, by_sensor[sensor], driver,
                                run.clock_offset_ns, tolerance_ns)
    return accounts


def pair(answered, readings, driver, offset_ns, tolerance_ns):
    result = Account()
    left = list(answered)
    for reading in readings:
        at_ns = reading.utc_ns - offset_ns
        while left and left[0].release_ns < at_ns - tolerance_ns:
            result.lost.append(left.pop(0))
        if not left or left[0].start_ns > at_ns + tolerance_ns:
            result.wrong.append((None, reading))
            continue
        start = left.pop(0)
        right = decode(driver, start.data) == reading.values
        (result.right if right else result.wrong).append((start, reading))
    result.lost.extend(left)
    return result
