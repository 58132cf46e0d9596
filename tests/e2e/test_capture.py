# SPDX-License-Identifier: MIT
"""capture, as people run it: what it writes is what decode, replay and sigrok-cli read."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL, **options)


def decode(path, *options):
    return [json.loads(line) for line in run("decode", *options, path).stdout.splitlines()]


def test_an_edge_log_is_what_the_kernel_told(tmp_path):
    path = tmp_path / "log.csv"
    done = run("capture", "--driver", "dht11", "--pin", "sim/4", "-n", 2, "-o", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.findall(r"sim/4: frame (\d): clean, 42 edges", done.stderr) == ["1", "2"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["# pin2mqtt edge log 1; driver=dht11; pin=sim/4", "t_ns,event,seq"]
    rows = [line.split(",") for line in lines[2:]]
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    assert [row[1] for row in rows] == \
        2 * ["start", "release", "armed", *42 * ["falling"], "end"]
    start_ns, release_ns = (int(row[0]) for row in rows[:2])
    assert 19e6 <= release_ns - start_ns
    # a sensor gets its rest
    assert int(rows[46][0]) - start_ns >= 1e9
    assert [frame["verdict"] for frame in decode(path)] == ["clean"] * 2


def test_a_capture_can_be_played_again(tmp_path):
    path = tmp_path / "log.csv"
    assert run("capture", "--driver", "dht22", "--pin", "sim/4", "-o", path).returncode == 0
    [frame] = decode(path)
    told = run("read", "--driver", "dht22", "--pin", f"replay:{path}", "--json")
    reading = json.loads(told.stdout)
    assert reading["temperature"] == frame["temperature"]
    assert reading["humidity"] == frame["humidity"]


def longest_low_ns(path):
    times = [int(t_ns) for t_ns in re.findall(r"^#(\d+)\n[01]!", path.read_text(), re.MULTILINE)]
    levels = re.findall(r"^([01])!", path.read_text(), re.MULTILINE)
    return max(end - begin for begin, end, level in zip(times, times[1:], levels) if level == "0")


@pytest.mark.parametrize("edges", [[], ["--edges", "falling"]], ids=["both", "falling"])
def test_levels_are_what_pulseview_and_sigrok_read(edges, tmp_path):
    path = tmp_path / "levels.vcd"
    for _ in range(10):
        done = run("capture", "--driver", "am2302", "--pin", "sim/4", *edges, "-n", 2, "-o", path)
        assert done.returncode == 0, done.stderr
        # sigrok takes no longer start pulse, as a busy machine may give it.
        if longest_low_ns(path) < 25e6:
            break
    assert ("85 edges" in done.stderr) == (not edges)
    frames = decode(path)
    assert [frame["verdict"] for frame in frames] == ["clean"] * 2
    if not shutil.which("sigrok-cli"):
        pytest.skip("SKIP sigrok-cli is not installed")
    told = subprocess.run(["sigrok-cli", "-I", "vcd:downsample=1000", "-i", path,
                           "-P", "am230x:sda=SDA:device=am230x",
                           "-A", "am230x=temperature:humidity:checksum"],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    assert [float(value) for value in re.findall(r"Temperature: (-?[\d.]+)", told)] == \
        [frame["temperature"] for frame in frames]
    assert re.findall(r"Checksum: (\w+)", told) == ["OK"] * 2


def test_a_sensor_of_the_configuration(tmp_path):
    config = tmp_path / "g.yaml"
    config.write_text("gateway: {id: g}\nmqtt: {servers: [mqtt://b.lan]}\nsensors:\n"
                      "  - {id: porch, driver: dht, pin: sim/4, edges: both}\n",
                      encoding="utf-8")
    path = tmp_path / "log.csv"
    done = run("capture", "-c", config, "porch", "-n", "3", "-o", path)
    assert done.returncode == 0, done.stderr
    text = path.read_text(encoding="utf-8")
    # what was found out stands in it
    assert "driver=dht22; pin=sim/4" in text
    assert "rising" in text and "falling" in text
    done = run("capture", "-c", config, "shed", "-o", path)
    assert done.returncode == 64 and 'no sensor "shed"' in done.stderr
    done = run("capture", "-c", tmp_path / "none.yaml", "porch", "-o", path)
    assert done.returncode == 78


def test_silence_is_captured_too_and_ends_with_69(tmp_path):
    silent = tmp_path / "silent.csv"
    assert run("synth", "--driver", "dht22", "--silent", "-o", silent).returncode == 0
    for path in tmp_path / "log.csv", tmp_path / "levels.vcd":
        done = run("capture", "--driver", "dht22", "--pin", f"replay:{silent}", "-o", path)
        assert done.returncode == 69
        assert "frame 1: no_response, 0 edges" in done.stderr
        assert [frame["verdict"] for frame in decode(path)] == ["no_response"]


def test_a_pin_that_is_not_there_leaves_no_file(tmp_path):
    path = tmp_path / "log.csv"
    done = run("capture", "--driver", "dht22", "--pin", "sim/99999", "-o", path)
    assert done.returncode == 69 and "sim/0 to sim/1023" in done.stderr
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    done = run("capture", "--driver", "dht22", "--pin", "sim/4", "-o", tmp_path / "no/log.csv")
    assert done.returncode == 1 and "log.csv: No such file" in done.stderr
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "capture", "--driver", "dht22", "--pin", "sim/4", "-o",
                               "-", "--format", "csv"], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_came_before_a_signal_is_written(number, tmp_path):
    path = tmp_path / "log.csv"
    with subprocess.Popen([PROGRAM, "capture", "--driver", "dht22", "--pin", "sim/4", "-n",
                           "1000", "-o", path], stderr=subprocess.PIPE, text=True) as process:
        assert "frame 1: clean" in process.stderr.readline()
        began_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(30) == 0
        assert time.monotonic() - began_s < 20
    assert [frame["verdict"] for frame in decode(path)] == ["clean"]


@pytest.fixture(name="process")
def running_process(tmp_path):
    """A gateway whose sensors answer each second or two, and no broker."""
    lossy = tmp_path / "lossy.csv"
    run("synth", "--driver", "dht11", "--frames", 40, "--lost", 5, "--seed", 7, "-o", lossy)
    config = tmp_path / "g.yaml"
    config.write_text("gateway: {id: g}\nmqtt: {servers: [mqtt://127.0.0.1:1]}\nsensors:\n"
                      "  - {id: porch, driver: dht11, pin: sim/4, interval: 1s}\n"
                      "  - {id: shed, driver: dht, pin: sim/5, interval: 2s, edges: both}\n"
                      f'  - {{id: lossy, driver: dht11, pin: "replay:{lossy}", interval: 1s}}\n'
                      "  - {id: rare, driver: dht22, pin: sim/6, interval: 1d}\n",
                      encoding="utf-8")
    with subprocess.Popen([PROGRAM, "run", "-c", config], stderr=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


@pytest.fixture(name="gateway")
def running_gateway(process):
    """Its configuration."""
    return pathlib.Path(process.args[-1])


def last(config, sensor, path, number=1):
    """What the gateway remembers, when it is so much."""
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        done = run("capture", "-c", config, sensor, "--last", "-o", path)
        if done.returncode == 0 and len(decode(path)) >= number:
            return decode(path)
        time.sleep(0.5)
    raise AssertionError(done.stderr)


def test_a_running_gateway_tells_its_last_sixteen_answers(gateway, tmp_path):
    path = tmp_path / "last.csv"
    assert len(last(gateway, "porch", path, 16)) == 16
    time.sleep(3)
    frames = last(gateway, "porch", path)
    assert [frame["verdict"] for frame in frames] == ["clean"] * 16
    starts = [frame["t_s"] for frame in frames]
    assert starts == sorted(starts)
    assert "driver=dht11; pin=sim/4" in path.read_text(encoding="utf-8")
    # The ones that were refused are what this is for.
    verdicts = {frame["verdict"] for frame in last(gateway, "lossy", path)}
    assert "too_few_edges" in verdicts


def test_a_reload_forgets_no_answer(process, gateway, tmp_path):
    path = tmp_path / "last.csv"
    first = last(gateway, "porch", path, 5)[0]["t_s"]
    gateway.write_text(gateway.read_text(encoding="utf-8").replace(
        "id: shed", "id: barn").replace("interval: 1s", "interval: 2s"), encoding="utf-8")
    process.send_signal(signal.SIGHUP)
    last(gateway, "barn", tmp_path / "barn.csv")
    assert last(gateway, "porch", path, 6)[0]["t_s"] == first


def test_levels_of_remembered_answers_can_be_had(gateway, tmp_path):
    frames = last(gateway, "shed", tmp_path / "last.vcd", 4)
    assert {frame["verdict"] for frame in frames} == {"clean"}


def test_nobody_else_may_ask_the_gateway(gateway, tmp_path):
    last(gateway, "porch", tmp_path / "last.csv")
    if os.geteuid() != 0:
        pytest.skip("SKIP only root can be somebody else")
    code = ("import os, subprocess, sys; os.setgid(65534); os.setuid(65534); "
            "sys.exit(subprocess.call(sys.argv[1:]))")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(PROGRAM, folder)
        config = shutil.copy(gateway, folder)
        # The name of the socket comes from the path of the configuration.
        with subprocess.Popen([PROGRAM, "run", "-c", config],
                              stderr=subprocess.DEVNULL) as process:
            last(config, "porch", tmp_path / "last.csv")
            os.chmod(config, 0o644)
            done = subprocess.run(["/usr/bin/python3", "-c", code, program, "capture", "-c", config,
                                   "porch", "--last", "--format", "csv", "-o", "-"],
                                  capture_output=True, text=True, timeout=60, check=False)
            process.terminate()
        assert done.returncode == 69 and done.stdout == ""
        assert "only root and the gateway's own user may ask" in done.stderr


def test_without_a_gateway_or_an_answer_there_is_a_word(gateway, tmp_path):
    last(gateway, "porch", tmp_path / "last.csv")
    done = run("capture", "-c", gateway, "none", "--last", "-o", tmp_path / "x.csv")
    assert done.returncode == 69 and "no such sensor: none" in done.stderr
    done = run("capture", "-c", tmp_path / "other.yaml", "porch", "--last",
               "-o", tmp_path / "x.csv")
    assert done.returncode == 69 and "no gateway runs here" in done.stderr
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("arguments", [
    [],
    ["--driver", "dht22", "-o", "x.csv"],
    ["--driver", "dht22", "--pin", "sim/4"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.txt"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "-n", "0"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "-n", "3x"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "-n", ""],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "--edges", "rising"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "--format", "wav"],
    ["--driver", "dht23", "--pin", "sim/4", "-o", "x.csv"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "porch"],
    ["--driver", "dht22", "--pin", "sim/4", "-o", "x.csv", "--last"],
    ["porch", "-n", "3", "-o", "x.csv", "--last"],
    ["-o", "x.csv", "--last"],
    ["--nonsense"],
])
def test_a_wrong_command_line_ends_with_64_and_a_word(arguments, tmp_path):
    done = run("capture", *arguments, cwd=tmp_path)
    assert done.returncode == 64
    assert "usage: pin2mqtt capture " in done.stderr
    assert not list(tmp_path.iterdir())
