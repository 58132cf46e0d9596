# SPDX-License-Identifier: MIT
"""What the gateway finds out about a sensor and its wire, and how it says so."""
import json
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))


def run_program(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)


def synth(path, driver, *options):
    done = run_program("synth", "--driver", driver, *options, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


def test_a_model_is_found_out_before_its_first_reading(tmp_path, broker, listen, run):
    old = synth(tmp_path / "old.csv", "dht11", "--temperature", 25, "--humidity", 50,
                "--frames", 10)
    listener = listen()
    gateway = run(f'  - {{id: old, driver: dht, pin: "replay:{old}", interval: 2s}}\n'
                  "  - {id: new, driver: auto, pin: sim/4, interval: 2s}")
    listener.wait_for("old/state", 2)
    listener.wait_for("new/state", 2)
    said = gateway.said()
    assert re.search(r"old: model found out model=dht11 good_frames=3", said)
    assert re.search(r"new: model found out model=dht22 good_frames=3", said)
    for sensor in "old", "new":
        assert said.count(f"{sensor}: refused verdict=undecided") == 2
        assert said.count(f"{sensor}: model found out") == 1
    assert all((reading["temperature"], reading["humidity"]) == (25, 50)
               for reading in listener.readings() if reading["sensor"] == "old")


def test_read_asks_until_it_knows_the_model():
    done = run_program("read", "--driver", "dht", "--pin", "sim/4")
    assert done.returncode == 0
    assert re.fullmatch(r"temperature -?\d+\.\d °C  humidity \d+\.\d %\n", done.stdout)
    assert "it is a dht22" in done.stderr
    done = run_program("read", "--driver", "dht", "--pin", "sim/4", "--tries", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("undecided, try") == 2


def without_short_pulses(path, bits):
    """An edge log of one frame as a line makes it that rises too slowly for the high of a 0:
    the fall at its end is missing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    falls = [i for i, line in enumerate(lines) if ",falling," in line]
    lost = {falls[2 + i] for i, bit in enumerate(bits) if bit == "0"}
    kept = [re.sub(r"(,falling,)\d+", r"\1", line) for i, line in enumerate(lines)
            if i not in lost]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def test_read_tells_how_the_answer_came_through(tmp_path):
    done = run_program("read", "--driver", "dht22", "--pin", "sim/4")
    assert re.search(r"sim/4: clean, signal margin (8\d|9\d) %$", done.stderr, re.MULTILINE)
    done = run_program("read", "--driver", "dht22", "--pin", "sim/4", "--json")
    signal = json.loads(done.stdout)["signal"]
    assert signal.pop("margin") > 80
    assert signal == {"edges_lost": 0, "edges_late": 0, "edges_strange": 0, "advice": "good"}
    weak = synth(tmp_path / "weak.csv", "dht22", "--bytes", "01e200d7ba")
    without_short_pulses(weak, f"{0x01e200d7ba:040b}")
    done = run_program("read", "--driver", "dht22", "--pin", f"replay:{weak}", "--tries", "3")
    assert done.returncode == 1
    assert re.search(r"edges lost, 0 late, 0 strange; short pulses do not arrive: the pull-up",
                     done.stderr)
    silent = synth(tmp_path / "silent.csv", "dht22", "--silent")
    done = run_program("read", "--driver", "dht22", "--pin", f"replay:{silent}", "--tries", "1")
    assert done.returncode == 69 and "no answer: check the wiring" in done.stderr


@pytest.mark.slow
def test_health_tells_what_can_be_done_about_each_sensor(tmp_path, broker, listen, run):
    weak = synth(tmp_path / "weak.csv", "dht11", "--bytes", "300015054a")
    without_short_pulses(weak, f"{0x300015054a:040b}")
    silent = synth(tmp_path / "silent.csv", "dht11", "--silent")
    lossy = synth(tmp_path / "lossy.csv", "dht22", "--frames", 40, "--lost", 5, "--seed", 7)
    lossy.write_text(re.sub(r"(,falling,)\d+", r"\1", lossy.read_text(encoding="utf-8")),
                     encoding="utf-8")
    files = {"weak": weak, "silent": silent}
    listener = listen()
    gateway = run("  - {id: good, driver: dht11, pin: sim/1, interval: 1s}\n" + "\n".join(
        f'  - {{id: {name}, driver: dht11, pin: "replay:{path}", interval: 1s, retries: 0}}'
        for name, path in files.items()) +
        f'\n  - {{id: lossy, driver: dht22, pin: "replay:{lossy}", interval: 2s}}')
    listener.wait_for("/health", seconds=90)
    sensors = json.loads(listener.last("/health"))["sensors"]
    advice = {name: sensor["signal"]["advice"] for name, sensor in sensors.items()}
    assert advice["good"] == "good"
    assert advice["weak"].startswith("short pulses do not arrive")
    assert advice["silent"].startswith("no answer")
    assert advice["lossy"].startswith("interrupts merge")
    assert sensors["good"]["signal"]["margin"] > 80 and sensors["good"]["repaired"] == 0
    assert sensors["silent"]["signal"]["margin"] is None
    assert sensors["lossy"]["repaired"] > 0 and sensors["lossy"]["signal"]["edges_lost"] > 10
    assert [sensors[name]["model"] for name in ("good", "lossy")] == ["dht11", "dht22"]
    # The log says it once, in words.
    assert gateway.said().count("silent: no reading after") == 1
    assert "pin=replay:" in gateway.said()
