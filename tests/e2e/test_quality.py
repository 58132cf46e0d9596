# SPDX-License-Identifier: MIT
"""What the gateway finds out about a sensor and its wire, and how it says so."""
import os
import pathlib
import re
import subprocess

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
    assert done.stderr.count("undecided") == 2
